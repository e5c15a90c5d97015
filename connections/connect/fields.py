"""What a person has to fill in: the parts of a key, and what the service's addresses need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from connections.bidi import isolated
from connections.connect.catalog_words import in_words, other_language
from connections.errors import KeyRefused
from integrations.errors import InvalidInput
from integrations.models.auth_config import OAUTH_SCHEMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connections.models import ConnectedAccount, ConnectLink
    from integrations.catalog import ConnectionParameter, KeyField, KeyForm
    from integrations.errors import EvergrantError


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field as the page shows it. ``value`` is never a secret: those are typed again.

    Where its words are not in the page's language, ``label_language`` and ``help_language`` say in
    which. ``fixed``: it cannot be another one, because the account was connected with it.
    """

    name: str
    label: str
    label_language: str
    help: str
    help_language: str
    placeholder: str
    secret: bool
    required: bool
    lines: bool
    value: str
    problem: str
    fixed: bool = False


def form_context(
    link: ConnectLink, *, error: EvergrantError | None, given: Mapping[str, str]
) -> dict[str, Any]:
    """Return the fields of the link's page, and what was wrong with what was given."""
    account = link.account
    toolkit = account.auth_config.catalog_entry
    form = _key_form(link)
    problems = _problems(error)
    fields = [
        _parameter_field(name, parameter, account, given=given, problems=problems)
        for name, parameter in toolkit.connection_parameters.items()
        if parameter.source == "person"
    ]
    # One that the service's address needs too is asked for once.
    asked = {field.name for field in fields}
    own = [field for field in (form.fields if form else ()) if field.name not in asked]
    fields += [_key_field(field, given, problems) for field in own]
    return {
        "key_form": form,
        "fields": fields,
        "problem": _problem(error, toolkit.name),
        "problem_code": error.details.get("error_code", "") if error else "",
        "unproven": form is not None and toolkit.identity is None,
    }


def asks_person(link: ConnectLink) -> bool:
    """Whether there is something to fill in before the link leads anywhere."""
    config = link.account.auth_config
    parameters = config.catalog_entry.connection_parameters.values()
    given = any(parameter.source == "person" for parameter in parameters)
    return given or config.scheme not in OAUTH_SCHEMES


def form_source(url: str) -> str:
    """Return what a Content-Security-Policy calls the origin of ``url``; empty where there is none.

    Of a host that the person names, what is known of it: its domain, or that it is https.
    """
    parts = urlsplit(url)
    if "{" not in parts.netloc:
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "https:" * bool(url)
    label, _, domain = parts.netloc.partition(".")
    known = label.startswith("{") and domain and "{" not in domain
    return f"{parts.scheme}://*.{domain}" if known else "https:"


def _key_form(link: ConnectLink) -> KeyForm | None:
    config = link.account.auth_config
    return None if config.scheme in OAUTH_SCHEMES else config.catalog_entry.key_form(config.scheme)


def _problems(error: EvergrantError | None) -> dict[str, str]:
    if not isinstance(error, InvalidInput):
        return {}
    return {each["field"]: each["problem"] for each in error.details.get("fields", [])}


def _problem(error: EvergrantError | None, service: str) -> str:
    if error is None:
        return ""
    if isinstance(error, InvalidInput):
        return _("Something is missing or does not look right. Nothing was connected yet.")
    if isinstance(error, KeyRefused):
        return _(
            "%(service)s does not accept this. Check that it was copied whole, is still valid, and "
            "may read your account."
        ) % {"service": isolated(service)}
    return _(
        "%(service)s could not be reached. It is not your fault: please try again in a moment."
    ) % {"service": isolated(service)}


def _parameter_field(
    name: str,
    parameter: ConnectionParameter,
    account: ConnectedAccount,
    *,
    given: Mapping[str, str],
    problems: Mapping[str, str],
) -> Field:
    before = account.parameters.get(name)
    fixed = before is not None and parameter.identifies
    value = before if fixed else given.get(name, before)
    return Field(
        name=name,
        label=in_words(parameter.label),
        label_language=other_language(parameter.label),
        help=in_words(parameter.help),
        help_language=other_language(parameter.help),
        placeholder=parameter.placeholder,
        secret=False,
        required=parameter.default is None,
        lines=False,
        value=parameter.default or "" if value is None else value,
        problem=problems.get(name, ""),
        fixed=fixed,
    )


def _key_field(field: KeyField, given: Mapping[str, str], problems: Mapping[str, str]) -> Field:
    return Field(
        name=field.name,
        label=in_words(field.label),
        label_language=other_language(field.label),
        help=in_words(field.help),
        help_language=other_language(field.help),
        placeholder=field.placeholder,
        secret=field.secret,
        required=field.required,
        lines=field.lines,
        value="" if field.secret else given.get(field.name, ""),
        problem=problems.get(field.name, ""),
    )
