"""How a toolkit looks and what its facts are called, wherever the console shows one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from zlib import crc32

from django.utils.html import format_html

from integrations.models.auth_config import OAUTH_SCHEMES, Scheme

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from integrations.catalog import Toolkit

# As many as templates/static/console/toolkits.css has.
HUES: Final = 12
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]|\d+")
# Apollo.io is known as Apollo.
_DOMAIN = re.compile(r"\.[a-z]{2,3}$")
_SPELLED: Final = {"ai": "AI", "crm": "CRM", "hr": "HR"}
# Fields whose own names tell an operator nothing.
_FACTS: Final = {
    "access_token_seconds": "how long access tokens live",
    "apply": "how a credential goes onto a call",
    "authorization_url": "the address of the consent page",
    "base_url": "the address of its API",
    "client_auth": "how the client authenticates",
    "configuration": "which answers refuse the client",
    "console_url": "where an app is registered",
    "default_scopes": "the default scopes",
    "docs_url": "its page on how to authenticate",
    "identity": "the call that tells whose account it is",
    "keys": "the keys that it takes",
    "nonce": "whether its ID tokens carry a nonce",
    "pkce": "whether it takes PKCE",
    "refresh_token": "when refresh tokens end",
    "revocation": "how a grant is revoked",
    "revocation_url": "how a grant is revoked",
    "rotation": "whether refresh tokens rotate",
    "scope_descriptions": "what the scopes mean",
    "terminal": "which answers end a grant",
    "token_url": "the address of the token endpoint",
    "unlisted_scopes": "which scopes its answers leave out",
}


def initials(name: str) -> str:
    """Return the one or two characters that stand for a name: GH for GitHub, Sl for Slack."""
    words = _WORDS.findall(_DOMAIN.sub("", name)) or [name]
    return f"{words[0][0]}{words[1][0]}".upper() if len(words) > 1 else words[0][:2].capitalize()


def hue(slug: str) -> int:
    """Return the number of a toolkit's colour; it is the same in every process and release."""
    return crc32(slug.encode()) % HUES


def mark(slug: str, name: str) -> SafeString:
    """Return a toolkit's initials on its colour. The name stands beside it."""
    shown = '<span class="eg-mark eg-hue-{}" aria-hidden="true">{}</span>'
    return format_html(shown, hue(slug), initials(name))


def category_label(category: str) -> str:
    """Return a category's name as a heading has it."""
    return _SPELLED.get(category, category.capitalize())


def scheme_label(scheme: str) -> str:
    """Return a scheme's name."""
    return str(Scheme(scheme).label) if scheme in Scheme.values else scheme


def scheme_explained(toolkit: Toolkit, scheme: str) -> str:
    """Say in a sentence or two what the scheme asks of the operator and of each person."""
    parameters = toolkit.for_scheme(scheme).connection_parameters.values()
    asked = [parameter.label for parameter in parameters if parameter.source == "person"]
    if scheme in OAUTH_SCHEMES:
        told = f"People consent at {toolkit.name}, to an app that you register there."
        return f"{told} Each is asked for: {_listed(asked)}." if asked else told
    form = toolkit.key_form(scheme)
    asked = [*asked, *(field.label for field in form.fields)]
    if not asked:
        return "Nobody is asked for anything: the service takes calls without credentials."
    kept = " What they give is traded for short-lived access tokens." if form.traded else ""
    return f"No app is registered. Each person is asked for: {_listed(asked)}.{kept}"


def unverified_facts(toolkit: Toolkit) -> list[str]:
    """Return in words which facts no page of the provider's own was seen to say."""
    told = (_FACTS.get(name, name.replace("_", " ")) for name in toolkit.unverified)
    return list(dict.fromkeys(told))


def _listed(texts: list[str]) -> str:
    return ", ".join(texts)
