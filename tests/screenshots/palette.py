"""Makes a picture small enough to be kept with the code: 256 colours are enough for a page."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

COLOURS: Final = 256


def small(png: bytes) -> bytes:
    """Return the picture with a palette instead of true colours."""
    with Image.open(io.BytesIO(png)) as picture:
        flat = picture.convert("RGB")
        few = flat.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    written = io.BytesIO()
    few.save(written, "PNG", optimize=True)
    return written.getvalue()
