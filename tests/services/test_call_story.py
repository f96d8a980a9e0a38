"""The story of a booking is all there, in the order of time, and no list or number of the console reads everything."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.booking_makers import (
    World,
    agree_on_call,
    make_agreed_booking,
    make_caller,
    make_host,
    make_request,
)
from tests.meeting_makers import make_meeting, make_member
from tests.money_makers import later, make_call, settle
from thserver.domain.bookings import Kind, State
from thserver.domain.errors import NotFound
from thserver.services.call_story import Filter, Story


def whats(story: Story) -> list[str]:
    return [str(moment.what) for moment in story.moments]


async def test_a_settled_call_is_told_from_its_request_to_the_refund(world: World) -> None:
    call = await make_call(world, seconds=1800, agree=agree_on_call)
    await settle(world)
    later(world, minutes=10)
    await world.services.billing.refund(call.charge_id, 500, key="desk-1")
    await world.services.background.idle()
    story = await world.services.call_stories.story(call.booking.id)
    told = whats(story)
    order = [
        "requested", "accepted", "agreed", "conference_started", "conference_ended", "billed", "charged",
        "entered", "refund_asked",
    ]  # fmt: skip
    places = [told.index(what) for what in order if what in told]
    assert len(places) == len(order), told
    assert places == sorted(places), told
    assert told.count("joined") == told.count("left") == 2
    assert "held" in told
    assert all(one.at <= other.at for one, other in pairwise(story.moments))
    assert story.seconds_talked == 1800
    assert [(stay.person_id, stay.left is not None) for stay in story.stays] == [
        (call.host.id, True), (call.guest.id, True),
    ]  # fmt: skip
    [accepted] = [each for each in story.moments if each.what == "accepted"]
    assert len(accepted.facts["times"]) == 3
    assert {row.purpose.value for row in story.said} >= {"notice", "receipt"}
    assert all(row.sealed is None and row.instead is None for row in story.said)
    assert [entry.what for entry in story.entries_of(call.charge_id)] == ["billed", "paid", "refunded"]


async def test_a_meeting_shows_its_credits(world: World) -> None:
    booking = await make_meeting(world, await make_member(world), await make_member(world))
    story = await world.services.call_stories.story(booking.id)
    assert [entry.id for entry in story.credits] == [f"hold:{booking.id}"]
    assert "credits" in whats(story)


async def test_a_booking_that_nobody_made_has_no_story(world: World) -> None:
    with pytest.raises(NotFound):
        await world.services.call_stories.story(4711)


async def test_the_list_is_narrowed_and_paged(world: World) -> None:
    host, hero = await make_host(world)
    guests = [await make_caller(world) for _ in range(3)]
    asked = [await make_request(world, guest, hero) for guest in guests]
    agreed = await make_agreed_booking(world, await make_caller(world), hero)
    stories = world.services.call_stories
    assert agreed.starts is not None

    async def numbers(older: int | None = None, **wanted: object) -> list[int]:
        page = await stories.page(Filter(**wanted), older=older, limit=2)  # type: ignore[arg-type]
        return [booking.id for booking in page.bookings]

    first = await stories.page(Filter(), limit=2)
    assert [each.id for each in first.bookings] == [agreed.id, asked[2].id]
    assert first.older == asked[2].id
    assert await numbers(first.older) == [asked[1].id, asked[0].id]
    assert (await stories.page(Filter(), older=asked[1].id, limit=2)).older is None
    assert await numbers(states=(State.AGREED,)) == [agreed.id]
    assert await numbers(kinds=(Kind.SESSION,)) == []
    assert await numbers(person=str(guests[0].id)) == [asked[0].id]
    assert await numbers(person=guests[1].phone) == [asked[1].id]
    assert await numbers(person=guests[2].email) == [asked[2].id]
    assert await numbers(person="nobody@example.com") == []
    assert await numbers(room=agreed.room) == [agreed.id, asked[2].id]
    day = timedelta(days=1)
    assert await numbers(first=agreed.starts, last=agreed.starts + day) == [agreed.id]
    assert await numbers(first=agreed.starts + day, last=agreed.starts + 2 * day) == []
    assert set(first.people) >= {host.id, guests[2].id}


async def test_the_numbers_of_the_day(world: World) -> None:
    call = await make_call(world, seconds=1800)
    await settle(world)
    await world.services.billing.refund(call.charge_id, 500)
    await world.services.background.idle()
    overview = await world.services.overviews.numbers(call.host.zone)
    today = overview.today
    assert (today.calls, today.minutes, today.taken_in_cents, today.given_back_in_cents) == (1, 30, 3000, 500)
    assert today.texts_sent >= 2
    assert (len(overview.hours), len(overview.days)) == (24, 14)
    assert sum(each.calls for each in overview.hours) == 1
    later(world, days=20)
    assert (await world.services.overviews.numbers()).today.calls == 0


async def test_nothing_that_the_console_asks_reads_a_whole_collection(world: World) -> None:
    call = await make_call(world)
    await settle(world)
    await world.services.billing.refund(call.charge_id, 100)
    services, raw = world.services, world.database._database
    now = services.clock.now()
    await raw.command("profile", 2)
    try:
        for wanted in (
            Filter(),
            Filter(states=(State.HELD,)),
            Filter(kinds=(Kind.CALL,)),
            Filter(person=str(call.guest.id)),
            Filter(person=call.guest.phone or ""),
            Filter(room=call.booking.room),
            Filter(first=now - timedelta(days=1), last=now),
            Filter(
                first=now - timedelta(days=1), last=now, person=str(call.guest.id), room=call.booking.room
            ),
        ):
            await services.call_stories.page(wanted, older=5_000_000)
        await services.call_stories.story(call.booking.id)
        await services.overviews.numbers()
        await services.money_desk.view()
        await services.sweeps.view()
    finally:
        await raw.command("profile", 0)
    found = [
        each async for each in raw["system.profile"].find({"planSummary": {"$exists": True}})
    ]  # fmt: skip
    await raw["system.profile"].drop()
    asked = {each["ns"].partition(".")[2] for each in found}
    assert asked >= {
        "bookings",
        "calls",
        "outbox",
        "charges",
        "ledger",
        "conferences",
        "wallets",
        "purchases",
    }
    assert [(each["ns"], each["command"]) for each in found if "COLLSCAN" in each["planSummary"]] == []
    # Sorted by the index, not in memory.
    assert [each["command"] for each in found if each["ns"].endswith("bookings") and each.get("hasSortStage")] == []  # fmt: skip
