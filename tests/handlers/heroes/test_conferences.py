"""Conference routes: the list and the log, for those who have a part in the call."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store.bookings import Bookings
from store.people import People
from tests.booking_makers import make_agreed_booking
from tests.cases import each_case
from tests.clients.heroes import PAGE, HeroesClient
from tests.handlers.heroes.cast import Cast
from thserver.domain.bookings import Booking
from thserver.domain.conferences import ConferenceEvent

SUMMARY = ["sid", "friendly_name", "call_request", "created"]
DETAIL = ["sid", "friendly_name", "call_request", "logs", "created"]
CALL_REQUEST = ["id", "user", "hero", "message", "estimated_length", "agreed_time"]
LOG = ["user", "action", "timestamp"]


async def make_told(cast: Cast, booking: Booking, number: int) -> str:
    """A conference of which the phone company told a join, a start and an end; its sid."""
    sid = f"CF{number:032x}"
    began = cast.world.services.clock.now() + timedelta(hours=number, milliseconds=921)
    call_sid = f"CA{number:032x}"
    await cast.world.database.calls.begin(
        call_sid, "ring", "<Response/>", caller="", now=began, facts={"person_id": cast.host.id}
    )
    for sequence, name in enumerate(("participant-join", "conference-start", "conference-end"), start=1):
        event = ConferenceEvent(
            key=str(sequence),
            sequence_number=sequence,
            name=name,
            at=began + timedelta(seconds=sequence),
            call_sid=call_sid if name.startswith("participant") else None,
            room=booking.room,
        )
        await cast.world.services.conferences.note(booking.id, sid, event)
    await cast.world.services.conferences.apply(sid)
    return sid


async def test_the_list_and_the_log_have_exactly_the_documented_keys(cast: Cast) -> None:
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    sid = await make_told(cast, booking, 1)
    for token in (cast.user_token, cast.hero_token):
        client = HeroesClient(cast.api, token)
        page = (await client("GET", "/conferences/")).body
        assert list(page) == PAGE
        (shown,) = page["results"]
        assert list(shown) == SUMMARY
        assert list(shown["call_request"]) == CALL_REQUEST
        assert shown["created"] == "2026-03-02T16:00:01.921000Z"
        detail = (await client("GET", f"/conferences/{sid}")).body
        assert list(detail) == DETAIL
        assert [list(entry) for entry in detail["logs"]] == [LOG] * 3
        assert detail["logs"] == [
            {
                "user": "Tom Brady",
                "action": "participant-join",
                "timestamp": "2026-03-02T16:00:01.921000Z",
            },
            {
                "user": "Conference Log",
                "action": "conference-start",
                "timestamp": "2026-03-02T16:00:02.921000Z",
            },
            {
                "user": "Conference Log",
                "action": "conference-end",
                "timestamp": "2026-03-02T16:00:03.921000Z",
            },
        ]
        assert detail["call_request"] == shown["call_request"]


async def test_who_has_no_part_in_a_conference_is_refused(cast: Cast) -> None:
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    sid = await make_told(cast, booking, 1)
    stranger = HeroesClient(cast.api, cast.stranger_token)
    assert (await stranger("GET", "/conferences/")).body["results"] == []
    refused = await stranger("GET", f"/conferences/{sid}", expect=403)
    assert refused.body == {"detail": "You do not have permission to perform this action."}
    nobody = HeroesClient(cast.api)
    for path in ("/conferences/", f"/conferences/{sid}", "/conferences/CFnothing"):
        refused = await nobody("GET", path, expect=403)
        assert refused.body == {"detail": "Authentication credentials were not provided."}


@each_case("sid", ["CF" + "0" * 32, "nothing", "..%2f", "%00", "CF%2E", "x" * 5000, "1", "$ne"])
async def test_a_conference_that_is_none_is_not_found(cast: Cast, sid: str) -> None:
    answer = await HeroesClient(cast.api, cast.user_token)("GET", f"/conferences/{sid}", expect=None)
    assert (answer.status, answer.body) == (404, {"detail": "Not found."})


async def test_pages_of_conferences_cost_the_same_however_many_there_are(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    sids = [await make_told(cast, booking, number) for number in range(1, 13)]
    asked = []
    for collection in (People, Bookings):
        original = collection.many

        async def counted(self: object, ids: object, original: object = original) -> object:
            asked.append(type(self).__name__)
            return await original(self, ids)  # type: ignore[operator]

        monkeypatch.setattr(collection, "many", counted)
    client = HeroesClient(cast.api, cast.user_token)
    first = (await client("GET", "/conferences/")).body
    assert asked == ["Bookings", "People"]
    assert first["count"] == 12
    assert first["next"].endswith("/api/v1/conferences/?page=2")
    second = (await client("GET", "/conferences/?page=2&page_size=10")).body
    assert [shown["sid"] for shown in (*first["results"], *second["results"])] == sids[::-1]
    await client("GET", "/conferences/?page=3", expect=404)
    for wrong in ("page=0", "page=x", "page_size=101", "page_size=-1"):
        await client("GET", f"/conferences/?{wrong}", expect=400)


async def test_who_is_gone_stays_in_the_log_without_a_name(cast: Cast) -> None:
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    sid = await make_told(cast, booking, 1)
    await cast.world.database.people._collection.delete_one({"_id": cast.host.id})
    detail = (await HeroesClient(cast.api, cast.user_token)("GET", f"/conferences/{sid}")).body
    assert detail["call_request"]["hero"] == "Somebody"
    assert detail["logs"][0]["user"] == "Unknown caller"


async def test_only_reading_is_possible(cast: Cast) -> None:
    client = HeroesClient(cast.api, cast.user_token)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        await client(method, "/conferences/", {}, expect=405)
