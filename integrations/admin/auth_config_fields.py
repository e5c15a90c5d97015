"""What the form of an auth config asks for: by the toolkit and the scheme, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from integrations.admin.form_fields import LinesField, PairsField, SecretInput
from integrations.admin.service_forms import description_field
from integrations.models.auth_config import OAUTH_SCHEMES, Scheme

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.utils.safestring import SafeString

    from integrations.catalog import Toolkit

Section = tuple[str | None, dict[str, Any]]

PARAMETER: Final = "parameter_"
MOST_LETTERS: Final = 500
_SPELLED: Final = {"url": "URL", "api": "API", "id": "ID", "rest": "REST"}
_DEFAULT: Final = mark_safe(" <small>default</small>")
_LINES: Final = {"scopes": 4, "optional_scopes": 3}


class KeyInput(UnfoldAdminTextareaWidget):
    """An input for a private key, which has lines. It is never filled in, as `SecretInput`."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "off", "rows": 5, "spellcheck": "false"})

    def format_value(self, value: Any) -> str:
        return ""


def sections(
    toolkit: Toolkit, scheme: str, *, added: bool, testing_mode: bool, described: Sequence[str] = ()
) -> list[Section]:
    """Return the form's fieldsets.

    Args:
        added: whether the config is there already.
        testing_mode: ask for it also where the toolkit tells no difference.
        described: what to show of a service that it describes itself.
    """
    own = [_part("Service", [*described])] if added and described else []
    first = ["name", *(["project_name", "enabled"] if added else ["project"])]
    first += [f"{PARAMETER}{name}" for name in toolkit.parameters]
    if scheme not in OAUTH_SCHEMES:
        traded = toolkit.key_form(scheme).traded
        scopes = [_part("Scopes", ["scopes"])] if traded else []
        return [(None, {"fields": first}), *scopes, *own]
    if testing_mode or toolkit.refresh_token.testing_mode_seconds:
        first.append("testing_mode")
    secret = [] if toolkit.client_auth == "none" else ["new_client_secret"]
    # An OAuth 1 toolkit's further requests are signed as they are.
    further = ["token_parameters"] if scheme == Scheme.OAUTH2 else []
    return [
        (None, {"fields": first}),
        _part("Client", ["redirect_uri", "callback_url", "client_id", *secret]),
        _part("Scopes", ["scopes", "optional_scopes"]),
        *own,
        (
            "Further parameters of requests",
            {"fields": ["authorization_parameters", *further], "classes": ["collapse"]},
        ),
    ]


def declared(toolkit: Toolkit, scheme: str, asked: Iterable[str]) -> dict[str, forms.Field | None]:
    """Return the form's fields that are no plain ones of the model; None takes one away."""
    own: dict[str, forms.Field] = {
        "description": description_field(),
        "new_client_secret": _secret(toolkit),
        "scopes": _scopes(toolkit, scheme),
        "optional_scopes": LinesField(
            rows=_LINES["optional_scopes"],
            help_text="One per line. Asked for as well; an account is fine without them.",
        ),
        "authorization_parameters": _pairs("authorization", toolkit.authorization_parameters),
        "token_parameters": _pairs("token", toolkit.token_parameters),
    }
    own |= {
        f"{PARAMETER}{name}": _parameter(name, text) for name, text in toolkit.parameters.items()
    }
    names = set(asked)
    return {name: field if name in names else None for name, field in own.items()}


def parameter_label(name: str) -> str:
    """Return the label of a toolkit's parameter: Base URL for base_url."""
    words = [_SPELLED.get(word, word) for word in name.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _part(title: str, fields: list[str]) -> Section:
    return title, {"fields": fields}


def _secret(toolkit: Toolkit) -> forms.CharField:
    if toolkit.client_auth == "private_key_jwt":
        return forms.CharField(
            label="Private key (PEM)", required=False, max_length=10_000, widget=KeyInput
        )
    return forms.CharField(
        label="Client secret", required=False, max_length=2000, strip=True, widget=SecretInput
    )


def _parameter(name: str, text: str) -> forms.CharField:
    return forms.CharField(
        label=parameter_label(name),
        help_text=format_html("{}.", text.rstrip(".")),
        max_length=MOST_LETTERS,
        widget=UnfoldAdminTextInputWidget,
    )


def _scopes(toolkit: Toolkit, scheme: str) -> LinesField:
    offered = toolkit.for_scheme(scheme)
    defaults = offered.default_scopes
    field = LinesField(
        label="Required scopes",
        rows=max(_LINES["scopes"], len(defaults)),
        help_text=_scopes_explained(offered, defaults),
    )
    field.widget.attrs["placeholder"] = "\n".join(defaults)
    return field


def _scopes_explained(toolkit: Toolkit, defaults: list[str]) -> SafeString:
    empty = "the toolkit's defaults, as shown" if defaults else "none is asked for"
    known = dict.fromkeys([*defaults, *toolkit.scope_descriptions])
    row = '<div><dt><code class="eg-chip">{}</code></dt><dd>{}{}</dd></div>'
    rows = [
        (
            scope,
            toolkit.scope_descriptions.get(scope, ""),
            _DEFAULT if scope in defaults else "",
        )
        for scope in known
    ]
    words = format_html('<dl class="eg-scopes">{}</dl>', format_html_join("", row, rows))
    besides = _asked_for_besides(toolkit)
    return format_html("One per line. Empty: {}.{}{}", empty, besides, words if rows else "")


def _asked_for_besides(toolkit: Toolkit) -> SafeString | str:
    """Say what the identity call needs, by the names that the list has for it."""
    needed = toolkit.identity.scopes if toolkit.identity else ()
    if not needed:
        return ""
    names = ((_listed_name(toolkit, any_of[0]),) for any_of in needed)
    chips = format_html_join(" ", '<code class="eg-chip">{}</code>', names)
    return format_html(" Asked for besides, where they do not tell whose account it is: {}", chips)


def _listed_name(toolkit: Toolkit, scope: str) -> str:
    names = toolkit.names_of_scope(scope)
    return next((name for name in names if name in toolkit.scope_descriptions), scope)


def _pairs(request: str, sent: Mapping[str, str]) -> PairsField:
    told = f"Added to every {request} request, as name=value, one per line."
    if sent:
        shown = ", ".join(f"{name}={text}" for name, text in sent.items())
        told = f"{told} The toolkit sends {shown} itself."
    return PairsField(rows=2, label=f"{request.capitalize()} parameters", help_text=told)
