"""Keys that are traded for short-lived access tokens: client credentials and service accounts.

There is no refresh token: what the person gave renews the tokens, and is kept in its place.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from integrations import outbound
from integrations.catalog import fill, placeholders_in
from integrations.errors import InvalidInput
from integrations.schemes.assertions import GRANT_TYPE, UnusableKey, sign
from integrations.schemes.keys import KeyClient
from integrations.schemes.token_call import Client
from integrations.schemes.verdict import Granted, RefusalKind, Refused, Verdict
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integrations.catalog import KeyForm, Toolkit

# The person has to give another key: nothing of the app's is at fault.
_UNUSABLE_KEY: Final = Refused(
    kind=RefusalKind.TERMINAL, error_code="unusable_key", reason="probe_rejected"
)
HOUR: Final = 3600


class TradedKeyClient(KeyClient):
    """A key of a toolkit that a token endpoint takes.

    ``scopes`` are asked for. Where that is refused, which one was too much is not told, so
    ``needed`` ones are asked for alone: no account ends over an optional one.
    """

    def __init__(
        self,
        toolkit: Toolkit,
        form: KeyForm,
        *,
        scopes: Sequence[str] = (),
        optional: Sequence[str] = (),
    ) -> None:
        super().__init__(toolkit, form)
        required = list(scopes) or form.scopes
        self.needed = toolkit.with_identity_scopes(required)
        self.scopes = toolkit.with_identity_scopes([*required, *optional])

    def check(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the fields that a person filled in. Raises InvalidInput, also of no key file."""
        fields = super().check(values)
        if self.form.scheme == "service_account" and _key_file(fields) is None:
            problem = _("This is not a key file: JSON with client_email and private_key.")
            raise InvalidInput(fields=[{"field": "key_file", "problem": problem}])
        return fields

    def obtain(self, values: Mapping[str, str]) -> Verdict:
        """Trade what a person typed in for the first access token. Raises as `check`."""
        return self.refresh(refresh_token=Secret(json.dumps(self.check(values))))

    def refresh(self, *, refresh_token: Secret, ends_at: float = math.inf) -> Verdict:
        """Trade what is kept for a new access token. It stays as it is, however often."""
        fields: dict[str, str] = json.loads(refresh_token.reveal())
        try:
            verdict, asked = self._trade(fields, self.scopes, ends_at), self.scopes
            if set(self.needed) != set(asked) and _may_be_for_scopes(verdict):
                verdict, asked = self._trade(fields, self.needed, ends_at), self.needed
        except UnusableKey:
            return _UNUSABLE_KEY
        return self._judged(verdict, refresh_token, asked)

    def _trade(self, fields: Mapping[str, str], scopes: Sequence[str], ends_at: float) -> Verdict:
        limits = replace(outbound.LIMITS[outbound.Role.TOKEN], ends_at=ends_at)
        client, parameters = self._request(fields, scopes)
        return client.get_tokens(self.toolkit.token_url, parameters, limits=limits, repeatable=True)

    def _request(
        self, fields: Mapping[str, str], scopes: Sequence[str]
    ) -> tuple[Client, dict[str, str | None]]:
        extra = {
            name: fill(text, fields)
            for name, text in self.form.token_parameters.items()
            # Not one whose field was left empty.
            if placeholders_in(text) <= fields.keys()
        }
        scope = self.toolkit.scope_separator.join(scopes) or None
        parameters: dict[str, str | None]
        if self.form.scheme == "client_credentials":
            parameters = {"grant_type": "client_credentials", "scope": scope}
            client_id, secret = fields["client_id"], Secret(fields["client_secret"])
        else:
            # The scope is a claim here, as Google has it.
            parameters = {"grant_type": GRANT_TYPE, "assertion": self._assertion(fields, scope)}
            client_id, secret = "", None
        client = Client(
            toolkit=self.toolkit, client_id=client_id, client_secret=secret, token_parameters=extra
        )
        return client, parameters

    def _assertion(self, fields: Mapping[str, str], scope: str | None) -> str:
        key_file = _key_file(fields)
        if key_file is None:
            raise UnusableKey
        # The file's own token_uri is not believed: it would have us call anybody.
        claims = {"iss": key_file["client_email"], "aud": self.toolkit.token_url}
        claims |= {"scope": scope} if scope else {}
        claims |= {"sub": fields["subject"]} if fields.get("subject") else {}
        return sign(key_file["private_key"], claims=claims, life=HOUR)

    def _judged(self, verdict: Verdict, renewed_by: Secret, asked: Sequence[str]) -> Verdict:
        """Put the key in a refresh token's place, and say whose fault a refusal is.

        Without a word of the answer the scopes are those ``asked`` for (RFC 6749, 5.1).

        The client is the person's own here: where the provider refuses it, the grant is over, and
        no auth config is to blame.
        """
        if isinstance(verdict, Granted):
            tokens = verdict.tokens
            life = tokens.expires_in or float(self.form.access_token_seconds)
            scopes = tokens.scopes if tokens.scopes is not None else list(asked) or None
            kept = replace(tokens, refresh_token=renewed_by, expires_in=life, scopes=scopes)
            return replace(verdict, tokens=kept)
        if verdict.kind is RefusalKind.CONFIGURATION and verdict.error_code != "invalid_scope":
            return replace(verdict, kind=RefusalKind.TERMINAL, reason="grant_revoked")
        return verdict


def _may_be_for_scopes(verdict: Verdict) -> bool:
    """Whether it was refused, be it in any words: Google's are unauthorized_client."""
    return isinstance(verdict, Refused) and verdict.kind is not RefusalKind.TRANSIENT


def _key_file(fields: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the key file that was given; None where it is not one."""
    try:
        found = json.loads(fields.get("key_file", ""))
    except (ValueError, RecursionError):
        return None
    needed = ("client_email", "private_key")
    if isinstance(found, dict) and all(isinstance(found.get(name), str) for name in needed):
        return found
    return None
