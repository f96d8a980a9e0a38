"""Inviting to a gathering and excluding from it, over contract gatherings."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.cases import each_case
from tests.fakes.clock import FakeClock
from tests.handlers.gatherings.conftest import Join, Member
from tests.handlers.gatherings.meeting_makers import NOT_FOUND, REQUIRED, three
from thserver.services.all import Services

FORBIDDEN = {"detail": "You do not have permission to perform this action."}
UNKNOWN_USER = {"user": ["User with this id does not exist."]}
ONESELF = {"user": ["Can not do it with yourself."]}


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


@each_case("method", ["PUT", "DELETE"])
@each_case(
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
async def test_what_is_no_user_is_refused(
    ann: Member, anns_meeting: int, method: str, body: Any, said: str
) -> None:
    answer = await ann(method, f"/meetings/{anns_meeting}/users/", body, expect=400)
    assert answer.body == {"user": [said]}


@each_case("raw", [b"null", b"[]", b'"x"', b"{", b"\xff", b'{"user": 1, "user": 2}', b"{}{}"])
async def test_a_body_that_is_no_object_is_refused(ann: Member, anns_meeting: int, raw: bytes) -> None:
    for method, path in (
        ("POST", "/meetings/"),
        ("PATCH", f"/meetings/{anns_meeting}/"),
        ("PUT", f"/meetings/{anns_meeting}/users/"),
        ("DELETE", f"/meetings/{anns_meeting}/users/"),
    ):
        answer = await ann(method, path, raw=raw, expect=400)
        assert answer.body == {"detail": "JSON parse error."}


async def test_a_document_too_large_is_refused(join: Join) -> None:
    ann = await join()
    meeting = (await ann.gather()).body["id"]
    large = b'{"user": 1, "x": "' + b"x" * 1024 * 1024 + b'"}'
    await ann("PUT", f"/meetings/{meeting}/users/", raw=large, expect=413)
    await ann("POST", "/meetings/", raw=large, expect=413)


async def test_twenty_may_be_invited_at_once(join: Join, clock: FakeClock) -> None:
    ann = await join()
    others = [await join(f"G{number}") for number in range(20)]
    meeting = (await ann.gather(time=clock.now() + timedelta(hours=1))).body["id"]
    await asyncio.gather(*(ann.invite(meeting, each.id) for each in others))
    shown = (await ann("GET", f"/meetings/{meeting}/")).body
    assert shown["users"] == sorted(each.id for each in (ann, *others))
