"""What the call request routes must not let through: bad fields, hostile bodies, other people's ids."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handlers.fields import utc_text
from tests.booking_makers import (
    make_accepted_request,
    make_request,
)
from tests.clients.http import Answer
from tests.handlers.heroes.cast import (
    ASKED,
    CHANGES,
    ROOT,
    Cast,
    good_body,
    ready_for,
)

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


async def test_nobody_gets_in_without_a_token(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    routes = [("GET", ""), ("POST", ""), ("GET", f"/{booking.id}")]
    routes += [("PATCH", f"/{booking.id}/{what}") for what in CHANGES]
    for method, path in routes:
        for slash in ("", "/"):
            for token in (None, "wrong", "0" * 40):
                answer = await cast.api(method, ROOT + path + slash, {}, token=token)
                assert (answer.status, set(answer.body)) == (403, {"detail"}), path


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


async def test_declining_needs_a_reason(cast: Cast) -> None:
    booking = await make_request(cast.world, cast.user, cast.hero)
    for reason in (None, "", " ", "x" * 2001, 5, ["x"], {"$gt": ""}, "a\x00"):
        answer = await cast.patch(booking, "decline", {"reason": reason}, cast.hero_token)
        assert (answer.status, set(answer.body)) == (400, {"reason"}), reason
    assert (await cast.patch(booking, "decline", {}, cast.hero_token)).status == 400
    assert (await cast.kept(booking))["state"] == "requested"


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
