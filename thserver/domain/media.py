"""Pictures that people upload: what they are called, where they are reached, and how large they may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Purpose = Literal["avatar", "logo"]

LARGEST_UPLOAD = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
# Nothing is kept larger than this, whatever was uploaded; a thumbnail's longer side.
KEPT_SIDE = 2048
THUMB_SIDE = 200

ADDRESS = re.compile(r"(?:https?://[^/?#]+)?/media/([0-9a-f]{32}\.(?:jpg|png))")


@dataclass(frozen=True, slots=True)
class Picture:
    """An upload that was decoded and encoded anew, but not kept yet. `extension` is jpg or png."""

    data: bytes
    thumb: bytes
    extension: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that is kept. `id` carries 128 random bits and the extension: `5d41….jpg`."""

    id: str

    @property
    def url_path(self) -> str:
        return url_path(self.id)

    @property
    def thumb_path(self) -> str:
        return url_path(thumb_id(self.id))


def url_path(image_id: str) -> str:
    return f"/media/{image_id}"


def thumb_id(image_id: str) -> str:
    """`5d41….jpg` → `5d41…-thumb.jpg`"""
    name, _, extension = image_id.rpartition(".")
    return f"{name}-thumb.{extension}"


def image_id_in(url: str | None) -> str | None:
    """The id in an address that looks like one of ours, whatever host it names."""
    found = ADDRESS.fullmatch(url) if url else None
    return found[1] if found else None
