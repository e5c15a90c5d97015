"""What the provider remembers beyond allauth's own tables. Tokens appear as digests only.

Managers and ids are declared where Django would make them, because the type checker loads the
settings of Evergrant, which do not know these models.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.db import models, transaction

from integrations.sandbox.switches import Switches, switches_from

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

CALLS_KEPT = 10_000
SPENT_KEPT = timedelta(days=30)


class SwitchRow(models.Model):
    """The one row that holds the switches, so that they survive restarts."""

    values = models.JSONField(default=dict)

    objects: ClassVar = models.Manager["SwitchRow"]()

    class Meta:
        app_label = "sandbox"

    @classmethod
    def read(cls) -> Switches:
        """Return the switches as they stand."""
        row = cls.objects.filter(pk=1).first()
        return switches_from(row.values if row else {})

    @classmethod
    def replace(cls, values: Mapping[str, Any]) -> Switches:
        """Store exactly ``values`` (the rest at their defaults) and return the switches."""
        cls.objects.update_or_create(pk=1, defaults={"values": dict(values)})
        return switches_from(values)

    @classmethod
    @transaction.atomic
    def change(cls, values: Mapping[str, Any]) -> Switches:
        """Set the switches named in ``values``, keep the others, and return all."""
        cls.objects.get_or_create(pk=1)
        row = cls.objects.select_for_update().get(pk=1)
        return cls.replace(row.values | dict(values))

    @classmethod
    @transaction.atomic
    def claim_fault(cls) -> bool:
        """Take one of the ``fault_calls`` that are left. Return whether there was one."""
        row = cls.objects.select_for_update().filter(pk=1).first()
        left = (row.values if row else {}).get("fault_calls")
        if row is None or left is None:
            return True
        if left == 0:
            return False
        cls.replace(row.values | {"fault_calls": left - 1})
        return True


class GrantQuerySet(models.QuerySet["Grant"]):
    """Grants in bulk."""

    def living(self) -> GrantQuerySet:
        """Return the grants that still have a token which works."""
        tokens = Token.objects.valid().filter(
            user=models.OuterRef("user"), client=models.OuterRef("client")
        )
        return self.filter(models.Exists(tokens)).select_related("user", "client")

    def lock_holder(self, *, client_id: str, digest: str) -> Grant | None:
        """Lock and return the grant that the refresh token belongs or, once spent, belonged to.

        The lock makes concurrent refreshes of one grant take turns: the second finds its token
        already spent.
        """
        user_id = (
            Token.objects.filter(client_id=client_id, hash=digest, type=Token.Type.REFRESH_TOKEN)
            .values_list("user_id", flat=True)
            .first()
        ) or SpentToken.objects.filter(grant__client_id=client_id, digest=digest).values_list(
            "grant__user_id", flat=True
        ).first()
        if user_id is None:
            return None
        return self.select_for_update().filter(client_id=client_id, user_id=user_id).first()


class Grant(models.Model):
    """What one person allows one client: the family that all tokens between the two belong to."""

    user_id: int
    client_id: str

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    granted_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    objects: ClassVar = GrantQuerySet.as_manager()

    class Meta:
        app_label = "sandbox"
        constraints = [
            models.UniqueConstraint(fields=["user", "client"], name="one_grant_per_user_and_client")
        ]

    def __str__(self) -> str:
        return f"grant {self.pk}"

    def tokens(self) -> models.QuerySet[Token]:
        """Return all tokens of this person and client, working or run out."""
        tokens: models.QuerySet[Token] = Token.objects.filter(
            user_id=self.user_id,
            client_id=self.client_id,
            type__in=[Token.Type.ACCESS_TOKEN, Token.Type.REFRESH_TOKEN],
        )
        return tokens

    def scopes(self) -> list[str]:
        """Return what the working tokens of this grant allow together."""
        working = Token.objects.valid().filter(user_id=self.user_id, client_id=self.client_id)
        return sorted({scope for token in working for scope in token.get_scopes()})

    def spend(self, *, digest: str, kind: str, scopes: list[str], now: datetime) -> None:
        """Remember a token that was used up, so that its reuse is noticed."""
        SpentToken.objects.filter(grant=self, spent_at__lt=now - SPENT_KEPT).delete()
        SpentToken.objects.get_or_create(
            grant=self, digest=digest, defaults={"kind": kind, "scopes": scopes, "spent_at": now}
        )

    def revoke(self) -> None:
        """Delete every token of the family and forget the grant."""
        with transaction.atomic():
            # A refresh holds this lock while it issues: without waiting for it, its tokens would
            # outlive the grant.
            if type(self).objects.select_for_update().filter(pk=self.pk).first() is None:
                return
            self.tokens().delete()
            self.delete()


class SpentToken(models.Model):
    """A refresh token that was rotated away, or an authorization code that was exchanged."""

    class Kind(models.TextChoices):
        """What was spent."""

        REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a kind
        AUTHORIZATION_CODE = "authorization_code"

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="spent")
    digest = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    scopes = models.JSONField(default=list)
    spent_at = models.DateTimeField()

    objects: ClassVar = models.Manager["SpentToken"]()

    class Meta:
        app_label = "sandbox"

    def __str__(self) -> str:
        return f"spent {self.kind} {self.digest[:16]}"


class Call(models.Model):
    """One call of the token, revocation or userinfo endpoint, as the tests may look it up."""

    at = models.DateTimeField()
    endpoint = models.CharField(max_length=16)
    grant_type = models.CharField(max_length=64, blank=True)
    refresh_token_digest = models.CharField(max_length=16, blank=True)
    outcome = models.CharField(max_length=64)
    fault = models.CharField(max_length=32, blank=True)
    status = models.PositiveSmallIntegerField()

    objects: ClassVar = models.Manager["Call"]()

    class Meta:
        app_label = "sandbox"

    def __str__(self) -> str:
        return f"{self.endpoint} {self.outcome}"

    def as_json(self) -> dict[str, Any]:
        """Return the call as the control API lists it; what does not apply is null."""
        return {
            "id": self.pk,
            "at": self.at.isoformat(),
            "endpoint": self.endpoint,
            "grant_type": self.grant_type or None,
            "refresh_token_digest": self.refresh_token_digest or None,
            "outcome": self.outcome,
            "fault": self.fault or None,
            "status": self.status,
        }
