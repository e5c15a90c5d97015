"""Takes in a project's logo: what was uploaded is drawn anew, and nothing else of it is kept.

So no metadata, no script and no second file that hides in the first is ever handed out.
"""

from __future__ import annotations

import hashlib
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Final

from django.db import transaction
from PIL import Image, ImageOps

from integrations.errors import LogoRefused
from integrations.models import ProjectLogo

if TYPE_CHECKING:
    from integrations.models import Project

LARGEST_BYTES: Final = 256 * 1024
# A small file may claim to be a picture that fills the memory.
MOST_PIXELS: Final = 4_000_000
SIDE: Final = 256
_FORMATS: Final = ("PNG", "JPEG", "WEBP")


def set_logo(*, project: Project, data: bytes) -> None:
    """Make ``data`` the project's logo.

    Raises:
        LogoRefused: it is no PNG, JPEG or WebP, or too large; nothing is changed.
    """
    store_logo(project=project, png=draw_anew(data))


def store_logo(*, project: Project, png: bytes) -> None:
    """Make what `draw_anew` returned the project's logo."""
    digest = hashlib.sha256(png).hexdigest()
    with transaction.atomic():
        ProjectLogo.objects.update_or_create(
            project=project, defaults={"digest": digest, "png": png}
        )
        project.logo_digest = digest
        project.save(update_fields=["logo_digest"])


def remove_logo(*, project: Project) -> None:
    """Go back to the project's initials; again does no harm."""
    with transaction.atomic():
        ProjectLogo.objects.filter(project=project).delete()
        project.logo_digest = ""
        project.save(update_fields=["logo_digest"])


def draw_anew(data: bytes) -> bytes:
    """Return a PNG of at most 256 by 256 with the pixels of ``data``. Raises LogoRefused."""
    if not data:
        raise LogoRefused
    if len(data) > LARGEST_BYTES:
        raise LogoRefused(f"The logo is larger than {LARGEST_BYTES // 1024} KB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _drawn(data)
    except LogoRefused:
        raise
    except Exception as error:  # decoders stumble over broken pictures in many ways
        raise LogoRefused from error


def _drawn(data: bytes) -> bytes:
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        # Known from the head; nothing is decoded yet.
        if image.width * image.height > MOST_PIXELS:
            raise LogoRefused(f"The logo has more than {MOST_PIXELS // 1_000_000} million pixels.")
        image.load()
        upright = ImageOps.exif_transpose(image)
        pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB").convert("RGBA")
    pixels.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    # A picture that never had anything but pixels.
    bare = Image.new("RGBA", pixels.size)
    bare.paste(pixels)
    written = BytesIO()
    bare.save(written, "PNG", optimize=True)
    return written.getvalue()
