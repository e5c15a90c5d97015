"""Logos as they are uploaded by people, and by people who want to do harm."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from integrations.branding.logos import LARGEST_BYTES, SIDE, draw_anew, remove_logo, set_logo
from integrations.errors import LogoRefused
from integrations.models import Project, ProjectLogo

SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def picture(kind: str, size: tuple[int, int] = (64, 64), mode: str = "RGB", **more: Any) -> bytes:
    written = BytesIO()
    Image.new(mode, size, 120 if mode in {"L", "P"} else None).save(written, kind, **more)
    return written.getvalue()


def opened(png: bytes) -> Image.Image:
    image = Image.open(BytesIO(png))
    image.load()
    return image


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG whose head is of a giant; its pixels are a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_becomes_a_small_png(kind: str, mode: str) -> None:
    image = opened(draw_anew(picture(kind, (800, 400), mode)))
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (SIDE, SIDE // 2))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "I;16"])
def test_every_kind_of_png_is_taken(mode: str) -> None:
    assert opened(draw_anew(picture("PNG", mode=mode))).size == (64, 64)


def test_a_printers_jpeg_is_taken() -> None:
    assert opened(draw_anew(picture("JPEG", mode="CMYK"))).mode == "RGBA"


def test_what_shines_through_goes_on_shining_through() -> None:
    assert opened(draw_anew(picture("PNG", mode="RGBA"))).getpixel((0, 0)) == (0, 0, 0, 0)


def test_a_photo_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    assert opened(draw_anew(picture("JPEG", (100, 50), exif=exif))).size == (50, 100)


def test_nothing_but_pixels_is_kept() -> None:
    told = PngInfo()
    told.add_text("Comment", "<?php canary ?>")
    exif = Image.Exif()
    exif[0x010E] = "canary"
    for uploaded in (
        picture("PNG", pnginfo=told, icc_profile=b"canary"),
        picture("JPEG", exif=exif, comment=b"canary"),
        picture("PNG") + b"PK\x03\x04canary<script>",
    ):
        assert b"canary" in uploaded
        png = draw_anew(uploaded)
        assert b"canary" not in png
        assert not opened(png).info


@pytest.mark.parametrize(
    "data",
    [
        b"",
        SCRIPT,
        b"<?xml version='1.0'?>" + SCRIPT,
        b"\x89PNG\r\n\x1a\n" + SCRIPT,
        b"\xff\xd8\xff" + SCRIPT,
        b"%PDF-1.7 ",
        b"GIF89a" + SCRIPT,
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
    ],
    ids=repr,
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(LogoRefused):
        draw_anew(data)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
def test_other_kinds_of_pictures_are_refused(kind: str) -> None:
    with pytest.raises(LogoRefused, match="PNG, JPEG or WebP"):
        draw_anew(picture(kind))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_breaks_off_is_refused(kind: str) -> None:
    whole = picture(kind, (200, 200), quality=95)
    with pytest.raises(LogoRefused):
        draw_anew(whole[: len(whole) * 2 // 3])


def test_a_picture_that_claims_to_be_a_giant_is_refused_unread() -> None:
    with pytest.raises(LogoRefused, match="million pixels"):
        draw_anew(png_that_claims(2500, 2500))
    with pytest.raises(LogoRefused):
        draw_anew(png_that_claims(100_000, 100_000))


def test_a_bomb_of_real_pixels_is_refused() -> None:
    bomb = picture("PNG", (8000, 8000), "1")
    assert len(bomb) < LARGEST_BYTES
    with pytest.raises(LogoRefused):
        draw_anew(bomb)


def test_a_bomb_in_a_text_is_refused() -> None:
    told = PngInfo()
    told.add_text("Comment", "x" * 50_000_000, zip=True)
    bomb = picture("PNG", pnginfo=told)
    assert len(bomb) < LARGEST_BYTES
    with pytest.raises(LogoRefused):
        draw_anew(bomb)


def test_a_giant_webp_is_refused() -> None:
    giant = picture("WEBP", (4000, 4000))
    assert len(giant) < LARGEST_BYTES
    with pytest.raises(LogoRefused, match="million pixels"):
        draw_anew(giant)


def test_more_than_256_kb_are_refused() -> None:
    with pytest.raises(LogoRefused, match="256 KB"):
        draw_anew(picture("PNG") + b"\0" * LARGEST_BYTES)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 2000), junk=st.binary(min_size=1, max_size=8), kind=st.integers(0, 2))
def test_a_damaged_picture_is_drawn_or_refused(place: int, junk: bytes, kind: int) -> None:
    whole = bytearray(picture(("PNG", "JPEG", "WEBP")[kind]))
    at = place % len(whole)
    whole[at : at + len(junk)] = junk
    try:
        png = draw_anew(bytes(whole))
    except LogoRefused:
        return
    assert max(opened(png).size) <= SIDE


@pytest.mark.django_db
def test_a_project_has_one_logo_and_knows_which() -> None:
    project = Project.objects.create(name="Acme")
    set_logo(project=project, data=picture("PNG"))
    first = project.logo_digest
    set_logo(project=project, data=picture("PNG", (32, 32)))
    row = ProjectLogo.objects.get()
    project.refresh_from_db()
    assert project.logo_digest == row.digest != first
    remove_logo(project=project)
    project.refresh_from_db()
    assert (project.logo_digest, ProjectLogo.objects.count()) == ("", 0)
