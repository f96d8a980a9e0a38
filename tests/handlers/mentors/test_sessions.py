"""Session and notification endpoints."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.booking_makers import World, make_caller, make_request
from tests.clients.http import Api
from tests.clients.mentors import SESSION, SESSION_WITH_NAMES, SETTINGS, MentorsClient
from tests.fakes.clock import FakeClock
from thserver.domain.bookings import Kind, State
from thserver.domain.heroes import Hero
from thserver.services.all import Services

HOUR = timedelta(hours=1)
HALF = timedelta(minutes=30)
OUTSIDE = {"non_field_errors": ["The session must be inside the mentor's availability."]}
TAKEN = {"non_field_errors": ["A session with this mentor is already scheduled during this time."]}
TOO_LATE = {"non_field_errors": ["The session can not be changed to this status any more."]}


@pytest.fixture
def start(clock: FakeClock) -> datetime:
    return clock.now() + 3 * HOUR


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def statuses(client: MentorsClient) -> list[str]:
    return [slot["status"] for slot in await client("GET", "/availabilty/", v2=True)]


async def test_a_session_is_asked_for_as_documented(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime
) -> None:
    window = await mentor.publish(start, start + 2 * HOUR)
    body = await mentee.ask(window["pk"], start, 60)
    assert list(body) == SESSION_WITH_NAMES
    assert body == {
        "pk": body["pk"],
        "mentor_first_name": "Grace",
        "mentor_last_name": "Hopper",
        "mentor_availability": window["pk"],
        "mentee": mentee.pk,
        "mentee_first_name": "Ada",
        "mentee_last_name": "Lovelace",
        "start_time": text(start),
        "end_time": text(start + HOUR),
        "status": "Pending",
        "session_length": 60,
    }


async def test_the_documented_form_of_a_start_is_taken(mentor: MentorsClient, mentee: MentorsClient) -> None:
    body = {"start_time": "2099-06-23T21:00:00Z", "end_time": "2099-06-23T23:00:00Z"}
    window = await mentor("POST", "/availabilty/", body, expect=201)
    sample = {
        "mentor_availability": window["pk"],
        "start_time": "2099-06-23T21:30:00.000Z",
        "session_length": 60,
    }
    session = await mentee("POST", "/sessionrequest/", sample, expect=201)
    assert (session["start_time"], session["end_time"]) == ("2099-06-23T21:30:00Z", "2099-06-23T22:30:00Z")


async def test_the_mentor_confirms_and_the_answer_is_as_documented(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime
) -> None:
    window = await mentor.publish(start, start + HOUR)
    asked = await mentee.ask(window["pk"], start)
    body = await mentor.say(asked["pk"], "Confirmed")
    assert list(body) == SESSION
    assert body == {**{name: asked[name] for name in SESSION}, "status": "Confirmed"}
    for client in (mentor, mentee):
        assert await client("GET", "/session/") == [body]
        assert await client("GET", "/archivesession/") == []


async def test_one_sees_ones_own_sessions_only(
    mentor: MentorsClient, mentee: MentorsClient, api: Api, start: datetime
) -> None:
    other = await MentorsClient(api).register("other")
    window = await mentor.publish(start, start + HOUR)
    session = await mentee.ask(window["pk"], start)
    assert await other("GET", "/session/") == []
    for status in ("Confirmed", "Canceled", "Completed"):
        assert await other.say(session["pk"], status, expect=404) == {"detail": "Not found."}
    for pk in ("999999999", "0", "-1", "abc", "%00"):
        await other("PATCH", f"/sessionrequest/{pk}", {"status": "Canceled"}, expect=404)


async def test_who_may_say_what(mentor: MentorsClient, mentee: MentorsClient, start: datetime) -> None:
    window = await mentor.publish(start, start + HOUR)
    session = (await mentee.ask(window["pk"], start))["pk"]
    denied = {"detail": "You do not have permission to perform this action."}
    assert await mentee.say(session, "Confirmed", expect=403) == denied
    for status in ("Completed", "Pending"):
        assert await mentor.say(session, status, expect=400) == TOO_LATE
    await mentor.say(session, "Confirmed")
    assert await mentor.say(session, "Confirmed", expect=400) == TOO_LATE
    assert (await mentee.say(session, "Canceled"))["status"] == "Canceled"
    assert await mentor.say(session, "Canceled", expect=400) == TOO_LATE
    assert await mentor.say(session, "Confirmed", expect=400) == TOO_LATE


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"status": ["This field is required."]}),
        ({"status": "confirmed"}, {"status": ['"confirmed" is not a valid choice.']}),
        ({"status": None}, {"status": ["This field may not be null."]}),
        ({"status": 1}, {"status": ["Not a valid string."]}),
        ({"status": ["Confirmed"]}, {"status": ["Not a valid string."]}),
    ],
)
async def test_a_status_is_one_of_four_words(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime, body: Any, expected: Any
) -> None:
    window = await mentor.publish(start, start + HOUR)
    session = await mentee.ask(window["pk"], start)
    assert await mentor("PATCH", f"/sessionrequest/{session['pk']}/", body, expect=400) == expected


async def test_nothing_but_the_status_is_changed(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime
) -> None:
    window = await mentor.publish(start, start + HOUR)
    session = await mentee.ask(window["pk"], start)
    forbidden = {
        "status": "Confirmed", "start_time": "2099-06-23T21:30:00Z", "session_length": 60, "mentee": 1,
        "rate_in_cents": 5, "state": "held", "host_id": 1, "pk": 1,
    }  # fmt: skip
    body = await mentor("PATCH", f"/sessionrequest/{session['pk']}", forbidden, expect=201)
    assert body == {**{name: session[name] for name in SESSION}, "status": "Confirmed"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mentor_availability": 999999}, "mentor_availability"),
        ({"mentor_availability": 2**62}, "mentor_availability"),
        ({"mentor_availability": -1}, "mentor_availability"),
        ({"mentor_availability": "x"}, "mentor_availability"),
        ({"mentor_availability": True}, "mentor_availability"),
        ({"mentor_availability": None}, "mentor_availability"),
        ({"mentor_availability": {"$gt": 0}}, "mentor_availability"),
        ({"session_length": 45}, "session_length"),
        ({"session_length": 0}, "session_length"),
        ({"session_length": 30.0}, "session_length"),
        ({"session_length": True}, "session_length"),
        ({"session_length": "sixty"}, "session_length"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"start_time": None}, "start_time"),
        ({"start_time": "1999-06-23T21:30:00.000Z"}, "start_time"),
    ],
)
async def test_a_hostile_request_is_refused_by_field(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime, changes: dict[str, Any], field: str
) -> None:
    window = await mentor.publish(start, start + HOUR)
    body = {"mentor_availability": window["pk"], "start_time": text(start), "session_length": 30, **changes}
    assert list(await mentee("POST", "/sessionrequest/", body, expect=400)) == [field]
    assert await mentee("GET", "/session/") == []
    await mentor("DELETE", f"/availabilty/{window['pk']}/", expect=204)


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


async def test_nobody_books_himself_or_a_hidden_mentor(
    mentor: MentorsClient, mentee: MentorsClient, start: datetime
) -> None:
    window = await mentor.publish(start, start + HOUR)
    own = await mentor.ask(window["pk"], start, expect=400)
    assert own == {"mentor_availability": ["You can not request a session with yourself."]}
    await mentor("PATCH", "/myprofile/", {"is_active": False})
    answer = await mentee.ask(window["pk"], start, expect=400)
    assert list(answer) == ["mentor_availability"]
    assert await mentee("GET", "/availabilty/") == []


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
    mentees = await asyncio.gather(*(MentorsClient(api).register(f"mentee{n}") for n in range(100)))
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


async def test_a_request_that_is_not_confirmed_in_time_lapses(
    mentor: MentorsClient, mentee: MentorsClient, services: Services, clock: FakeClock, start: datetime
) -> None:
    window = await mentor.publish(start, start + 2 * HOUR)
    session = await mentee.ask(window["pk"], start, 60)
    clock.set(start)
    # Also before the sweep: it reads as canceled, is not confirmed, and does not hold its time any more.
    assert (await mentee("GET", "/session/"))[0]["status"] == "Canceled"
    assert await mentor.say(session["pk"], "Confirmed", expect=400) == TOO_LATE
    await mentee.ask(window["pk"], start + HALF)
    assert await services.bookings.lapse_stale(clock.now()) == 0
    assert [each["status"] for each in await mentee("GET", "/session/")] == ["Pending", "Canceled"]


async def test_nobody_cancels_once_it_has_begun(
    mentor: MentorsClient, mentee: MentorsClient, clock: FakeClock, start: datetime
) -> None:
    window = await mentor.publish(start, start + HOUR)
    session = await mentee.ask(window["pk"], start)
    await mentor.say(session["pk"], "Confirmed")
    clock.set(start)
    for client in (mentor, mentee):
        assert await client.say(session["pk"], "Canceled", expect=400) == TOO_LATE


async def test_what_began_more_than_a_day_ago_is_in_the_archive(
    mentor: MentorsClient, mentee: MentorsClient, services: Services, clock: FakeClock, start: datetime
) -> None:
    window = await mentor.publish(start, start + HOUR)
    first = await mentee.ask(window["pk"], start)
    second = await mentee.ask(window["pk"], start + HALF)
    await mentor.say(first["pk"], "Confirmed")
    await mentor.say(second["pk"], "Confirmed")
    held = await services.bookings.mark_held(second["pk"])
    missed = await services.bookings.find(first["pk"], mentor.pk, Kind.SESSION)
    assert held is not None
    assert (await services.bookings.mark_missed(missed) or held).state is State.MISSED
    clock.set(start + 24 * HOUR + timedelta(seconds=1))
    for client in (mentor, mentee):
        archive = await client("GET", "/archivesession/")
        assert archive == [{**first, "status": "Confirmed"}]
        assert list(archive[0]) == SESSION_WITH_NAMES
        listed = await client("GET", "/session/")
        assert [(each["pk"], each["status"]) for each in listed] == [
            (second["pk"], "Completed"),
            (first["pk"], "Confirmed"),
        ]


async def test_a_session_is_free_and_has_a_room_and_pins_once_it_is_confirmed(
    mentor: MentorsClient, mentee: MentorsClient, services: Services, start: datetime
) -> None:
    window = await mentor.publish(start, start + HOUR)
    session = await mentee.ask(window["pk"], start)
    booking = await services.bookings.find(session["pk"], mentee.pk, Kind.SESSION)
    assert booking.pins == ()
    await mentor.say(session["pk"], "Confirmed")
    booking = await services.bookings.find(session["pk"], mentee.pk, Kind.SESSION)
    assert booking.rate_in_cents == 0
    assert booking.room == "grace-hopper"
    assert {pin.person_id for pin in booking.pins} == {mentor.pk, mentee.pk}


# Notification settings.


async def test_settings_exist_from_the_beginning_all_on(visitor: MentorsClient) -> None:
    await visitor.register()
    expected = {"pk": visitor.pk, "user": visitor.pk, **dict.fromkeys(SETTINGS[2:], True)}
    assert await visitor("GET", "/notificationsettings/") == expected
    assert await visitor("GET", f"/notificationsettings/{visitor.pk}/") == expected


async def test_the_documented_change_of_settings(visitor: MentorsClient) -> None:
    await visitor.register()
    path = f"/notificationsettings/{visitor.pk}"
    expected = {"pk": visitor.pk, "user": visitor.pk, **dict.fromkeys(SETTINGS[2:], True)}
    assert await visitor("PATCH", path, {"sixty_minute_alert": "False"}) == {
        **expected,
        "sixty_minute_alert": False,
    }
    assert await visitor("PATCH", path, {"sixty_minute_alert": "True"}) == expected
    assert await visitor("PATCH", path, {}) == expected
    assert await visitor("PATCH", path, {"user": 1, "_id": 2, "person_id": 3}) == expected
    body = await visitor("PATCH", path, {"sixty_minute_alert": "perhaps"}, expect=400)
    assert body == {"sixty_minute_alert": ["Must be a valid boolean."]}


async def test_settings_of_others_are_not_there(mentor: MentorsClient, mentee: MentorsClient) -> None:
    for pk in (mentor.pk, 99999, 10**9):
        await mentee("PATCH", f"/notificationsettings/{pk}", {"sixty_minute_alert": False}, expect=404)
        await mentee("GET", f"/notificationsettings/{pk}", expect=404)
    assert (await mentor("GET", "/notificationsettings/"))["sixty_minute_alert"] is True
