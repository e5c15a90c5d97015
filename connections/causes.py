"""What an error code means, in words for people who have to decide what to do.

A code says what a provider answered, never why: so the words name what is known to lead to it.
"""

from __future__ import annotations

from typing import Final

# RFC 6749, 5.2 and RFC 6750, 3.1; then our own codes of calls that brought no answer.
_MEANINGS: Final = {
    "invalid_grant": "The refresh token is good for nothing any more. That is what a provider says "
    "after the person removed the app's access or changed the password, after an administrator "
    "withdrew it, or after the token was left unused for too long.",
    "invalid_token": "The access token is not accepted any more: it was withdrawn or is over.",
    "access_denied": "The person or an administrator does not allow it.",
    "invalid_client": "The client's ID or secret is not accepted: it was replaced or deleted at "
    "the provider. No account is at fault.",
    "unauthorized_client": "The client may not do this: the app was switched off or restricted at "
    "the provider. No account is at fault.",
    "invalid_scope": "A scope that the auth config asks for is not the app's to ask for.",
    "insufficient_scope": "The grant is too narrow for the call that proves it.",
    "unusable_client_secret": "The client secret holds characters that cannot be sent.",
    "unusable_key": "The key that the person gave cannot be read as one.",
    "temporarily_unavailable": "The provider is overloaded or under maintenance.",
    "slow_down": "The provider wants fewer calls.",
    "rate_limited": "The provider wants fewer calls.",
    "no_refresh_token": "The provider gave no refresh token, so nothing renews the access token.",
    "malformed_body": "The provider answered with something that is no answer, such as a page of "
    "a proxy.",
    "malformed_token": "The provider's answer held no token that can be used.",
    "connect_failed": "No connection to the provider could be made.",
    "host_not_found": "The provider's host name has no address.",
    "dns_failed": "The provider's host name could not be looked up.",
    "tls_failed": "The provider's certificate is not accepted.",
    "deadline_exceeded": "The provider did not answer in time.",
    "response_interrupted": "The provider's answer broke off.",
    "response_too_large": "The provider's answer was too large to be one.",
    "address_refused": "The provider's host leads to an address that is not called.",
    "identity_differs": "The token belongs to another account than the one that was connected. "
    "The catalog's facts of this toolkit, or the provider, are wrong: look into it.",
    "credentials_do_not_open": "The stored credentials do not open with the configured keys.",
    "internal_error": "A fault of Evergrant's own: the log has it.",
    "revocation_unsupported": "The provider has no way to revoke a token.",
    "refuses_everybody": "The provider refuses so many grants at once that it is not believed.",
}


def meaning(code: str, http_status: int | None = None) -> str:
    """Return what ``code`` is known to mean; else what the HTTP status does; else nothing."""
    # A provider's own detail may follow after a dot: ``invalid_grant.70008``.
    known = _MEANINGS.get(code) or _MEANINGS.get(code.partition(".")[0])
    return known or _by_status(http_status if http_status is not None else _status_in(code))


def _status_in(code: str) -> int | None:
    number = code.removeprefix("http_")
    return int(number) if number != code and number.isdecimal() else None


def _by_status(status: int | None) -> str:
    if status == 429:
        return _MEANINGS["rate_limited"]
    if status == 401:
        return _MEANINGS["invalid_token"]
    if status is not None and status >= 500:
        return "The provider is out of order."
    return ""
