"""What the tests of gatherings send, and what is answered to it."""

from __future__ import annotations

from tests.handlers.gatherings.conftest import Join, Member

REQUIRED = "This field is required."
NOT_FOUND = {"detail": "Not found."}


async def three(join: Join) -> tuple[Member, Member, Member]:
    return await join("Ann"), await join("Ben"), await join("Cat")
