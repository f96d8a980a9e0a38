"""The files of an exported person: their names, and the rules that a file from elsewhere must keep before it is read."""

from __future__ import annotations

import re

FORMAT = "thserver-person"
VERSION = 1
MANIFEST = "manifest.json"

# A person's own data is small; what is larger is no export of ours.
MOST_FILES = 2000
LARGEST_JSON = 64 * 1024 * 1024
# Of what is read and not only kept: a file of nothing but brackets takes thirty times its size in memory.
LARGEST_TAKEN_OVER = 8 * 1024 * 1024
LARGEST_PICTURE = 12 * 1024 * 1024
LARGEST_IN_ALL = 512 * 1024 * 1024

_JSON = re.compile(r"data/[a-z_]{1,40}\.json")
_PICTURE = re.compile(r"media/[0-9a-f]{32}\.(jpg|png)")


def part_file(name: str) -> str:
    return f"data/{name}.json"


def picture_file(image_id: str) -> str:
    return f"media/{image_id}"


def most_bytes(name: str) -> int | None:
    """How large a file of this name may be; None for a name that no export has."""
    if name == MANIFEST or _JSON.fullmatch(name):
        return LARGEST_JSON
    return LARGEST_PICTURE if _PICTURE.fullmatch(name) else None
