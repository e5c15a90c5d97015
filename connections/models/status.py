"""The words of the lifecycle. The table of transitions is `connections.lifecycle`."""

from django.db import models


class Status(models.TextChoices):
    """Where a connected account stands."""

    INITIATED = "INITIATED", "Waiting for the person"
    ACTIVE = "ACTIVE", "Active"
    INACTIVE = "INACTIVE", "Disabled"
    EXPIRED = "EXPIRED", "Expired"
    FAILED = "FAILED", "Failed"
    REVOKED = "REVOKED", "Revoked"
    DELETED = "DELETED", "Deleted"


class Reason(models.TextChoices):
    """Why an account changed its status. The label is what a person reads."""

    LINK_CREATED = "link_created", "A connect link was created"
    CONNECTED = "connected", "The person connected and the provider confirmed it"
    IMPORTED = "imported", "An existing grant was imported"
    RECONNECTED = "reconnected", "The person reconnected the same account"
    CONSENT_DENIED = "consent_denied", "The person declined at the provider"
    EXCHANGE_FAILED = "exchange_failed", "The provider did not hand over credentials"
    PROBE_REJECTED = "probe_rejected", "The provider does not accept the credentials"
    IDENTITY_MISMATCH = "identity_mismatch", "Another account than expected was connected"
    ALREADY_CONNECTED = "already_connected", "The user has connected that same account already"
    VERIFICATION_FAILED = "verification_failed", "The app did not confirm the person"
    LINK_EXPIRED = "link_expired", "The link ran out before the person connected"
    GRANT_REVOKED = "grant_revoked", "The person or the provider withdrew the grant"
    REFRESH_TOKEN_EXPIRED = "refresh_token_expired", "The refresh token reached its end"
    ROTATION_LOST = "rotation_lost", "A refreshed token was lost on the way from the provider"
    TOKEN_EXPIRED = "token_expired", "The token ended and there is no refresh token"
    RECOVERED = "recovered", "A token thought lost was found and works"
    DISABLED_BY_OPERATOR = "disabled_by_operator", "An operator disabled it"
    DISABLED_BY_API = "disabled_by_api", "The app disabled it"
    ENABLED = "enabled", "It was enabled again"
    REVOKED_BY_OPERATOR = "revoked_by_operator", "An operator revoked it"
    REVOKED_BY_API = "revoked_by_api", "The app revoked it"
    REVOKED_BY_PERSON = "revoked_by_person", "The person disconnected it"
    DELETED_BY_OPERATOR = "deleted_by_operator", "An operator deleted it"
    DELETED_BY_API = "deleted_by_api", "The app deleted it"
