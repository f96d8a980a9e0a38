"""A mentor's time is booked once: slots, windows, and all who ask for them at once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.booking_makers import World, make_caller, make_request
from tests.clients.http import Api
from tests.clients.mentors import MentorsClient
from tests.fakes.clock import FakeClock
from tests.handlers.mentors.session_makers import HALF, HOUR, sign_in, text
from thserver.domain.heroes import Hero
from thserver.services.all import Services

OUTSIDE = {"non_field_errors": ["The session must be inside the mentor's availability."]}
TAKEN = {"non_field_errors": ["A session with this mentor is already scheduled during this time."]}


async def statuses(client: MentorsClient) -> list[str]:
    return [slot["status"] for slot in await client("GET", "/availabilty/", v2=True)]


@pytest.mark.parametrize(("minutes_in", "length"), [(-30, 30), (-1, 30), (31, 30), (1, 60), (60, 30)])
async def test_a_session_lies_inside_its_window(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime, minutes_in: int, length: int
) -> None:
    window = await mentor.publish(start, start + HOUR)
    answer = await mentee.ask(window["pk"], start + timedelta(minutes=minutes_in), length, expect=400)
    assert answer == OUTSIDE


async def test_an_hour_may_span_two_adjacent_slots(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime
) -> None:
    slots = await mentor.publish(start, start + 2 * HOUR, v2=True)
    session = await mentee.ask(slots[1]["pk"], start + HALF, 60)
    assert session["mentor_availability"] == slots[1]["pk"]
    assert await statuses(mentor) == ["Open", "Booked", "Booked", "Open"]
    # The last slot has no neighbour, and a slot is asked for by its own pk.
    assert await mentee.ask(slots[3]["pk"], start + 3 * HALF, 60, expect=400) == OUTSIDE
    assert await mentee.ask(slots[0]["pk"], start + 3 * HALF, 30, expect=400) == OUTSIDE
    for slot, status in zip(slots, (204, 400, 400, 204), strict=True):
        await mentor("DELETE", f"/availabilty/{slot['pk']}/", expect=status)


async def test_a_wide_window_is_open_while_half_an_hour_is_left_in_it(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime
) -> None:
    window = await mentor.publish(start, start + HOUR)
    await mentee.ask(window["pk"], start + HALF)
    assert await statuses(mentor) == ["Open"]
    await mentee.ask(window["pk"], start)
    assert await statuses(mentor) == ["Booked"]


async def test_the_mentor_is_not_booked_twice(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime
) -> None:
    window = await mentor.publish(start, start + 2 * HOUR)
    await mentee.ask(window["pk"], start + HALF, 60)
    for minutes_in, length in ((0, 60), (30, 30), (60, 30), (60, 60), (15, 30), (89, 30)):
        answer = await mentee.ask(window["pk"], start + timedelta(minutes=minutes_in), length, expect=400)
        assert answer == TAKEN
    await mentee.ask(window["pk"], start)
    await mentee.ask(window["pk"], start + 3 * HALF)


async def test_canceling_frees_the_slot_at_once(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime
) -> None:
    (slot,) = await mentor.publish(start, start + HALF, v2=True)
    for say in ((mentee, "Canceled"), (mentor, "Canceled")):
        session = await mentee.ask(slot["pk"], start)
        assert await statuses(mentor) == ["Booked"]
        await say[0].say(session["pk"], say[1])
        assert await statuses(mentor) == ["Open"]
    session = await mentee.ask(slot["pk"], start)
    await mentor.say(session["pk"], "Confirmed")
    await mentee.say(session["pk"], "Canceled")
    await mentor("DELETE", f"/availabilty/{slot['pk']}/", expect=204)


async def test_a_window_with_a_booked_slot_is_not_taken_back(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime
) -> None:
    window = await mentor.publish(start, start + HOUR)
    session = await mentee.ask(window["pk"], start)
    booked = {"non_field_errors": ["A session is booked in this availability."]}
    path = f"/availabilty/{window['pk']}/"
    assert await mentor("DELETE", path, expect=400) == booked
    await mentor.say(session["pk"], "Confirmed")
    assert await mentor("DELETE", path, expect=400) == booked
    assert await mentor("GET", "/availabilty/") == [window]


async def test_of_a_hundred_who_ask_at_once_one_gets_the_slot(
    mentor: MentorsClient, api: Api, start: datetime, services: Services
) -> None:
    (slot,) = await mentor.publish(start, start + HALF, v2=True)
    mentees = await asyncio.gather(*(sign_in(api, services, f"mentee{n}") for n in range(100)))
    answers = await asyncio.gather(*(each.ask(slot["pk"], start, expect=None) for each in mentees))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 99
    assert all(answer.body == TAKEN for answer in answers if answer.status == 400)
    assert len(await mentor("GET", "/session/")) == 1
    winner = next(answer.body for answer in answers if answer.status == 201)
    # Of the losers nothing is left that would keep the window.
    await mentor.say(winner["pk"], "Canceled")
    await mentor("DELETE", f"/availabilty/{slot['pk']}/", expect=204)


@pytest.mark.parametrize("length", [30, 60])
async def test_taking_back_and_asking_at_once_never_both_succeed(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime, length: int
) -> None:
    for n in range(15):
        begin = start + n * 2 * HOUR
        slots = await mentor.publish(begin, begin + HOUR, v2=True)
        asked, deleted = await asyncio.gather(
            mentee.ask(slots[0]["pk"], begin, length, expect=None),
            mentor("DELETE", f"/availabilty/{slots[length // 30 - 1]['pk']}/", expect=None),
        )
        assert (asked.status, deleted.status) in ((201, 400), (400, 204)), (asked.body, deleted.body)


async def test_a_claim_that_a_dead_process_left_does_not_keep_a_window(
    mentor: MentorsClient, mentee: MentorsClient, services: Services, clock: FakeClock, start: datetime
) -> None:
    (slot,) = await mentor.publish(start, start + HALF, v2=True)
    await services.availability.claim(await services.availability.covering(slot["pk"], start, 30))
    await mentor("DELETE", f"/availabilty/{slot['pk']}/", expect=400)
    assert await statuses(mentor) == ["Open"]
    clock.set(clock.now() + timedelta(minutes=2))
    await mentor("DELETE", f"/availabilty/{slot['pk']}/", expect=204)


async def test_a_call_by_another_contract_takes_the_slot_and_is_refused_where_a_session_is(
    mentor: MentorsClient, mentee: MentorsClient, world: World, start: datetime, api: Api
) -> None:
    slots = await mentor.publish(start, start + HOUR, v2=True)
    await world.database.people.give_slug(mentor.pk, "Grace Hopper")
    hero = await make_hero_of(world, mentor.pk)
    caller = await make_caller(world)
    session = await mentee.ask(slots[0]["pk"], start)
    request = await make_request(world, caller, hero)
    request = await world.services.bookings.accept(
        request, mentor.pk, (start, start + HALF, start + 2 * HOUR)
    )
    token = await world.services.sign_in.give_token(caller.id, "heroes")
    path = f"/api/v1/call-requests/{request.id}/agreed-time/"
    answer = await api("PATCH", path, {"agreed_time": text(start)}, token=token)
    assert (answer.status, list(answer.body)) == (409, ["detail"])
    answer = await api("PATCH", path, {"agreed_time": text(start + HALF)}, token=token)
    assert answer.status == 200
    assert await statuses(mentor) == ["Booked", "Booked"]
    assert await mentee.ask(slots[1]["pk"], start + HALF, expect=400) == TAKEN
    await mentee.say(session["pk"], "Canceled")
    assert await statuses(mentor) == ["Open", "Booked"]


async def make_hero_of(world: World, person_id: int) -> Hero:
    now = world.services.clock.now()
    hero = Hero(
        id=5000, person_id=person_id, name="Grace Hopper", slug="grace-hopper", discipline="BE", title="T",
        description="D", position="P", company="C", short_bio="S", years_of_exp=3, rate_in_cents=100,
        linkedin_url="http://x.y", created=now, updated=now,
    )  # fmt: skip
    await world.database.heroes.add(hero)
    return await world.database.heroes.change(hero.id, {"accepted": True}, now=now)
