"""Makes credentials of a row, as its auth config's scheme has them. Asks nobody."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from connections.importing import values as read
from connections.importing.rows import RowRefused
from integrations.errors import InvalidInput
from integrations.models.auth_config import Scheme
from integrations.schemes import TokenSet, key_client
from integrations.schemes.oauth1 import TOKEN_SECRET
from integrations.schemes.token_response import parse_lifetime
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from integrations.catalog import Toolkit
    from integrations.models import AuthConfig
    from integrations.schemes import KeyClient


def credentials(
    values: Mapping[str, object], *, auth_config: AuthConfig, now: datetime
) -> TokenSet:
    """Return the credentials that a row holds.

    Raises:
        RowRefused: there are none, too many, or some that cannot be right.
    """
    match auth_config.scheme:
        case Scheme.OAUTH2:
            return _oauth2(values, auth_config.catalog_entry, now)
        case Scheme.OAUTH1:
            return _oauth1(values)
    return _key(values, _client(auth_config))


def key_fields(values: Mapping[str, object], auth_config: AuthConfig) -> dict[str, str]:
    """Return the parts of the key that a row of a key's auth config holds. Raises RowRefused."""
    return _fields(values, _client(auth_config))


def _client(auth_config: AuthConfig) -> KeyClient:
    # The account's own addresses play no part in what can be a key.
    return key_client(auth_config, {})


def _oauth2(values: Mapping[str, object], toolkit: Toolkit, now: datetime) -> TokenSet:
    access = read.secret(values, "access_token")
    refresh = read.secret(values, "refresh_token")
    if access is None and refresh is None:
        raise RowRefused("token_missing", "The row has no access_token and no refresh_token.")
    if read.texts_by_name(values, "fields"):
        raise RowRefused("fields_invalid", "An account of an OAuth 2 client has no fields.")
    itself = toolkit.self_renewal is not None
    refresh = (access or refresh) if itself else refresh
    left = _seconds_left(values, now)
    if left is None and refresh is not None and toolkit.access_token_seconds is not None:
        # Nobody knows how old it is: a refresh comes before its first use.
        left = 0.0
    elif (refresh is None or itself) and left is not None and left <= 0:
        raise RowRefused("token_ended", "The access token is over, and nothing renews it.")
    return TokenSet(
        access_token=access or Secret(""),
        refresh_token=refresh,
        expires_in=left if access else 0.0,
        token_type=toolkit.token_types[0],
    )


def _oauth1(values: Mapping[str, object]) -> TokenSet:
    token = read.secret(values, "access_token")
    fields = read.texts_by_name(values, "fields")
    secret = read.secret(fields, TOKEN_SECRET)
    if token is None or secret is None:
        problem = f"An account of an OAuth 1 client has access_token and fields.{TOKEN_SECRET}."
        raise RowRefused("token_missing", problem)
    _refuse_renewal(values)
    return TokenSet(
        access_token=token,
        token_type="oauth1",  # noqa: S106 - a name
        expires_in=math.inf,
        fields={TOKEN_SECRET: secret},
    )


def _key(values: Mapping[str, object], client: KeyClient) -> TokenSet:
    _refuse_renewal(values)
    form, fields = client.form, _fields(values, client)
    main = "" if form.traded else fields.get(form.main_field, "")
    return TokenSet(
        access_token=Secret(main),
        # What is traded for access tokens renews them, and is kept in the refresh token's place.
        refresh_token=Secret(json.dumps(fields)) if form.traded else None,
        token_type=form.scheme,
        expires_in=0.0 if form.traded else math.inf,
        fields={} if form.traded else {name: Secret(value) for name, value in fields.items()},
    )


def _fields(values: Mapping[str, object], client: KeyClient) -> dict[str, str]:
    """Return the parts of a key; one of a single part may stand in ``access_token``."""
    form = client.form
    found = read.texts_by_name(values, "fields")
    names = [field.name for field in form.fields]
    key = read.text(values, "access_token", most=read.LONGEST_TOKEN)
    if key and (found or form.traded or not names):
        raise RowRefused("fields_invalid", "The row has an access_token besides its fields.")
    if key:
        found = {form.main_field: key}
    if not found and names:
        raise RowRefused("token_missing", f"The row has no fields: {', '.join(names)}.")
    if set(found) - set(names):
        raise RowRefused("fields_invalid", f"The fields of this key are: {', '.join(names)}.")
    try:
        return client.check(found)
    except InvalidInput as error:
        wrong = ", ".join(str(each["field"]) for each in error.details["fields"])
        problem = f"A field is missing or does not look right: {wrong}."
        raise RowRefused("fields_invalid", problem) from None


def _refuse_renewal(values: Mapping[str, object]) -> None:
    if read.given(values, "refresh_token") is not None:
        raise RowRefused("fields_invalid", "Nothing renews this kind of credentials.")


def _seconds_left(values: Mapping[str, object], now: datetime) -> float | None:
    """Return what is left of the access token's life; None where the row does not say."""
    end, life = read.moment(values, "expires_at"), read.seconds(values, "expires_in")
    if end is not None and life is not None:
        raise RowRefused("date_invalid", "Give expires_at or expires_in, not both.")
    return parse_lifetime((end - now).total_seconds()) if end else life
