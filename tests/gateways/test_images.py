"""Uploads become pictures of our own making, or are refused before they cost anything."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.pictures import (
    PRETENDERS,
    encoded,
    opened,
    photo_with_gps,
    picture,
    png_that_claims,
)
from thserver.domain.errors import Invalid, Unavailable
from thserver.domain.media import KEPT_SIDE, THUMB_SIDE, Picture
from thserver.gateways import images
from thserver.gateways.images import Images


@pytest.fixture
def decoder() -> Iterator[Images]:
    decoder = Images()
    yield decoder
    decoder.close()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_the_four_kinds_are_taken(decoder: Images, kind: str) -> None:
    made = await decoder.prepare(picture(kind, (320, 240)))
    assert made.extension == "jpg"
    assert opened(made.data).size == (320, 240)
    assert opened(made.data).format == "JPEG"
    assert max(opened(made.thumb).size) == THUMB_SIDE


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16", "RGB"])
async def test_every_mode_of_a_png_is_taken(decoder: Images, mode: str) -> None:
    await decoder.prepare(encoded(Image.new(mode, (20, 10))))


async def test_a_picture_in_the_colours_of_print_is_taken(decoder: Images) -> None:
    made = await decoder.prepare(encoded(Image.new("CMYK", (20, 10)), "JPEG"))
    assert opened(made.data).mode == "RGB"


async def test_what_is_transparent_stays_so(decoder: Images) -> None:
    made = await decoder.prepare(encoded(Image.new("RGBA", (300, 300), (255, 0, 0, 100))))
    assert made.extension == "png"
    assert opened(made.data).getpixel((5, 5)) == (255, 0, 0, 100)
    assert opened(made.thumb).mode == "RGBA"


async def test_an_alpha_channel_that_hides_nothing_is_dropped(decoder: Images) -> None:
    made = await decoder.prepare(encoded(Image.new("RGBA", (30, 30), (255, 0, 0, 255))))
    assert made.extension == "jpg"


async def test_the_place_where_a_photo_was_taken_is_gone_and_it_stands_upright(decoder: Images) -> None:
    made = await decoder.prepare(photo_with_gps(orientation=6))
    for data in (made.data, made.thumb):
        image = opened(data)
        assert not image.getexif()
        assert b"Exif" not in data
        assert image.height > image.width


async def test_comments_and_profiles_are_gone(decoder: Images) -> None:
    data = encoded(Image.new("RGB", (30, 30)), "JPEG", comment=b"a secret", icc_profile=b"profile" * 50)
    made = await decoder.prepare(data)
    assert b"secret" not in made.data
    assert b"profile" not in made.data


async def test_a_file_that_is_two_things_becomes_one(decoder: Images) -> None:
    polyglot = picture("GIF") + b"<script>alert(1)</script><?php system('id') ?>PK\x03\x04"
    made = await decoder.prepare(polyglot)
    assert b"script" not in made.data
    assert b"php" not in made.data
    assert b"PK\x03\x04" not in made.data


async def test_of_a_moving_picture_the_first_frame_is_kept(decoder: Images) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        made = opened((await decoder.prepare(data)).data)
        red, green, blue = made.convert("RGB").getpixel((20, 20))  # type: ignore[misc]
        assert (red > 200, green < 60, blue < 60) == (True, True, True), kind


async def test_a_hundred_thousand_frames_cost_no_more_than_one(decoder: Images) -> None:
    one = Image.new("L", (8, 8))
    two = Image.new("L", (8, 8), 255)
    data = encoded(one, "GIF", save_all=True, append_images=[two])
    frame = data[data.rindex(b"\x21\xf9") : -1]
    begun = time.process_time()
    await decoder.prepare(data[:-1] + frame * 100_000 + b";")
    assert time.process_time() - begun < 1


async def test_what_is_very_large_is_kept_smaller(decoder: Images) -> None:
    made = await decoder.prepare(picture("JPEG", (5000, 2500)))
    assert opened(made.data).size == (KEPT_SIDE, KEPT_SIDE // 2)


@pytest.mark.parametrize("kind", list(PRETENDERS))
async def test_what_is_no_image_is_refused(decoder: Images, kind: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await decoder.prepare(PRETENDERS[kind])
    assert refusal.value.problems == {"image": "not_an_image"}


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (6_400, 6_400)])
async def test_a_picture_of_too_many_pixels_is_refused_by_its_header(
    decoder: Images, size: tuple[int, int]
) -> None:
    begun = time.process_time()
    with pytest.raises(Invalid):
        await decoder.prepare(png_that_claims(*size))
    assert time.process_time() - begun < 1


async def test_a_file_that_lies_about_its_size_is_refused(decoder: Images) -> None:
    with pytest.raises(Invalid) as refusal:
        await decoder.prepare(png_that_claims(6000, 6000))
    assert refusal.value.problems == {"image": "not_an_image"}


async def test_a_file_of_too_many_bytes_is_refused(decoder: Images) -> None:
    with pytest.raises(Invalid) as refusal:
        await decoder.prepare(picture() + b"\0" * images.LARGEST_UPLOAD)
    assert refusal.value.problems == {"image": "image_too_large"}


async def test_random_damage_never_does_more_than_refuse(decoder: Images) -> None:
    for kind in ("PNG", "JPEG", "GIF", "WEBP"):
        data = encoded(Image.effect_noise((60, 60), 90).convert("RGB"), kind)
        for position in range(0, len(data), max(1, len(data) // 60)):
            damaged = data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]
            with contextlib.suppress(Invalid):
                await decoder.prepare(damaged)


async def test_when_too_many_are_waiting_others_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slowly(data: bytes) -> Picture:
        go_on.wait(10)
        return Picture(data, data, "jpg")

    monkeypatch.setattr(images, "prepare", slowly)
    decoder = Images(threads=1, queue=1)
    waiting = [asyncio.ensure_future(decoder.prepare(b"x")) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await decoder.prepare(b"x")
    # Whoever gives up does not make room: his picture is still being decoded.
    waiting[0].cancel()
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await decoder.prepare(b"x")
    go_on.set()
    assert (await waiting[1]).extension == "jpg"
    await asyncio.sleep(0)
    assert (await decoder.prepare(b"y")).data == b"y"
    decoder.close()
