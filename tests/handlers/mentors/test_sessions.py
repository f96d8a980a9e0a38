"""Sessions of contract mentors as documented: asked for, confirmed, canceled, and what is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cases import each_case
from tests.clients.http import Api
from tests.clients.mentors import SESSION, SESSION_WITH_NAMES, MentorsClient
from tests.fakes.clock import FakeClock
from tests.handlers.mentors.session_makers import HALF, HOUR, text
from thserver.domain.bookings import Kind, State
from thserver.services.all import Services

TOO_LATE = {"non_field_errors": ["The session can not be changed to this status any more."]}


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


@each_case(
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
