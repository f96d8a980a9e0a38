"""Completing and leaving gatherings over contract gatherings, and who is king after the king."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.clients.http import Api
from tests.handlers.gatherings.conftest import Join, Member
from tests.handlers.gatherings.meeting_makers import NOT_FOUND, three
from thserver.services.all import Services


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


@each_case("value", [False, "false", None, 0, 1, 2, "x", "", [], [True], {}, 1.0])
async def test_completed_is_true_or_not_said(ann: Member, anns_meeting: int, value: Any) -> None:
    answer = await ann("PATCH", f"/meetings/{anns_meeting}/", {"completed": value}, expect=400)
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
