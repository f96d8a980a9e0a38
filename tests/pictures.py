"""Pictures for tests, made on the spot: good ones, and files that only pretend."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

GPS = 0x8825
ORIENTATION = 0x0112


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(kind: str = "JPEG", size: tuple[int, int] = (300, 200), colour: Any = "teal") -> bytes:
    return encoded(Image.new("RGB", size, colour), kind)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def photo_with_gps(*, orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS).update({1: "N", 2: (47.0, 22.0, 30.0)})
    return encoded(Image.new("RGB", (300, 100), "teal"), "JPEG", exif=exif)


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes whose header promises a huge picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


PRETENDERS: dict[str, bytes] = {
    "empty": b"",
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "elf": b"\x7fELF\x02\x01\x01" + b"\0" * 100,
    "a header only": b"\x89PNG\r\n\x1a\n",
    "a cut PNG": encoded(Image.effect_noise((200, 200), 90))[:5000],
    "a cut JPEG": encoded(Image.effect_noise((200, 200), 90), "JPEG")[:3000],
    "a bitmap": encoded(Image.new("RGB", (10, 10)), "BMP"),
    "a tiff": encoded(Image.new("RGB", (10, 10)), "TIFF"),
    "an icon": encoded(Image.new("RGB", (32, 32)), "ICO"),
    "too many scans": picture() + b"\xff\xda" * 200,
}
