"""Second factors of staff: what somebody has, where its secret is kept, and how it is reset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models.signals import post_delete

from integrations.models import FactorSecret
from integrations.secrets import Secret
from integrations.sessions import end_sessions

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# What somebody proves at sign-in. Recovery codes stand in for one of these.
PROVING: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# Where allauth keeps the ids of the rows with the secrets.
_REFERENCES: Final = ("secret", "seed")


def keep_factor_secret(secret: Secret) -> str:
    """Seal ``secret`` in a row of its own and return the row's id."""
    return FactorSecret.objects.create(secret=secret).pk


def factor_secret(reference: str) -> Secret:
    """Return what `keep_factor_secret` kept. Raises FactorSecret.DoesNotExist."""
    return FactorSecret.objects.get(pk=reference).secret


def factors_of(user: User) -> list[Authenticator]:
    """Return everything that ``user`` can prove herself with besides the password, oldest first."""
    return list(Authenticator.objects.filter(user=user).order_by("created_at", "pk"))


def has_second_factor(user: User) -> bool:
    """Whether ``user`` has an authenticator app or a passkey."""
    return bool(Authenticator.objects.filter(user=user, type__in=PROVING).exists())


def name_of(factor: Authenticator) -> str:
    """Return what a factor is called on pages and in the audit trail."""
    if factor.type == Authenticator.Type.WEBAUTHN:
        return f"passkey {factor.data.get('name', '')!r}"
    return "authenticator app" if factor.type == Authenticator.Type.TOTP else "recovery codes"


@transaction.atomic
def reset_second_factor(*, user: User) -> int:
    """Take all second factors from ``user`` and end her sessions; return how many there were.

    She signs in with the password alone then, and sets up another where one is required.
    """
    rows = factors_of(user)
    for row in rows:
        row.delete()
    end_sessions(user=user)
    return len(rows)


def _forget_secrets(sender: Any, instance: Authenticator, **kwargs: Any) -> None:
    kept = [instance.data[name] for name in _REFERENCES if name in instance.data]
    FactorSecret.objects.filter(pk__in=kept).delete()


def connect() -> None:
    """Have the secrets go with their factors; called once the apps are loaded."""
    post_delete.connect(_forget_secrets, Authenticator, dispatch_uid="forget_factor_secrets")
