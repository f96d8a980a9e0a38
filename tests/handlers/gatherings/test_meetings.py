"""Meetings as documented, and what clients may send instead."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from store.database import Database
from tests.clients.gatherings import GatheringsClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.handlers.gatherings.conftest import Join, Member
from tests.pictures import PRETENDERS, opened, picture, png_that_claims
from thserver.domain.bookings import Kind
from thserver.services.all import Services

INVALID_IMAGE = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
NO_FILE = "No file was submitted."
REQUIRED = "This field is required."
BLANK = "This field may not be blank."
DATETIME = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
NOT_FOUND = {"detail": "Not found."}
FORBIDDEN = {"detail": "You do not have permission to perform this action."}
UNKNOWN_USER = {"user": ["User with this id does not exist."]}
ONESELF = {"user": ["Can not do it with yourself."]}
LOGO = ("logo", "logo.png", picture())
TITLE = ("title", None, b"Board games")


async def three(join: Join) -> tuple[Member, Member, Member]:
    return await join("Ann"), await join("Ben"), await join("Cat")


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


@pytest.mark.parametrize(
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
    join: Join, database: Database, parts: Any, said: Any
) -> None:
    ann = await join()
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


@pytest.mark.parametrize(
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


# Inviting and excluding.


async def test_any_member_invites(join: Join) -> None:
    ann, ben, cat = await three(join)
    made = (await ann.gather(users=[ben.id])).body
    shown = (await ben.invite(made["id"], cat.id)).body
    assert shown == {**made, "users": [ann.id, ben.id, cat.id]}
    # Again changes nothing.
    assert (await ann.invite(made["id"], cat.id)).body == shown
    assert (await cat("GET", f"/meetings/{made['id']}")).body == shown


@pytest.mark.parametrize("kind", ["form", "multipart", "json text"])
async def test_the_user_comes_in_any_form(join: Join, kind: str) -> None:
    ann, ben, _ = await three(join)
    meeting = (await ann.gather()).body["id"]
    given: dict[str, dict[str, Any]] = {
        "form": {"form": [("user", str(ben.id))]},
        "multipart": {"parts": [("user", None, str(ben.id).encode())]},
        "json text": {"body": {"user": str(ben.id)}},
    }
    invited = await ann("PUT", f"/meetings/{meeting}/users/", **given[kind])
    assert invited.body["users"] == [ann.id, ben.id]
    excluded = await ann("DELETE", f"/meetings/{meeting}/users/", **given[kind])
    assert excluded.body["users"] == [ann.id]


async def test_who_has_blocked_the_sender_is_not_invited_but_by_another_he_is(join: Join) -> None:
    ann, ben, cat = await three(join)
    await cat("PUT", "/blacklist/", {"user": ann.id})
    made = (await ann.gather(users=[ben.id])).body
    assert (await ann.invite(made["id"], cat.id)).body == made
    assert (await ben.invite(made["id"], cat.id)).body["users"] == [ann.id, ben.id, cat.id]


async def test_the_king_excludes_and_whoever_is_out_can_come_back(join: Join) -> None:
    ann, ben, cat = await three(join)
    made = (await ann.gather(users=[ben.id, cat.id])).body
    shown = (await ann.exclude(made["id"], ben.id)).body
    assert shown == {**made, "users": [ann.id, cat.id]}
    assert (await ben("GET", f"/meetings/{made['id']}/", expect=404)).body == NOT_FOUND
    assert (await ben("GET", "/meetings/?all=1")).body == []
    assert (await ann.exclude(made["id"], ben.id, expect=400)).body == UNKNOWN_USER
    assert (await cat.invite(made["id"], ben.id)).body == made


async def test_only_the_king_excludes_and_completes(join: Join) -> None:
    ann, ben, cat = await three(join)
    meeting = (await ann.gather(users=[ben.id, cat.id])).body["id"]
    for user in (cat.id, ann.id, ben.id, 999_999):
        assert (await ben.exclude(meeting, user, expect=403)).body == FORBIDDEN
    for body in ({"completed": True}, {}):
        assert (await ben("PATCH", f"/meetings/{meeting}/", body, expect=403)).body == FORBIDDEN
    assert len((await ann("GET", f"/meetings/{meeting}/")).body["users"]) == 3


async def test_nobody_invites_or_excludes_himself_or_nobody(join: Join, services: Services) -> None:
    ann, ben, _ = await three(join)
    gone = await join("Dan")
    await services.closing.close(gone.person)
    meeting = (await ann.gather(users=[ben.id])).body["id"]
    for change in (ann.invite, ann.exclude):
        assert (await change(meeting, ann.id, expect=400)).body == ONESELF
        for user in (999_999, 0, -1, 2**62, gone.id):
            assert (await change(meeting, user, expect=400)).body == UNKNOWN_USER
    assert (await ben.invite(meeting, ben.id, expect=400)).body == ONESELF


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, REQUIRED),
        ({"user": None}, "This field may not be null."),
        *(
            ({"user": value}, "A valid integer is required.")
            for value in ("x", "", 1.0, 1.5, True, [1], {"$gt": 0}, "1e3", "٣", "1_0", 2**64 * 1.0)
        ),
    ],
)
async def test_what_is_no_user_is_refused(join: Join, method: str, body: Any, said: str) -> None:
    ann = await join()
    meeting = (await ann.gather()).body["id"]
    answer = await ann(method, f"/meetings/{meeting}/users/", body, expect=400)
    assert answer.body == {"user": [said]}


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"x"', b"{", b"\xff", b'{"user": 1, "user": 2}', b"{}{}"])
async def test_a_body_that_is_no_object_is_refused(join: Join, raw: bytes) -> None:
    ann = await join()
    meeting = (await ann.gather()).body["id"]
    for method, path in (
        ("POST", "/meetings/"),
        ("PATCH", f"/meetings/{meeting}/"),
        ("PUT", f"/meetings/{meeting}/users/"),
        ("DELETE", f"/meetings/{meeting}/users/"),
    ):
        answer = await ann(method, path, raw=raw, expect=400)
        assert answer.body == {"detail": "JSON parse error."}


async def test_a_document_too_large_is_refused(join: Join) -> None:
    ann = await join()
    meeting = (await ann.gather()).body["id"]
    large = b'{"user": 1, "x": "' + b"x" * 1024 * 1024 + b'"}'
    await ann("PUT", f"/meetings/{meeting}/users/", raw=large, expect=413)
    await ann("POST", "/meetings/", raw=large, expect=413)


# Completing and leaving.


@pytest.mark.parametrize("value", [True, "true", "True", "1"])
async def test_the_king_completes(join: Join, value: Any) -> None:
    ann = await join()
    made = (await ann.gather()).body
    assert (await ann("PATCH", f"/meetings/{made['id']}/", {"completed": value})).body == {
        **made,
        "completed": True,
    }


async def test_nothing_said_changes_nothing(join: Join) -> None:
    ann = await join()
    made = (await ann.gather()).body
    body = {"title": "x", "king": 1, "users": [], "time": None, "id": 7, "host_id": 5, "$set": {"a": 1}}
    assert (await ann("PATCH", f"/meetings/{made['id']}/", body)).body == made
    assert (await ann("PATCH", f"/meetings/{made['id']}/")).body == made


@pytest.mark.parametrize("value", [False, "false", None, 0, 1, 2, "x", "", [], [True], {}, 1.0])
async def test_completed_is_true_or_not_said(join: Join, value: Any) -> None:
    ann = await join()
    meeting = (await ann.gather()).body["id"]
    answer = await ann("PATCH", f"/meetings/{meeting}/", {"completed": value}, expect=400)
    assert answer.body == {"completed": ["completed must be True or not specified."]}


async def test_after_completion_nothing_changes_but_one_may_leave(join: Join) -> None:
    ann, ben, cat = await three(join)
    meeting = (await ann.gather(users=[ben.id])).body["id"]
    done = (await ann("PATCH", f"/meetings/{meeting}/", {"completed": True})).body
    for answer in (
        await ann("PATCH", f"/meetings/{meeting}/", {"completed": True}, expect=400),
        await ann("PATCH", f"/meetings/{meeting}/", {}, expect=400),
        await ann.invite(meeting, cat.id, expect=400),
        await ann.invite(meeting, ben.id, expect=400),
        await ann.exclude(meeting, ben.id, expect=400),
    ):
        assert answer.body == {"detail": "This can not be done any more."}
    assert (await ann("GET", f"/meetings/{meeting}/")).body == done
    await ann("DELETE", f"/meetings/{meeting}/", expect=204)
    assert (await ben("GET", f"/meetings/{meeting}/")).body == {**done, "king": ben.id, "users": [ben.id]}


async def test_of_ten_who_complete_at_once_one_does(join: Join) -> None:
    ann = await join()
    meeting = (await ann.gather()).body["id"]
    answers = await asyncio.gather(
        *(ann("PATCH", f"/meetings/{meeting}/", {"completed": True}, expect=None) for _ in range(10))
    )
    assert sorted(answer.status for answer in answers) == [200] + [400] * 9


async def test_whoever_leaves_is_out_and_the_king_stays(join: Join) -> None:
    ann, ben, cat = await three(join)
    made = (await ann.gather(users=[ben.id, cat.id])).body
    await ben("DELETE", f"/meetings/{made['id']}", expect=204)
    assert (await ann("GET", f"/meetings/{made['id']}/")).body == {**made, "users": [ann.id, cat.id]}
    assert (await ben("DELETE", f"/meetings/{made['id']}/", expect=404)).body == NOT_FOUND


async def test_when_the_king_leaves_another_is_king_and_after_the_last_it_is_gone(
    join: Join, api: Api, services: Services, database: Database
) -> None:
    members = [*await three(join)]
    made = (await members[0].gather(users=[each.id for each in members])).body
    by_id = {each.id: each for each in members}
    king = made["king"]
    while len(by_id) > 1:
        await by_id.pop(king)("DELETE", f"/meetings/{made['id']}/", expect=204)
        shown = (await next(iter(by_id.values()))("GET", f"/meetings/{made['id']}/")).body
        assert shown["users"] == sorted(by_id)
        assert shown["king"] in by_id
        king = shown["king"]
        # He may do what a king may.
        await by_id[king]("PATCH", f"/meetings/{made['id']}/", {})
    await by_id[king]("DELETE", f"/meetings/{made['id']}/", expect=204)
    for each in members:
        assert (await each("GET", f"/meetings/{made['id']}/", expect=404)).body == NOT_FOUND
        assert (await each("GET", "/meetings/?all=1")).body == []
    assert (await api("GET", made["logo"].removeprefix(api.base_url))).status == 404
    assert await database.media_files._collection.count_documents({"metadata.purpose": "logo"}) == 0


async def test_kings_are_chosen_at_random(join: Join) -> None:
    ann, ben, cat = await three(join)
    kings = set()
    for _ in range(40):
        meeting = (await ann.gather(users=[ben.id, cat.id])).body["id"]
        await ann("DELETE", f"/meetings/{meeting}/", expect=204)
        kings.add((await ben("GET", f"/meetings/{meeting}/")).body["king"])
        if len(kings) == 2:
            break
    assert kings == {ben.id, cat.id}


async def test_an_account_that_is_closed_passes_its_crowns_on(join: Join) -> None:
    ann, ben, _ = await three(join)
    kept = (await ann.gather("Kept", users=[ben.id])).body
    done = (await ann.gather("Done", users=[ben.id])).body
    guest = (await ben.gather("A guest", users=[ann.id])).body
    alone = (await ann.gather("Alone")).body
    await ann("PATCH", f"/meetings/{done['id']}/", {"completed": True})
    await ann("DELETE", "/account/", expect=204)
    shown = (await ben("GET", "/meetings/?all=1")).body
    assert {each["id"]: (each["king"], each["users"]) for each in shown} == {
        each["id"]: (ben.id, [ben.id]) for each in (kept, done, guest)
    }
    assert alone["id"] not in [each["id"] for each in shown]


async def test_everybody_may_leave_at_once(join: Join, database: Database) -> None:
    ann = await join()
    others = [await join(f"G{number}") for number in range(9)]
    meeting = (await ann.gather(users=[each.id for each in others])).body["id"]
    answers = await asyncio.gather(
        *(each("DELETE", f"/meetings/{meeting}/", expect=None) for each in (ann, *others))
    )
    assert {answer.status for answer in answers} == {204}
    assert (await ann("GET", f"/meetings/{meeting}/", expect=404)).body == NOT_FOUND


async def test_twenty_may_be_invited_at_once(join: Join, clock: FakeClock) -> None:
    ann = await join()
    others = [await join(f"G{number}") for number in range(20)]
    meeting = (await ann.gather(time=clock.now() + timedelta(hours=1))).body["id"]
    await asyncio.gather(*(ann.invite(meeting, each.id) for each in others))
    shown = (await ann("GET", f"/meetings/{meeting}/")).body
    assert shown["users"] == sorted(each.id for each in (ann, *others))


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
