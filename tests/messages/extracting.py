"""Every text that the hosted pages show, as Django asks the catalogs for it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.extract import extract
from django.utils.translation.template import templatize

from integrations.catalog import all_toolkits

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
TOOLKITS = "integrations/catalog/toolkits"
APPS = ("config", "connections", "webhooks", "integrations")
# What operators see is English, and the sandbox is a service of its own.
NOT_HOSTED = {
    *("admin", "unfold", "static"),
    *("account", "allauth", "mfa", "sign_in", "socialaccount"),
    *("sandbox", "migrations"),
}
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# A text with its plural or alone, and what tells it from another of the same letters.
Text = tuple[str | tuple[str, ...], str | None]


def hosted_templates() -> list[Path]:
    """Return the templates of what people see: pages, error pages, mail."""
    found = [*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.txt")]
    return sorted(path for path in found if _is_hosted(path))


def hosted_modules() -> list[Path]:
    """Return the modules that may speak on a hosted page."""
    return sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if _is_hosted(path))


def template() -> Catalog:
    """Return a catalog of all texts, without translations, each with the places it stands at."""
    catalog = Catalog(fuzzy=False)
    for path in hosted_templates():
        _add(catalog, _texts(_as_code(path.read_text())), str(path.relative_to(ROOT)))
    for path in hosted_modules():
        _add(catalog, _texts(path.read_text()), str(path.relative_to(ROOT)))
    _add(catalog, ((text, None) for text in toolkit_texts()), TOOLKITS)
    return catalog


def toolkit_texts() -> list[str]:
    """Return the labels of fields and the plain words for scopes, of every toolkit."""
    found: set[str] = set()
    for toolkit in all_toolkits().values():
        found.update(toolkit.scope_descriptions.values())
        found.update(each.label for each in toolkit.connection_parameters.values())
        found.update(field.label for form in toolkit.keys for field in form.fields)
    return sorted(found)


def _is_hosted(path: Path) -> bool:
    return not NOT_HOSTED.intersection(path.relative_to(ROOT).parts)


def _as_code(source: str) -> str:
    """Return calls of gettext for the tags of a template, each line as if it began a file."""
    return "\n".join(line.strip() for line in templatize(source).splitlines())


def _texts(source: str) -> Iterator[Text]:
    found = extract("python", BytesIO(source.encode()), keywords=KEYWORDS)
    for _line, message, _comments, context in found:
        yield message, context


def _add(catalog: Catalog, texts: Iterator[Text], place: str) -> None:
    for text, context in texts:
        catalog.add(text, locations=[(place, 0)], context=context)
