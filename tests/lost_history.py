"""Makes the database refuse to go on where the changes were read last, as when its log was cut off meanwhile."""

from __future__ import annotations

from thserver.services.live import Live

UNKNOWN_POSITION = {"_data": "no position at all"}


async def lose_history(live: Live) -> None:
    """Break the stream; at its next opening the position is one that MongoDB does not take."""
    changes = live._changes
    opening = changes.open

    async def with_unknown_position() -> None:
        changes.open = opening  # type: ignore[method-assign]
        changes._position = UNKNOWN_POSITION
        await opening()

    changes.open = with_unknown_position  # type: ignore[method-assign]
    assert changes._stream is not None
    await changes._stream.close()
