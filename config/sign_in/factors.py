"""What allauth asks about second factors: where their secrets are kept, how they are shown."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import qrcode
from allauth.mfa.adapter import DefaultMFAAdapter
from django.utils.html import format_html

from integrations.second_factors import factor_secret, keep_factor_secret
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from allauth.mfa.models import Authenticator
    from django.contrib.auth.models import User
    from django.utils.safestring import SafeString

NAME = "Evergrant"


class OperatorMfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets in sealed columns; a QR code without anything that the pages' policy forbids."""

    def encrypt(self, text: str) -> str:
        """Keep the secret, and return what allauth may have in its place."""
        return keep_factor_secret(Secret(text))

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret that `encrypt` kept."""
        return factor_secret(encrypted_text).reveal()

    def get_totp_issuer(self) -> str:
        return NAME

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": NAME}

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's
        """Return what a passkey is called unless its owner says better."""
        return "Passkey"

    def build_totp_svg(self, url: str) -> SafeString:
        """Return the QR code as an SVG element: one path, no style, no size of its own."""
        code = qrcode.QRCode(border=2)
        code.add_data(url)
        rows = code.get_matrix()
        return format_html(
            '<svg class="qr" viewBox="0 0 {0} {0}" role="img" '
            'aria-label="QR code for your authenticator app"><path d="{1}"/></svg>',
            len(rows),
            "".join(_bars(rows)),
        )


def _bars(rows: list[list[bool]]) -> Iterator[str]:
    """Yield a bar for each run of dark squares in a row."""
    for y, row in enumerate(rows):
        x = 0
        for dark, squares in groupby(row):
            width = len(list(squares))
            if dark:
                yield f"M{x} {y}h{width}v1h-{width}z"
            x += width
