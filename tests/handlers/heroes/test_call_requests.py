"""Section "Call Request Routes" of contract heroes, as its document shows it, and what it must not let through."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from handlers.fields import utc_text
from store.bookings import to_document
from tests.booking_makers import (
    MINUTE,
    World,
    make_accepted_request,
    make_agreed_booking,
    make_caller,
    make_host,
    make_request,
    three_times,
)
from tests.clients.http import Answer, Api
from tests.fakes.clock import FakeClock
from thserver.domain.bookings import Booking, State
from thserver.domain.heroes import Hero
from thserver.domain.people import Person

ROOT = "/api/v1/call-requests"
KEYS = {
    "id",
    "user",
    "hero",
    "message",
    "estimated_length",
    "status",
    "reason",
    "times",
    "agreed_time",
    "created",
    "updated",
}
TIMES_KEYS = {"user", "datetime_one", "datetime_two", "datetime_three", "timestamp"}
SHORT_USER_KEYS = {"id", "first_name", "last_name", "profile_image", "timezone", "created"}
ASKED = {"message": "This is a general summary or reason for the call", "estimated_length": 15}
CHANGES = ("accept", "decline", "new-times", "agreed-time", "cancel")


@dataclass
class Cast:
    """A user and a hero with their tokens, and a stranger with his."""

    api: Api
    world: World
    user: Person
    user_token: str
    host: Person
    hero: Hero
    hero_token: str
    stranger_token: str

    async def patch(self, booking: Booking | int, what: str, body: Any, token: str) -> Answer:
        number = booking if isinstance(booking, int) else booking.id
        return await self.api("PATCH", f"{ROOT}/{number}/{what}/", body, token=token)

    async def kept(self, booking: Booking) -> dict[str, Any]:
        await self.world.services.background.idle()
        found = await self.world.database.bookings.get(booking.id)
        assert found is not None
        return to_document(found)


@pytest.fixture
def cast(io_loop: IOLoop, world: World, api: Api) -> Cast:
    async def token(person: Person) -> str:
        return await world.services.sign_in.give_token(person.id, "heroes")

    async def make() -> Cast:
        user, stranger = await make_caller(world), await make_caller(world, first_name="Some")
        host, hero = await make_host(world)
        return Cast(api, world, user, await token(user), host, hero, await token(host), await token(stranger))

    return io_loop.run_sync(make)


def body_of(times: tuple[datetime, ...]) -> dict[str, str]:
    one, two, three = times
    return {"time_one": utc_text(one), "time_two": utc_text(two), "time_three": utc_text(three)}


def good_body(what: str, world: World) -> dict[str, Any]:
    return {
        "accept": body_of(three_times(world)),
        "decline": {"reason": "Not comfortable talking about this subject."},
        "new-times": body_of(three_times(world, after=600)),
        "agreed-time": {"agreed_time": utc_text(three_times(world)[0])},
        "cancel": {"reason": "I have better things to do.", "force": True},
    }[what]


async def ready_for(what: str, cast: Cast) -> tuple[Booking, str]:
    """A call request in the state in which this may be done, and the token of one who may."""
    if what in ("accept", "decline"):
        return await make_request(cast.world, cast.user, cast.hero), cast.hero_token
    return await make_accepted_request(cast.world, cast.user, cast.hero), cast.user_token


async def test_the_documented_request_makes_a_call_request(cast: Cast) -> None:
    answer = await cast.api("POST", ROOT + "/", {"hero_id": cast.hero.id, **ASKED}, token=cast.user_token)
    assert answer.status == 200
    now = utc_text(cast.world.services.clock.now())
    assert answer.body == {
        "id": 1,
        "user": cast.user.uuid,
        "hero": cast.hero.id,
        **ASKED,
        "status": "o",
        "reason": "",
        "times": [],
        "agreed_time": None,
        "created": now,
        "updated": now,
    }
    again = await cast.api("POST", ROOT, {"hero_id": cast.hero.id, **ASKED}, token=cast.user_token)
    assert again.status == 409
    assert set(again.body) == {"detail"}


async def test_a_hero_is_named_by_number_or_uuid(cast: Cast) -> None:
    uuid = cast.host.uuid
    for named in (cast.hero.id, str(cast.hero.id), uuid, uuid.upper(), uuid.replace("-", "")):
        body = {"hero_id": named, **ASKED}
        answer = await cast.api("POST", ROOT + "/", body, token=cast.user_token)
        assert (answer.status, answer.body["hero"]) == (200, cast.hero.id), named
        await cast.patch(answer.body["id"], "cancel", {}, cast.user_token)


async def test_the_documented_journey_has_the_documented_answers(cast: Cast) -> None:
    times, later = three_times(cast.world), three_times(cast.world, after=600)
    booking = await make_request(cast.world, cast.user, cast.hero, minutes=15)
    accepted = await cast.patch(booking, "accept", body_of(times), cast.hero_token)
    assert accepted.status == 200
    assert set(accepted.body) == KEYS
    assert (accepted.body["status"], accepted.body["agreed_time"]) == ("a", None)
    now = utc_text(cast.world.services.clock.now())
    assert accepted.body["times"] == [
        {
            "user": {
                "id": cast.host.uuid,
                "first_name": "Tom",
                "last_name": "Brady",
                "profile_image": None,
                "timezone": "America/Chicago",
                "created": now,
            },
            "datetime_one": utc_text(times[0]),
            "datetime_two": utc_text(times[1]),
            "datetime_three": utc_text(times[2]),
            "timestamp": now,
        }
    ]
    suggested = await cast.patch(booking, "new-times", body_of(later), cast.user_token)
    assert suggested.status == 200
    assert set(suggested.body) == KEYS
    assert [each["user"]["id"] for each in suggested.body["times"]] == [cast.host.uuid, cast.user.uuid]
    for each in suggested.body["times"]:
        assert (set(each), set(each["user"])) == (TIMES_KEYS, SHORT_USER_KEYS)
    agreed = await cast.patch(booking, "agreed-time", {"agreed_time": utc_text(later[1])}, cast.hero_token)
    assert agreed.status == 200
    assert agreed.body == {**suggested.body, "agreed_time": utc_text(later[1]), "updated": now}
    for token in (cast.user_token, cast.hero_token):
        detail = await cast.api("GET", f"{ROOT}/{booking.id}", token=token)
        assert (detail.status, detail.body) == (200, agreed.body)
    cancelled = await cast.patch(booking, "cancel", good_body("cancel", cast.world), cast.user_token)
    assert cancelled.status == 200
    assert cancelled.body == {**agreed.body, "status": "c"}


async def test_the_documented_decline_shows_the_reason(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    answer = await cast.patch(booking, "decline", good_body("decline", cast.world), cast.hero_token)
    assert answer.status == 200
    assert set(answer.body) == KEYS
    assert (answer.body["status"], answer.body["reason"]) == (
        "d",
        "Not comfortable talking about this subject.",
    )


async def test_the_list_shows_ones_own_as_user_and_hero_newest_first_in_pages(
    cast: Cast, clock: FakeClock
) -> None:
    world = cast.world
    for _ in range(11):
        clock.advance(minutes=1)
        await make_accepted_request(world, cast.user, (await make_host(world))[1])
    clock.advance(minutes=1)
    last = await make_request(world, cast.user, cast.hero)
    first = await cast.api("GET", ROOT + "/", token=cast.user_token)
    assert first.status == 200
    assert set(first.body) == {"count", "next", "previous", "results"}
    assert (first.body["count"], len(first.body["results"]), first.body["previous"]) == (12, 10, None)
    assert first.body["results"][0]["id"] == last.id
    assert all(set(each) == KEYS for each in first.body["results"])
    path = first.body["next"].removeprefix(cast.api.base_url)
    second = await cast.api("GET", path, token=cast.user_token)
    assert second.body["next"] is None
    ids = [each["id"] for each in first.body["results"] + second.body["results"]]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == 12
    of_hero = await cast.api("GET", ROOT + "?page_size=1", token=cast.hero_token)
    assert [each["id"] for each in of_hero.body["results"]] == [last.id]
    assert (await cast.api("GET", ROOT + "/", token=cast.stranger_token)).body["count"] == 0


PAGES = [
    ("page=0", 400),
    ("page=-1", 400),
    ("page=abc", 400),
    ("page=99999999999999999999", 400),
    ("page=7", 404),
    ("page_size=0", 400),
    ("page_size=101", 400),
    ("page_size=1e9", 400),
    ("page=%ff", 400),
    ("page_size=100", 200),
    ("page[$gt]=1&nothing=x", 200),
]


async def test_pages_that_cannot_be_are_refused(cast: Cast) -> None:
    for query, status in PAGES:
        assert (await cast.api("GET", f"{ROOT}/?{query}", token=cast.user_token)).status == status, query


async def test_a_page_asks_for_its_people_once_and_for_its_heroes_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await make_accepted_request(cast.world, cast.user, (await make_host(cast.world))[1])
    asked: list[str] = []
    services = cast.world.services.bookings
    for store, name in ((services._people, "many"), (services._heroes, "of_people")):
        question = getattr(store, name)

        async def counted(ids: Any, *, name: str = name, question: Any = question) -> Any:
            asked.append(name)
            return await question(ids)

        monkeypatch.setattr(store, name, counted)
    await cast.api("GET", ROOT + "/", token=cast.user_token)
    assert sorted(asked) == ["many", "of_people"]


async def test_every_state_is_shown_by_its_letter(cast: Cast) -> None:
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    letters = {"requested": "o", "declined": "d", "cancelled": "c", "held": "s"}
    for state in State:
        await cast.world.database.bookings._collection.update_one(
            {"_id": booking.id}, {"$set": {"state": state.value}}
        )
        answer = await cast.api("GET", f"{ROOT}/{booking.id}/", token=cast.user_token)
        assert answer.body["status"] == letters.get(state.value, "a")


async def test_nobody_gets_in_without_a_token(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    routes = [("GET", ""), ("POST", ""), ("GET", f"/{booking.id}")]
    routes += [("PATCH", f"/{booking.id}/{what}") for what in CHANGES]
    for method, path in routes:
        for slash in ("", "/"):
            for token in (None, "wrong", "0" * 40):
                answer = await cast.api(method, ROOT + path + slash, {}, token=token)
                assert (answer.status, set(answer.body)) == (403, {"detail"}), path


@pytest.mark.parametrize(
    "lacking", [{"email_verified": False}, {"phone": None}, {"card": False}], ids=["email", "phone", "card"]
)
async def test_asking_without_proof_or_card_is_403(cast: Cast, lacking: dict[str, Any]) -> None:
    person = await make_caller(cast.world, **lacking)
    token = await cast.world.services.sign_in.give_token(person.id, "heroes")
    answer = await cast.api("POST", ROOT + "/", {"hero_id": cast.hero.id, **ASKED}, token=token)
    assert (answer.status, set(answer.body)) == (403, {"detail"})


BAD_REQUESTS: list[tuple[str, Any]] = [
    ("hero_id", None),
    ("hero_id", 999_999),
    ("hero_id", 0),
    ("hero_id", -1),
    ("hero_id", True),
    ("hero_id", 1.0),
    ("hero_id", 2**31),
    ("hero_id", 2**63),
    ("hero_id", 2**64),
    ("hero_id", "9" * 5000),
    ("hero_id", "١٢٣"),
    ("hero_id", "abc"),
    ("hero_id", "085e8bbf-4430-4df8-9233-8269b52bd4bf"),
    ("hero_id", [1]),
    ("hero_id", {"$gt": 0}),
    ("message", None),
    ("message", ""),
    ("message", "  \n"),
    ("message", "x" * 2001),
    ("message", "x" * 500_000),
    ("message", "a\x00b"),
    ("message", 5),
    ("message", ["x"]),
    ("message", {"$ne": ""}),
    ("estimated_length", None),
    ("estimated_length", 0),
    ("estimated_length", -15),
    ("estimated_length", 20),
    ("estimated_length", 135),
    ("estimated_length", 15.0),
    ("estimated_length", True),
    ("estimated_length", 2**63),
    ("estimated_length", "15 min"),
    ("estimated_length", {"$gt": 1}),
]


async def test_a_bad_field_is_named_and_nothing_is_stored(cast: Cast) -> None:
    for field, value in BAD_REQUESTS:
        # orjson, which the client uses, does not write the largest integers.
        raw = json.dumps({"hero_id": cast.hero.id, **ASKED, field: value}).encode()
        answer = await cast.api("POST", ROOT + "/", raw=raw, token=cast.user_token)
        assert (answer.status, set(answer.body)) == (400, {field}), (field, str(value)[:50], answer.body)
        assert all(isinstance(each, str) for each in answer.body[field])
    for field in ("hero_id", *ASKED):
        body = {"hero_id": cast.hero.id, **ASKED}
        del body[field]
        missing = await cast.api("POST", ROOT + "/", body, token=cast.user_token)
        assert (missing.status, missing.body) == (400, {field: ["This field is required."]})
    assert await cast.world.database.bookings.open_of_person(cast.user.id) == []


async def test_nobody_calls_himself_or_a_hero_who_is_not_listed(cast: Cast) -> None:
    cast.world.wallet.with_card.add(cast.host.id)
    _, hidden = await make_host(cast.world, accepted=False)
    for hero_id in (cast.hero.id, hidden.id):
        answer = await cast.api("POST", ROOT + "/", {"hero_id": hero_id, **ASKED}, token=cast.hero_token)
        assert (answer.status, set(answer.body)) == (400, {"hero_id"})


BAD_TIMES: list[Any] = [
    None,
    "",
    "soon",
    0,
    1_800_000_000,
    True,
    [],
    {"$gt": ""},
    "2026-02-30T06:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:45:00Z",
    "2026-03-03",
    "2026-03-03T06:00:00.000000Z\x00",
    "２０２６-03-03T06:00:00Z",
    "2026-03-03T06:00:00+99:99",
    "2026-03-03T06:10:00Z",
    "2026-03-03T06:00:01Z",
    "2026-03-03T06:00:00.001Z",
    "2026-03-03T06:00:00.000001Z",
    "2026-03-02T15:15:00Z",
    "2026-03-02T10:15:00-05:00",
    "2020-03-02T15:15:00Z",
]


@pytest.mark.parametrize("what", ["accept", "new-times"])
async def test_a_bad_time_is_named_and_nothing_changes(cast: Cast, what: str) -> None:
    booking, token = await ready_for(what, cast)
    before = await cast.kept(booking)
    for value in BAD_TIMES:
        for field in ("time_one", "time_two", "time_three"):
            body = {**good_body(what, cast.world), field: value}
            answer = await cast.patch(booking, what, body, token)
            assert (answer.status, set(answer.body)) == (400, {field}), (value, answer.body)
    assert await cast.kept(booking) == before


async def test_times_take_any_offset_and_a_naive_one_is_utc(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    body = {
        "time_one": "2026-03-02T09:30:00-06:00",
        "time_two": "2026-03-02T22:00:00",
        "time_three": "2026-03-03T05:30:00+0545",
    }
    answer = await cast.patch(booking, "accept", body, cast.hero_token)
    assert answer.status == 200
    assert list(answer.body["times"][0].values())[1:4] == [
        "2026-03-02T15:30:00.000000Z",
        "2026-03-02T22:00:00.000000Z",
        "2026-03-02T23:45:00.000000Z",
    ]


async def test_times_that_repeat_each_other_are_400_and_earlier_ones_409(cast: Cast) -> None:
    one, two, three = three_times(cast.world, after=600)
    booking = await make_accepted_request(cast.world, cast.user, cast.hero)
    answer = await cast.patch(booking, "new-times", body_of((one, two, one)), cast.user_token)
    assert (answer.status, set(answer.body)) == (400, {"time_one", "time_three"})
    earlier = booking.suggestions[0].times[1]
    for token in (cast.user_token, cast.hero_token):
        answer = await cast.patch(booking, "new-times", body_of((one, two, earlier)), token)
        assert (answer.status, answer.body) == (409, {"detail": "The datetime already exists."})
    assert (await cast.patch(booking, "new-times", body_of((one, two, three)), cast.user_token)).status == 200


async def test_only_what_the_other_side_offered_last_is_agreed_to(cast: Cast) -> None:
    booking = await make_accepted_request(cast.world, cast.user, cast.hero)
    before = await cast.kept(booking)
    for value in (None, "", "soon", 5, True, {"$gt": ""}, "2026-03-02T16:00:30Z", "2030-01-01T00:00Z"):
        answer = await cast.patch(booking, "agreed-time", {"agreed_time": value}, cast.user_token)
        assert (answer.status, set(answer.body)) == (400, {"agreed_time"}), value
    own = utc_text(booking.suggestions[0].times[0])
    answer = await cast.patch(booking, "agreed-time", {"agreed_time": own}, cast.hero_token)
    assert (answer.status, set(answer.body)) == (400, {"agreed_time"})
    assert await cast.kept(booking) == before


async def test_a_time_that_has_passed_is_not_agreed_to(cast: Cast, clock: FakeClock) -> None:
    booking = await make_accepted_request(cast.world, cast.user, cast.hero)
    time = booking.suggestions[0].times[0]
    clock.set(time)
    answer = await cast.patch(booking, "agreed-time", {"agreed_time": utc_text(time)}, cast.user_token)
    assert (answer.status, answer.body) == (400, {"agreed_time": ["This time is in the past."]})
    clock.set(time - MINUTE)
    answer = await cast.patch(booking, "agreed-time", {"agreed_time": utc_text(time)}, cast.user_token)
    assert answer.status == 200


async def test_after_a_time_is_agreed_new_suggestions_are_400(cast: Cast) -> None:
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    for what, token in (
        ("new-times", cast.user_token),
        ("new-times", cast.hero_token),
        ("accept", cast.hero_token),
        ("decline", cast.hero_token),
        ("agreed-time", cast.user_token),
    ):
        answer = await cast.patch(booking, what, good_body(what, cast.world), token)
        assert (answer.status, set(answer.body)) == (400, {"detail"}), what


@pytest.mark.parametrize("ended", ["decline", "cancel"])
async def test_after_an_end_everything_is_400(cast: Cast, ended: str) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    await cast.patch(booking, ended, good_body(ended, cast.world), cast.hero_token)
    for what in CHANGES:
        answer = await cast.patch(booking, what, good_body(what, cast.world), cast.hero_token)
        assert (answer.status, set(answer.body)) == (400, {"detail"}), what


async def test_the_user_is_403_where_the_hero_must_answer(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    for what in ("accept", "decline"):
        answer = await cast.patch(booking, what, good_body(what, cast.world), cast.user_token)
        assert (answer.status, set(answer.body)) == (403, {"detail"})


async def test_declining_needs_a_reason(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    for reason in (None, "", " ", "x" * 2001, 5, ["x"], {"$gt": ""}, "a\x00"):
        answer = await cast.patch(booking, "decline", {"reason": reason}, cast.hero_token)
        assert (answer.status, set(answer.body)) == (400, {"reason"}), reason
    assert (await cast.patch(booking, "decline", {}, cast.hero_token)).status == 400
    assert (await cast.kept(booking))["state"] == "requested"


async def test_cancelling_needs_no_reason_and_keeps_the_one_that_is_given(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    assert (await cast.patch(booking, "cancel", None, cast.user_token)).body["status"] == "c"
    booking = await make_request(cast.world, cast.user, cast.hero)
    answer = await cast.patch(booking, "cancel", {"reason": " I am ill "}, cast.hero_token)
    assert (answer.status, answer.body["reason"]) == (200, "")
    assert (await cast.kept(booking))["cancel_reason"] == "I am ill"


BAD_CANCELS: list[tuple[str, Any]] = [
    ("reason", "x" * 2001),
    ("reason", 5),
    ("reason", "\x00"),
    ("reason", {"$gt": ""}),
    ("force", "maybe"),
    ("force", 1),
    ("force", None),
    ("force", [True]),
]


async def test_a_bad_cancel_is_named_and_nothing_changes(cast: Cast) -> None:
    booking = await make_accepted_request(cast.world, cast.user, cast.hero)
    before = await cast.kept(booking)
    for field, value in BAD_CANCELS:
        answer = await cast.patch(booking, "cancel", {field: value}, cast.user_token)
        assert (answer.status, set(answer.body)) == (400, {field}), value
    assert await cast.kept(booking) == before


async def test_the_fourth_cancellation_is_409_until_it_is_forced(cast: Cast) -> None:
    for _ in range(3):
        booking = await make_accepted_request(cast.world, cast.user, cast.hero)
        assert (await cast.patch(booking, "cancel", {"reason": "x"}, cast.user_token)).status == 200
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    for body in ({}, {"force": False}):
        answer = await cast.patch(booking, "cancel", body, cast.user_token)
        assert (answer.status, answer.body) == (409, {"detail": "You have canceled too many times."})
    answer = await cast.patch(booking, "cancel", good_body("cancel", cast.world), cast.user_token)
    assert (answer.status, answer.body["status"]) == (200, "c")
    assert (await cast.kept(booking))["fee_in_cents"] == 500


async def test_a_call_that_took_place_is_not_cancelled(cast: Cast) -> None:
    booking = await make_agreed_booking(cast.world, cast.user, cast.hero)
    await cast.world.services.bookings.mark_held(booking.id)
    answer = await cast.patch(booking, "cancel", {}, cast.user_token)
    assert (answer.status, set(answer.body)) == (400, {"detail"})


async def test_of_fifty_agreements_at_once_one_is_200_and_the_others_409(cast: Cast) -> None:
    waiting = []
    for _ in range(50):
        person = await make_caller(cast.world)
        token = await cast.world.services.sign_in.give_token(person.id, "heroes")
        waiting.append((await make_accepted_request(cast.world, person, cast.hero), token))
    body = good_body("agreed-time", cast.world)
    answers = await asyncio.gather(
        *(cast.patch(booking, "agreed-time", body, token) for booking, token in waiting)
    )
    assert sorted(answer.status for answer in answers) == [200, *[409] * 49]


async def test_an_accept_and_a_cancel_at_once_agree_with_what_is_kept(cast: Cast) -> None:
    for _ in range(10):
        booking = await make_request(cast.world, cast.user, cast.hero)
        accepted, cancelled = await asyncio.gather(
            cast.patch(booking, "accept", good_body("accept", cast.world), cast.hero_token),
            cast.patch(booking, "cancel", {}, cast.user_token),
        )
        state = (await cast.kept(booking))["state"]
        assert {accepted.status, cancelled.status} <= {200, 400}
        assert state == ("cancelled" if cancelled.status == 200 else "accepted")
        assert 200 in (accepted.status, cancelled.status)
        if state == "accepted":
            assert (await cast.patch(booking, "cancel", {"force": True}, cast.user_token)).status == 200


HOSTILE_BODIES = {
    "null": b"null",
    "list": b"[]",
    "list of objects": b'[{"reason": "x"}]',
    "string": b'"x"',
    "number": b"1",
    "truncated": b'{"reason": "x"',
    "byte order mark": b'\xef\xbb\xbf{"reason": "x"}',
    "UTF-16": '{"reason": "x"}'.encode("utf-16"),
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"reason":' * 100_000 + b"1" + b"}" * 100_000,
    "NaN": b'{"reason": NaN}',
    "infinite": b'{"reason": 1e400, "hero_id": 1e400, "time_one": 1e400, "agreed_time": 1e400}',
    "long integer": b'{"hero_id": ' + b"9" * 5000 + b', "reason": ' + b"9" * 5000 + b"}",
    "trailing junk": b'{"reason": "x"} x',
    "lone surrogate": b'{"reason": "\\ud800", "message": "\\ud800"}',
    "invalid UTF-8": b'{"reason": "\xff"}',
    "a megabyte": b'{"reason": "' + b"x" * 1024 * 1023 + b'"}',
    "more than a megabyte": b'{"reason": "' + b"x" * 1024 * 1025 + b'"}',
}


@pytest.mark.parametrize("what", ["", *CHANGES])
async def test_a_hostile_body_is_refused_in_shape_and_changes_nothing(cast: Cast, what: str) -> None:
    booking, token = await ready_for(what or "accept", cast)
    before = await cast.kept(booking)
    method, path = ("PATCH", f"{ROOT}/{booking.id}/{what}/") if what else ("POST", ROOT + "/")
    for name, raw in HOSTILE_BODIES.items():
        answer = await cast.api(method, path, raw=raw, token=token)
        assert 400 <= answer.status < 500, (name, answer.status)
        assert isinstance(answer.body, dict), name
        assert await cast.kept(booking) == before, name
    count, _ = await cast.world.services.bookings.of_person(cast.user.id, booking.kind, skip=0, limit=9)
    assert count == 1


@pytest.mark.parametrize("what", ["GET", *CHANGES])
async def test_another_persons_request_is_403_and_any_other_id_404(cast: Cast, what: str) -> None:
    booking, _ = await ready_for("accept" if what == "GET" else what, cast)
    before = await cast.kept(booking)

    async def ask(number: str, token: str, slash: str = "/") -> Answer:
        if what == "GET":
            return await cast.api("GET", f"{ROOT}/{number}{slash}", token=token)
        path = f"{ROOT}/{number}/{what}{slash}"
        return await cast.api("PATCH", path, good_body(what, cast.world), token=token)

    answer = await ask(str(booking.id), cast.stranger_token)
    assert (answer.status, set(answer.body)) == (403, {"detail"})
    unknown = ["999999", "2147483647", "9999999999", "0", "-1", "1.0", "1e1", "abc", "9" * 20, "1" * 10_000]
    unknown += ["..%2f1", "%00", "%ff", "1%00", "1%0a", "%31%0a", "5f" * 12, "$where", "١"]
    for number in unknown:
        for slash in ("", "/"):
            number = number if number.isascii() else "%D9%A1"
            answer = await ask(number, cast.user_token, slash)
            assert (answer.status, answer.body) == (404, {"detail": "Not found."}), number[:50]
    assert await cast.kept(booking) == before


async def test_every_route_answers_with_and_without_its_slash_and_refuses_other_methods(cast: Cast) -> None:
    for slash in ("", "/"):
        for what in CHANGES:
            booking, token = await ready_for(what, cast)
            path = f"{ROOT}/{booking.id}/{what}{slash}"
            for method in ("GET", "POST", "PUT", "DELETE"):
                answer = await cast.api(method, path, {}, token=token)
                assert (answer.status, set(answer.body)) == (405, {"detail"}), (method, path)
            assert (await cast.api("OPTIONS", path)).status == 204
            answer = await cast.api("PATCH", path, good_body(what, cast.world), token=token)
            assert answer.status == 200, (path, answer.body)
            if answer.body["status"] in "oa":
                again = {"reason": "", "force": True}
                assert (await cast.patch(booking, "cancel", again, cast.user_token)).status == 200
        assert (await cast.api("HEAD", f"{ROOT}{slash}", token=cast.user_token)).status == 200
        assert (await cast.api("GET", f"{ROOT}{slash}", token=cast.user_token)).status == 200
        assert (await cast.api("PATCH", f"{ROOT}{slash}", {}, token=cast.user_token)).status == 405


@pytest.mark.parametrize("what", ["", *CHANGES])
async def test_no_field_is_written_that_the_document_does_not_let_one_write(cast: Cast, what: str) -> None:
    forbidden = {
        "_id": 7,
        "id": 7,
        "state": "held",
        "status": "s",
        "kind": "session",
        "host_id": cast.user.id,
        "guest_ids": [cast.host.id],
        "people_ids": [],
        "user": cast.host.uuid,
        "hero": 5,
        "room": "mine",
        "rate_in_cents": 0,
        "price_per_minute": 0,
        "fee_in_cents": 0,
        "starts": "2026-03-02T16:00:00Z",
        "minutes": 1,
        "pins": [],
        "suggestions": [],
        "details": {"x": 1},
        "news": [],
        "cancel_reason": "forged",
        "cancelled_by": cast.host.id,
        "created": "2000-01-01T00:00:00Z",
        "updated": "2000-01-01T00:00:00Z",
        "$where": "1",
        "a.b": 1,
        "role": "staff",
    }
    if what:
        booking, token = await ready_for(what, cast)
        answer = await cast.patch(booking, what, {**forbidden, **good_body(what, cast.world)}, token)
        number = booking.id
    else:
        body = {**forbidden, "hero_id": cast.hero.id, **ASKED}
        answer = await cast.api("POST", ROOT + "/", body, token=cast.user_token)
        number = answer.body["id"]
    assert answer.status == 200
    kept = await cast.world.database.bookings._collection.find_one({"_id": number})
    assert kept is not None
    assert (kept["host_id"], kept["guest_ids"], kept["room"]) == (
        cast.host.id,
        [cast.user.id],
        cast.hero.slug,
    )
    assert (kept["kind"], kept["details"], kept["fee_in_cents"]) == ("call", {}, 0)
    assert kept["cancelled_by"] == cast.user.id if what == "cancel" else "cancelled_by" not in kept
    assert kept["cancel_reason"] == ("I have better things to do." if what == "cancel" else "")
    assert not {"status", "role", "user", "hero", "$where", "a.b", "price_per_minute"} & set(kept)
    assert kept["created"] == cast.world.services.clock.now()


async def test_a_form_is_understood_like_json(cast: Cast) -> None:
    answer = await cast.api(
        "POST",
        ROOT + "/",
        raw=f"hero_id={cast.hero.id}&message=Hello&estimated_length=45".encode(),
        token=cast.user_token,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status, answer.body["estimated_length"]) == (200, 45)
