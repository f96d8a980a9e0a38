"""Making and showing gatherings over contract gatherings, field by field."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.clients.gatherings import GatheringsClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.handlers.gatherings.conftest import Join, Member
from tests.handlers.gatherings.meeting_makers import NOT_FOUND, REQUIRED, three
from tests.pictures import PRETENDERS, opened, picture, png_that_claims
from thserver.domain.bookings import Kind
from thserver.services.all import Services

INVALID_IMAGE = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
NO_FILE = "No file was submitted."
BLANK = "This field may not be blank."
DATETIME = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
LOGO = ("logo", "logo.png", picture())
TITLE = ("title", None, b"Board games")


# Making.


async def test_new_meeting_with_everything(join: Join, clock: FakeClock, api: Api) -> None:
    ann, ben, cat = await three(join)
    starts = clock.now() + timedelta(hours=1, seconds=45, microseconds=121940)
    answer = await ann.gather(users=[ben.id, ann.id, cat.id, ben.id], time=starts, description="Bring cake")
    shown = answer.body
    assert shown == {
        "id": shown["id"],
        "title": "Board games",
        "description": "Bring cake",
        "logo": shown["logo"],
        "time": "2026-03-02T16:00:45.121000Z",
        "created": "2026-03-02T15:00:00.000000Z",
        "completed": False,
        "king": ann.id,
        "users": [ann.id, ben.id, cat.id],
    }
    logo = await api("GET", shown["logo"].removeprefix(api.base_url))
    assert opened(logo.raw).size == (300, 200)
    for each in (ann, ben, cat):
        assert (await each("GET", f"/meetings/{shown['id']}/")).body == shown


async def test_new_meeting_with_as_little_as_possible(join: Join) -> None:
    ann = await join()
    shown = (await ann("POST", "/meetings", parts=[TITLE, LOGO], expect=201)).body
    assert shown["description"] is None
    assert shown["time"] is None
    assert (shown["king"], shown["users"]) == (ann.id, [ann.id])


@pytest.mark.parametrize("how", ["repeated", "brackets", "json", "json in brackets"])
async def test_users_come_in_any_form(join: Join, how: str) -> None:
    ann, ben, cat = await three(join)
    ids = [ben.id, cat.id]
    parts: dict[str, list[tuple[str, str | None, bytes]]] = {
        "repeated": [("users", None, str(each).encode()) for each in ids],
        "brackets": [("users[]", None, str(each).encode()) for each in ids],
        "json": [("users", None, json.dumps(ids).encode())],
        "json in brackets": [("users[]", None, json.dumps([str(each) for each in ids]).encode())],
    }
    shown = (await ann("POST", "/meetings/", parts=[TITLE, LOGO, *parts[how]], expect=201)).body
    assert shown["users"] == [ann.id, ben.id, cat.id]


async def test_who_is_not_here_or_has_blocked_the_king_is_left_out(join: Join, services: Services) -> None:
    ann, ben, cat = await three(join)
    gone = await join("Dan")
    await services.closing.close(gone.person)
    await ben("PUT", "/blacklist/", {"user": ann.id})
    # Whom the king himself has blocked, he may invite.
    await ann("PUT", "/blacklist/", {"user": cat.id})
    users = [ben.id, cat.id, gone.id, 999_999, 0, -5, 10**17]
    assert (await ann.gather(users=users)).body["users"] == [ann.id, cat.id]
    await ben("GET", "/meetings/")
    assert (await ben("GET", "/meetings/?all=true")).body == []


@each_case(
    ("parts", "said"),
    [
        ([], {"title": [REQUIRED], "logo": [NO_FILE]}),
        ([TITLE], {"logo": [NO_FILE]}),
        ([LOGO], {"title": [REQUIRED]}),
        ([LOGO, ("title", None, b"  ")], {"title": [BLANK]}),
        ([LOGO, ("title", None, b"a\x00b")], {"title": ["Null characters are not allowed."]}),
        ([LOGO, ("title", None, b"x" * 2001)], {"title": ["Ensure this field has no more than 2000 characters."]}),
        ([LOGO, TITLE, ("description", None, b" ")], {"description": [BLANK]}),
        ([LOGO, TITLE, ("users", None, b"x")], {"users": ["A valid integer is required."]}),
        ([LOGO, TITLE, ("users", None, b"1.5")], {"users": ["A valid integer is required."]}),
        ([LOGO, TITLE, ("users", None, b"1"), ("users", None, b"")], {"users": ["A valid integer is required."]}),
        ([LOGO, TITLE, ("users", None, b'[{"$gt": 0}]')], {"users": ["A valid integer is required."]}),
        ([LOGO, TITLE, ("users", None, "٣".encode())], {"users": ["A valid integer is required."]}),
        *(([LOGO, TITLE, ("time", None, text.encode())], {"time": [DATETIME]}) for text in (
            "", "tomorrow", "2026-02-30T10:00Z", "2026-03-03", "1", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
            "2026-03-03T10:00:00+99:00",
        )),
        ([LOGO, TITLE, ("time", None, b"2026-03-02T14:59:59Z")], {"time": ["This time is in the past."]}),
        ([LOGO, TITLE, ("time", None, b"2026-03-02T15:00:00Z")], {"time": ["This time is in the past."]}),
        ([TITLE, ("logo", None, b"text")], {"logo": [INVALID_IMAGE]}),
        *(([TITLE, ("logo", "l.png", content)], {"logo": [INVALID_IMAGE]}) for content in PRETENDERS.values()),
        ([TITLE, ("logo", "l.png", png_that_claims(50_000, 50_000))],
            {"logo": ["Ensure the image has no more than 10 MB and 40 megapixels."]}),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_new_meeting_is_said_by_field(
    ann: Member, database: Database, parts: Any, said: Any
) -> None:
    answer = await ann("POST", "/meetings/", parts=parts, expect=400)
    assert answer.body == said
    assert (await ann("GET", "/meetings/")).body == []


async def test_everything_that_is_wrong_is_said_together(join: Join) -> None:
    ann = await join()
    body = {"description": "", "users": ["x"], "time": "x", "logo": "x"}
    answer = await ann("POST", "/meetings/", body, expect=400)
    assert answer.body == {
        "title": [REQUIRED],
        "description": [BLANK],
        "users": ["A valid integer is required."],
        "time": [DATETIME],
        "logo": [INVALID_IMAGE],
    }


async def test_a_king_hosts_one_call_at_a_time(join: Join, clock: FakeClock, database: Database) -> None:
    ann, ben, _ = await three(join)
    starts = clock.now() + timedelta(hours=1)
    await ann.gather(time=starts)
    for minutes in (-59, 0, 59):
        answer = await ann.gather(time=starts + timedelta(minutes=minutes), expect=400)
        assert answer.body == {"time": ["There is another call at that time."]}
    # An hour is kept for each; guests may be in two.
    await ann.gather(time=starts + timedelta(minutes=60))
    await ben.gather(time=starts, users=[ann.id])
    # What was refused has left no picture behind.
    kept = await database.media_files._collection.count_documents({"metadata.purpose": "logo"})
    assert kept == 2 * len((await ann("GET", "/meetings/")).body)


async def test_of_ten_meetings_at_one_time_a_king_gets_one(join: Join, clock: FakeClock) -> None:
    ann = await join()
    starts = clock.now() + timedelta(hours=1)
    answers = await asyncio.gather(*(ann.gather(time=starts, expect=None) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 9


async def test_a_meeting_has_fifty_members_at_most(join: Join, database: Database) -> None:
    ann = await join()
    others = [await join(f"G{number}") for number in range(50)]
    ids = [other.id for other in others]
    assert (await ann.gather(users=ids, expect=400)).body == {"users": ["There are too many."]}
    assert (await ann.gather(users=range(1, 1002), expect=400)).body == {
        "users": ["Ensure this field has no more than 1000 elements."]
    }
    meeting = (await ann.gather(users=ids[:48])).body
    assert len(meeting["users"]) == 49
    answers = await asyncio.gather(*(ann.invite(meeting["id"], each, expect=None) for each in ids[48:]))
    assert sorted(answer.status for answer in answers) == [200, 400]
    refused = next(answer for answer in answers if answer.status == 400)
    assert refused.body == {"user": ["There are too many."]}


# Showing.


async def test_get_meetings_shows_the_newest_first_and_the_completed_on_request(
    join: Join, clock: FakeClock
) -> None:
    ann, ben, cat = await three(join)
    first = (await ann.gather("First", users=[ben.id])).body
    clock.advance(minutes=1)
    second = (await ben.gather("Second", users=[ann.id, cat.id])).body
    await cat.gather("Not ours")
    done = (await ann("PATCH", f"/meetings/{first['id']}/", {"completed": True})).body
    assert done == {**first, "completed": True}
    for query, shown in (
        ("", [second]),
        ("?all=false", [second]),
        ("?all=0", [second]),
        ("?all=true", [second, done]),
        ("?all=True", [second, done]),
        ("?all=1", [second, done]),
    ):
        assert (await ann("GET", f"/meetings/{query}")).body == shown
        assert (await ann("GET", f"/meetings{query}")).body == shown
    answer = await ann("GET", "/meetings/?all=perhaps", expect=400)
    assert answer.body == {"all": ["Must be a valid boolean."]}


async def test_a_list_is_one_query_whatever_its_length(
    join: Join, services: Services, database: Database
) -> None:
    ann, ben, cat = await three(join)
    for number in range(5):
        await ann.gather(f"No. {number}", users=[ben.id, cat.id])
    await services.background.idle()
    await services.practice.carrier.settled()
    await services.background.idle()
    database_ = database.people._collection.database
    await database_.command("profile", 2)
    try:
        shown = (await ann("GET", "/meetings/")).body
    finally:
        await database_.command("profile", 0)
    asked = await database_["system.profile"].find({"op": {"$in": ["query", "command", "getmore"]}}).to_list()
    await database_["system.profile"].drop()
    collections = [each["ns"] for each in asked if "find" in each.get("command", {})]
    assert len(shown) == 5
    # Who is calling, and what he is in.
    assert sorted(collections) == [f"{database_.name}.bookings", f"{database_.name}.people"]


async def test_who_is_not_in_a_meeting_does_not_find_it(join: Join) -> None:
    ann, ben, cat = await three(join)
    meeting = (await ann.gather(users=[ben.id])).body["id"]
    for path in (
        f"/meetings/{meeting}/",
        "/meetings/999999/",
        "/meetings/0/",
        "/meetings/999999999999999999/",
    ):
        assert (await cat("GET", path, expect=404)).body == NOT_FOUND
        assert (await cat("PATCH", path, {"completed": True}, expect=404)).body == NOT_FOUND
        assert (await cat("DELETE", path, expect=404)).body == NOT_FOUND
        assert (await cat("PUT", f"{path}users/", {"user": cat.id}, expect=404)).body == NOT_FOUND
        assert (await cat("DELETE", f"{path}users/", {"user": ben.id}, expect=404)).body == NOT_FOUND
    for path in ("x", "-1", "1.5", "1" * 30, "%00", "..%2f1", "1/users/2", "1/other", "$where"):
        assert (await ann("GET", f"/meetings/{path}/", expect=404)).body == NOT_FOUND


async def test_a_booking_of_another_contract_is_no_meeting(
    join: Join, services: Services, clock: FakeClock
) -> None:
    ann, ben, _ = await three(join)
    booking = await services.bookings.propose(
        Kind.SESSION,
        host=ann.person,
        guest_ids=[ben.id],
        by=ben.id,
        starts=clock.now() + timedelta(hours=1),
        minutes=30,
    )
    for method in ("GET", "PATCH", "DELETE"):
        assert (await ann(method, f"/meetings/{booking.id}/", {}, expect=404)).body == NOT_FOUND
    assert (await ann("GET", "/meetings/?all=1")).body == []


# Signing in.


@each_case(
    ("method", "path"),
    [
        ("GET", "/meetings/"),
        ("POST", "/meetings/"),
        ("GET", "/meetings/1/"),
        ("PATCH", "/meetings/1/"),
        ("DELETE", "/meetings/1/"),
        ("PUT", "/meetings/1/users/"),
        ("DELETE", "/meetings/1/users/"),
    ],
)
async def test_every_request_needs_a_good_token(api: Api, method: str, path: str) -> None:
    wrong = await GatheringsClient(api, "wrong")(method, path, expect=401)
    assert wrong.body == {"detail": "Invalid token."}
    none = await api(method, f"/api{path}")
    said = "Authentication credentials were not provided."
    assert (none.status, none.body) == (401, {"detail": said, "error": said})
    assert none.headers["WWW-Authenticate"] == "Token, Bearer"


async def test_other_methods_are_refused_in_shape(join: Join) -> None:
    ann = await join()
    for method, path in (
        ("PUT", "/meetings/"),
        ("DELETE", "/meetings/"),
        ("POST", "/meetings/1/"),
        ("PUT", "/meetings/1/"),
        ("GET", "/meetings/1/users/"),
        ("POST", "/meetings/1/users/"),
    ):
        answer = await ann(method, path, expect=405)
        assert answer.body == {"detail": f'Method "{method}" not allowed.'}


async def test_a_head_and_cors(join: Join) -> None:
    ann = await join()
    meeting = (await ann.gather()).body["id"]
    assert (await ann("HEAD", f"/meetings/{meeting}/")).raw == b""
    answer = await ann("OPTIONS", f"/meetings/{meeting}/", expect=204)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_time_takes_any_offset_and_a_naive_one_is_utc(join: Join) -> None:
    ann = await join()
    for given, hour in (
        ("2026-03-03T10:00:00+02:00", 8),
        ("2026-03-03T11:00", 11),
        ("2026-03-03T14:00:00.5Z", 14),
        ("2026-03-03 17:00:00-01:00", 18),
    ):
        shown = (await ann.gather(time=given)).body
        assert moment(shown["time"]).hour == hour
