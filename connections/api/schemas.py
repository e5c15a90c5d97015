"""What goes in and out of the routes."""

from datetime import datetime
from typing import Annotated, Self

from ninja import Schema
from pydantic import Field

from connections.connect.holding import page_url
from connections.connect.outcome import outcome_of
from connections.models import ConnectedAccount, Entity, Verification
from integrations.api.pagination import PageQuery
from integrations.api.text import Email, Language, RequiredText, ShortText, Text


class LinkIn(Schema):
    """Who is to connect what."""

    user_id: RequiredText = Field(description="Your own stable id of the user.")
    auth_config_id: RequiredText
    callback_url: Text = Field("", description="Where the user goes afterwards; must be listed.")
    state: Text = Field("", description="Given back at the callback URL.")
    alias: Annotated[ShortText, Field(max_length=100)] = ""
    tenant_id: ShortText = ""
    email: Email = Field("", description="Where the user is told that a grant died, if at all.")
    language: Language = Field("", description="Of mails to the user, such as de.")
    allow_multiple: bool = False
    expires_in: Annotated[int, Field(ge=60, le=86_400, description="Seconds.")] | None = None


class ReconnectIn(Schema):
    """Where the user goes after reconnecting."""

    callback_url: Text = ""
    state: Text = ""
    expires_in: Annotated[int, Field(ge=60, le=86_400, description="Seconds.")] | None = None


class LinkOut(Schema):
    """A link to hand to the user. The URL is a credential and is shown this once."""

    id: str
    connected_account_id: str
    status: str
    redirect_url: str
    expires_at: datetime


class EntityIn(Schema):
    """What to change about a user; what is left out stays."""

    tenant_id: ShortText | None = None
    email: Email | None = Field(None, description="Where the user is told that a grant died.")
    language: Language | None = Field(None, description="Of mails to the user, such as de.")


class EntityOut(Schema):
    """One of your users."""

    id: str
    user_id: str
    tenant_id: str
    email: str
    language: str
    wants_mail: bool = Field(description="False once the user has refused mails.")
    created_at: datetime

    @staticmethod
    def resolve_wants_mail(entity: Entity) -> bool:
        return entity.notices_refused_at is None


class VerifyIn(Schema):
    """Who is signed in to your app in the browser that came to the verification URL."""

    user_id: RequiredText = Field(description="Your own stable id of whoever is signed in.")
    verification_token: RequiredText = Field(description="From the query of that address.")


class VerifyOut(Schema):
    """What became of it. Whatever it says, send the person to `redirect_url`."""

    connected_account_id: str
    verified: bool = Field(description="Whether the account's user is the one you named.")
    status: str = Field(description="`success`, `failed`, or `pending` while the service is asked.")
    reason_code: str = Field(description="As in the history; empty while pending.")
    redirect_url: str = Field(description="Leads on to the callback URL, or says what went wrong.")

    @classmethod
    def of(cls, verification: Verification) -> Self:
        """Describe how it stands."""
        outcome = outcome_of(verification.attempt)
        open_yet = outcome is None and verification.ended_at is None
        succeeded = outcome is not None and outcome.succeeded
        return cls(
            connected_account_id=verification.account_id,
            verified=verification.verified_at is not None,
            status="pending" if open_yet else "success" if succeeded else "failed",
            reason_code=verification.attempt.outcome,
            redirect_url=page_url(verification),
        )


class PortalLinkIn(Schema):
    """Where "back to the app" leads, and how long the visit lasts."""

    callback_url: Annotated[Text, Field(description="Must be listed.")] = ""
    expires_in: Annotated[int, Field(ge=60, le=86_400, description="Seconds.")] | None = None


class PortalLinkOut(Schema):
    """A link to hand to the user. The URL is a credential and is shown this once."""

    id: str
    url: str
    expires_at: datetime


class AccountOut(Schema):
    """One connected account. Credentials are not part of it."""

    id: str
    user_id: str
    tenant_id: str
    auth_config_id: str
    toolkit: str
    scheme: str = Field(description="How it authenticates: oauth2, api_key, ...")
    alias: str
    status: str
    reason_code: str
    reason: str = Field(description="The reason in words.")
    status_changed_at: datetime
    identity: str = Field(description="Whose account it is at the service; empty if unknown.")
    scopes_requested: list[str]
    scopes_granted: list[str]
    missing_scopes: list[str] = Field(
        description="Scopes that the auth config needs and this grant lacks: reconnect it."
    )
    base_url: str | None = Field(description="Where to call this account's API.")
    parameters: dict[str, str] = Field(description="What the account brings for that address.")
    user_verified: bool = Field(
        description="Whether your server has confirmed that its user gave this grant."
    )
    proven: bool = Field(description="Whether the service has confirmed the credentials.")
    expires_at: datetime | None = Field(description="When the access token ends.")
    refreshed_at: datetime | None
    next_refresh_at: datetime | None
    refresh_failing_since: datetime | None
    last_verified_at: datetime | None
    created_at: datetime

    @staticmethod
    def resolve_user_id(account: ConnectedAccount) -> str:
        return account.entity.user_id

    @staticmethod
    def resolve_tenant_id(account: ConnectedAccount) -> str:
        return account.entity.tenant_id

    @staticmethod
    def resolve_reason_code(account: ConnectedAccount) -> str:
        return account.status_reason

    @staticmethod
    def resolve_reason(account: ConnectedAccount) -> str:
        return account.get_status_reason_display()

    @staticmethod
    def resolve_identity(account: ConnectedAccount) -> str:
        return account.identity_label

    @staticmethod
    def resolve_scheme(account: ConnectedAccount) -> str:
        return account.auth_config.scheme

    @staticmethod
    def resolve_user_verified(account: ConnectedAccount) -> bool:
        return account.user_verified_at is not None

    @staticmethod
    def resolve_proven(account: ConnectedAccount) -> bool:
        return account.last_verified_at is not None

    @staticmethod
    def resolve_next_refresh_at(account: ConnectedAccount) -> datetime | None:
        return account.refresh_at


class AccountQuery(PageQuery):
    """Which accounts to list."""

    user_id: ShortText | None = None
    tenant_id: ShortText | None = None
    toolkit: ShortText | None = None
    auth_config_id: ShortText | None = None
    status: ShortText | None = None


class HistoryEntry(Schema):
    """One thing that happened to an account, or several alike in a row."""

    at: datetime
    since: datetime | None = Field(description="When the first of several happened.")
    count: int = Field(description="How many things alike this entry stands for.")
    kind: str
    title: str
    detail: str
    actor: str


class CredentialsQuery(Schema):
    """How fresh the token must be."""

    minimum_seconds: Annotated[
        int, Field(ge=0, le=3600, description="How long it must be good for, in seconds.")
    ] = 60
    refused_generation: Annotated[
        int | None,
        Field(
            ge=1,
            description="The generation that the service answered with 401: it is replaced first, "
            "once for however many callers complain.",
        ),
    ] = None


class RefreshIn(Schema):
    """Which token is not wanted any more."""

    refused_generation: Annotated[
        int | None,
        Field(
            ge=1,
            description="The generation that the service refused. Where a newer one is stored "
            "already, nothing is refreshed.",
        ),
    ] = None


class CredentialsOut(Schema):
    """A token to call the service with. For your servers, never for an agent."""

    connected_account_id: str
    access_token: str
    token_type: str
    expires_at: datetime | None
    scopes: list[str]
    generation: int
    fields: dict[str, str] = Field(description="The parts of a key, by the names of its form.")
