"""Pillow in a small pool of threads: takes any upload, gives back a harmless picture of our own making, or refuses."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from PIL import Image, ImageOps

from thserver.domain.errors import Invalid, Unavailable
from thserver.domain.media import KEPT_SIDE, LARGEST_UPLOAD, MOST_PIXELS, THUMB_SIDE, Picture

log = logging.getLogger("thserver.images")

READ = ("PNG", "JPEG", "GIF", "WEBP")
# A progressive JPEG of a few kilobytes can ask for thousands of passes over all its pixels; real ones have about ten.
MOST_SCANS = 100
START_OF_SCAN = b"\xff\xda"
# A picture of so many pixels takes 60 MB and more while it is decoded; one of these at a time.
LARGE = 15_000_000
one_at_a_time = threading.Lock()
# One block for any picture that we take: in Pillow's own blocks of 16 MB the C library keeps much of it for good.
Image.core.set_block_size(256 * 1024 * 1024)
DEEP_GREY = ("I", "F", "I;16", "I;16L", "I;16B")


class Images:
    """`queue` is how many uploads may wait before others are sent away."""

    def __init__(self, *, threads: int = 2, queue: int = 20) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="images")
        self._room = threads + queue

    async def prepare(self, data: bytes) -> Picture:
        """The picture, encoded anew without anything but its pixels, and its thumbnail.

        Raises Invalid(image="not_an_image" | "image_too_large"), or Unavailable when too many are waiting.
        """
        if len(data) > LARGEST_UPLOAD:
            raise Invalid(image="image_too_large")
        if self._room <= 0:
            raise Unavailable(retry_after=2)
        self._room -= 1
        work = asyncio.get_running_loop().run_in_executor(self._pool, prepare, data)
        work.add_done_callback(self._make_room)
        # The thread goes on when the caller has given up; its place is free only when it is done.
        return await asyncio.shield(work)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _make_room(self, work: asyncio.Future[Picture]) -> None:
        self._room += 1
        if not work.cancelled():
            work.exception()


def prepare(data: bytes) -> Picture:
    if data.count(START_OF_SCAN) > MOST_SCANS and data.startswith(b"\xff\xd8"):
        raise Invalid(image="not_an_image")
    try:
        with Image.open(BytesIO(data), formats=READ) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Invalid(image="image_too_large")
            # A JPEG is decoded at the smallest scale that is still large enough.
            image.draft(None, (KEPT_SIDE, KEPT_SIDE))
            with one_at_a_time if image.width * image.height > LARGE else contextlib.nullcontext():
                plain = _plain(image)
            return _encoded(plain)
    except Invalid:
        raise
    except Image.DecompressionBombError as error:
        raise Invalid(image="image_too_large") from error
    except Exception as error:
        # What a broken or hostile file does to its decoder is not foreseeable: OSError, SyntaxError, struct.error …
        log.info("an upload is no image: %s", type(error).__name__)
        raise Invalid(image="not_an_image") from error


def _plain(image: Image.Image) -> Image.Image:
    """The first frame as RGB or RGBA, upright, no larger than we keep."""
    image.load()
    if image.mode in DEEP_GREY:
        # Sixteen bits of grey; Pillow would cut off instead of scaling.
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    has_alpha = image.has_transparency_data
    mode = "RGBA" if has_alpha else "RGB"
    plain = image
    if image.mode != mode:
        plain = image.convert(mode)
        image.close()
    if max(plain.size) > KEPT_SIDE:
        # By a whole number first: that is fast and needs no second picture of full size.
        whole = plain
        plain = whole.reduce(max(whole.size) // KEPT_SIDE)
        whole.close()
        plain.thumbnail((KEPT_SIDE, KEPT_SIDE))
    plain = ImageOps.exif_transpose(plain)
    if has_alpha and plain.getchannel("A").getextrema() == (255, 255):
        plain = plain.convert("RGB")
    return plain


def _encoded(image: Image.Image) -> Picture:
    thumb = image.copy()
    thumb.thumbnail((THUMB_SIDE, THUMB_SIDE))
    extension = "png" if image.mode == "RGBA" else "jpg"
    return Picture(_bytes(image, extension), _bytes(thumb, extension), extension)


def _bytes(image: Image.Image, extension: str) -> bytes:
    # Whatever came along with the pixels (EXIF with its GPS position, profiles, comments) ends here.
    image.info = {}
    image.getexif().clear()
    out = BytesIO()
    if extension == "png":
        image.save(out, "PNG", compress_level=3)
    else:
        image.save(out, "JPEG", quality=85)
    return out.getvalue()
