"""Counting bookings again: nothing differs after calls of every sort, and whatever is changed by hand is named."""

from __future__ import annotations

import pytest

from tests.booking_makers import World
from tests.money_makers import later, make_call, make_conference, settle
from thserver.domain.bookings import State


async def test_after_calls_of_every_sort_everything_agrees(world: World) -> None:
    await make_call(world)
    await make_call(world, seconds=30)
    dropped = await make_call(world, seconds=300)
    assert dropped.booking.starts is not None
    again = dropped.conferences[0].ended
    await make_conference(world, dropped.booking, starts=again, host=((60, 400),), guest=((60, 400),))
    later(world, seconds=600)
    await settle(world)
    later(world, minutes=20)
    done: list[int] = []
    assert await world.services.booking_recount.check(done.append) == []
    assert sum(done) == await world.services.booking_recount.count() == 3


async def test_what_has_just_changed_is_left_to_the_next_count(world: World) -> None:
    call = await make_call(world)
    assert await world.services.booking_recount.check() == []
    later(world, minutes=9)
    assert await world.services.booking_recount.check() == []
    later(world, minutes=2)
    (line,) = await world.services.booking_recount.check()
    assert line == f"booking {call.booking.id}: conference {call.conferences[0].sid} is over and not settled"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("charges", "delete", {}), "a talk without a charge"),
        (("charges", "set", {"minutes": 31}), "31 minutes, 30 by the conferences"),
        (("charges", "set", {"price_in_cents": 1}), "1 cents for 30 minutes at 100"),
        (("charges", "set", {"conference_sid": "CF_none"}), "a talk without a charge"),
        (("conferences", "set", {"legs": []}), "a charge without a talk"),
        (("conferences", "set", {"settled": False}), "is over and not settled"),
        (("conferences", "delete", {}), "host and guest were never on the line together"),
        (("bookings", "set", {"state": State.MISSED.value}), "host and guest talked, and it is missed"),
        (("bookings", "delete", {}), "which is not there"),
    ],
)
async def test_what_does_not_agree_is_named(
    world: World, change: tuple[str, str, dict[str, object]], said: str
) -> None:
    await make_call(world)
    await settle(world)
    later(world, minutes=20)
    name, what, values = change
    collection = getattr(world.database, name)._collection
    await (collection.delete_one({}) if what == "delete" else collection.update_one({}, {"$set": values}))
    assert any(said in line for line in await world.services.booking_recount.check())
