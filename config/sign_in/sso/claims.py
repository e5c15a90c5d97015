"""What the identity provider says of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Who came, in the provider's words.

    Attributes:
        subject: the provider's own id of the person, which is never given to another.
        email: empty where there is none.
        email_verified: whether the provider says that the address is the person's.
    """

    subject: str
    email: str
    email_verified: bool
    username: str
    first_name: str
    last_name: str
    groups: frozenset[str]


def read_claims(data: Mapping[str, Any]) -> Claims:
    """Return the claims of the ID token and of the user information, the latter first.

    Raises:
        OAuth2Error: there is no subject, or the two are about different people (OpenID Connect
            Core, 5.3.2).
    """
    sources = [told for told in (data.get("userinfo"), data.get("id_token")) if told]
    subjects = {str(told.get("sub") or "") for told in sources}
    if len(subjects) != 1 or "" in subjects:
        raise OAuth2Error("subject_mismatch")
    email = _text(sources, "email")
    return Claims(
        subject=subjects.pop(),
        email=email,
        email_verified=_is_verified(sources, email),
        username=_text(sources, "preferred_username"),
        first_name=_text(sources, "given_name"),
        last_name=_text(sources, "family_name"),
        groups=_groups(sources),
    )


def _text(sources: Iterable[Mapping[str, Any]], name: str) -> str:
    return next((told[name] for told in sources if isinstance(told.get(name), str)), "")


def _is_verified(sources: Iterable[Mapping[str, Any]], email: str) -> bool:
    # Without case, letters outside ASCII fall together with others: two addresses, one match.
    if not email or not email.isascii() or email.count("@") != 1:
        return False
    said = [told["email_verified"] for told in sources if _says_whether(told, email)]
    if said:
        return all(each in {True, "true"} for each in said)
    return bool(settings.SSO_TRUSTS_EMAIL)


def _says_whether(told: Mapping[str, Any], email: str) -> bool:
    return told.get("email") == email and "email_verified" in told


def _groups(sources: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    found: set[str] = set()
    for told in sources:
        value = _at(told, settings.SSO_GROUPS_CLAIM)
        listed = [value] if isinstance(value, str) else value
        if isinstance(listed, list):
            found |= {each for each in listed if isinstance(each, str)}
    return frozenset(found)


def _at(told: Mapping[str, Any], name: str) -> Any:
    """Return the claim ``name``, or where there is none of it the one at that path of dots."""
    if name in told:
        return told[name]
    value: Any = told
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
