"""What a row says of the client that it holds at a toolkit, whoever registered it there."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from integrations.models.refusals import Refusable
from integrations.secrets import SealedField

# What the protocol itself says in these requests (RFC 6749, RFC 7636, OpenID Connect Core).
RESERVED_PARAMETERS = {
    "authorization_parameters": {
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
    },
    "token_parameters": {
        "client_id",
        "client_secret",
        "code",
        "code_verifier",
        "grant_type",
        "redirect_uri",
        "refresh_token",
    },
}


def is_client_text(text: str) -> bool:
    """Whether ``text`` may be a client id or secret: printable ASCII (RFC 6749, A.1 and A.2)."""
    return text.isascii() and text.isprintable()


class ClientHolder(Refusable):
    """A client's secrets, and what goes along with its requests.

    The secrets in order and the clients before this one are JSON texts: see
    integrations.models.oauth_clients. Who inherits has a ``client_id``, which may be empty or not.
    """

    name = models.CharField(max_length=100)
    toolkit = models.SlugField(max_length=64, help_text="A service of the catalog.")
    client_secret = SealedField(null=True)
    older_client_secrets = SealedField(null=True)
    former_clients = SealedField(null=True)
    parameters = models.JSONField(
        default=dict, blank=True, help_text="Values for the toolkit's URLs, such as base_url."
    )
    # By the id of a client of before: what it had of these. Its secrets and tokens go nowhere else.
    former_parameters = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), blank=True, editable=False
    )
    authorization_parameters = models.JSONField(
        default=dict, blank=True, help_text="Extra parameters of the authorization request."
    )
    token_parameters = models.JSONField(
        default=dict, blank=True, help_text="Extra parameters of every token request."
    )
    testing_mode = models.BooleanField(
        default=False,
        help_text="The provider has this app in testing, where it may end grants early (Google: "
        "after 7 days).",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def check_extra_parameters(self) -> None:
        """Refuse what the protocol sets itself. Raises ValidationError, which names the field."""
        for field, reserved in RESERVED_PARAMETERS.items():
            if taken := sorted(reserved & set(getattr(self, field))):
                raise ValidationError({field: f"Evergrant sets {', '.join(taken)} itself."})
