"""Names and addresses of uploaded pictures."""

from __future__ import annotations

import pytest

from tests.domain.test_people import person
from thserver.domain import media

ID = "0123456789abcdef0123456789abcdef.jpg"


def test_a_picture_and_its_thumbnail_have_addresses() -> None:
    image = media.Image(ID)
    assert image.url_path == f"/media/{ID}"
    assert image.thumb_path == "/media/0123456789abcdef0123456789abcdef-thumb.jpg"


@pytest.mark.parametrize(
    ("url", "image_id"),
    [
        (f"/media/{ID}", ID),
        (f"http://127.0.0.1:8888/media/{ID}", ID),
        (f"https://api.example.com/media/{ID}?x=1", None),
        (f"/elsewhere/media/{ID}", None),
        ("/media/../secret.jpg", None),
        ("/media/0123.jpg", None),
        ("https://example.com/me.jpg", None),
        ("", None),
        (None, None),
    ],
)
def test_only_our_own_addresses_carry_an_id(url: str | None, image_id: str | None) -> None:
    assert media.image_id_in(url) == image_id
    assert person(image_url=url).avatar_id == image_id
