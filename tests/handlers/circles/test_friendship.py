"""Inviting into one's trusted circle over contract circles, one by one and many at once, as its document shows it."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.ioloop import IOLoop

from store.database import Database
from tests.cases import each_case
from tests.circle_makers import App, entry, invite, invite_token, letters_to, make_app
from tests.clients.circles import FAILED, INVITATION
from tests.handlers.circles.friendship_makers import EMAIL
from thserver.services.all import Services


async def test_add_one(holder: App, services: Services) -> None:
    answer = await holder.client.post("/friendship/add_one", {"user": entry(EMAIL)})
    assert set(answer) == {"http_status_code", "message", "user"}
    assert answer["message"] == "Invitation created successfully"
    assert set(answer["user"]) == INVITATION
    assert {**answer["user"], "id": 0} == {
        "id": 0,
        "email": EMAIL,
        "first_name": "Someone1",
        "middle_name": None,
        "last_name": None,
        "full_name": "Someone1",
        "level": "trusted_friend",
        "status": "pending",
        "avatar": None,
        "mail_delivery_status": "pending",
        "invite_sent_at": "2026-03-02T15:00:00.000Z",
        "created_at": "2026-03-02T15:00:00.000Z",
    }
    letters = await letters_to(services, EMAIL)
    assert len(letters) == 1
    assert "Hida Isao" in letters[0]["subject"]
    assert "Hello Someone1" in letters[0]["text"]
    token = await invite_token(services, EMAIL)
    assert f"https://www.techheroes.xyz/invitations/{token}" in letters[0]["html"]
    assert (await holder.client.followers())[0]["mail_delivery_status"] == "success"


async def test_the_documented_failure_to_add_one(holder: App) -> None:
    answer = await holder.client.post(
        "/friendship/add_one", {"user": entry(EMAIL, first_name="")}, expect=400
    )
    assert answer == {
        "message": "Failed to create invitation",
        "http_status_code": 400,
        "error": {
            "code": "BAD_PARAMETERS",
            "errors": [{"field": "first_name", "message": "First name can't be blank"}],
        },
    }


@each_case(
    ("field", "value", "message"),
    [
        ("level", "friend", "Level is not included in the list"),
        ("level", "", "Level can't be blank"),
        ("level", None, "Level can't be blank"),
        ("email", "someone1", "Email is invalid"),
        ("email", "", "Email can't be blank"),
        ("email", "holder@example.com", "Email can't be your own"),
        ("email", "Holder@Example.COM", "Email can't be your own"),
        ("email", "x" * 250 + "@example.com", "Email is too long (maximum is 255 characters)"),
        ("first_name", "x" * 26, "First name is too long (maximum is 25 characters)"),
        ("middle_name", "x" * 26, "Middle name is too long (maximum is 25 characters)"),
        ("last_name", "x" * 26, "Last name is too long (maximum is 25 characters)"),
        ("last_name", ["x"], "Last name is invalid"),
    ],
)
async def test_a_wrong_field_is_named_and_invites_nobody(
    holder: App, database: Database, field: str, value: Any, message: str
) -> None:
    problems = await holder.client.refused("/friendship/add_one", {"user": {**entry(EMAIL), field: value}})
    assert problems == {field: [message]}
    assert await database.friendships._collection.count_documents({}) == 0


async def test_nobody_is_named_twice(holder: App, services: Services) -> None:
    await invite(holder, EMAIL)
    for email in (EMAIL, "Someone1@Example.com"):
        problems = await holder.client.refused("/friendship/add_one", {"user": entry(email, "lifelink")})
        assert problems == {"email": ["Email has already been invited"]}
    assert len(await letters_to(services, EMAIL)) == 1
    # Another holder may name the same person.
    other = await make_app(holder.client.api, services)
    await invite(other, EMAIL)


async def test_the_grey_list_is_never_told(holder: App, services: Services) -> None:
    row = await invite(holder, EMAIL, "grey_list")
    assert (row["status"], row["mail_delivery_status"], row["invite_sent_at"]) == ("accepted", None, None)
    assert await letters_to(services, EMAIL) == []
    await holder.client.post(
        "/friendship/resend_invitation", {"user": {"email": EMAIL}}, expect=400, code="BAD_REQUEST"
    )
    app = await make_app(holder.client.api, services, EMAIL)
    for level in ("trusted_friend", "lifelink"):
        assert await app.client.following(level) == []
    await app.client.post(
        "/friendship/unfollow", {"user": {"email": holder.email}}, expect=404, code="RESOURCE_NOT_FOUND"
    )


async def test_the_state_of_the_mail_is_what_the_mail_server_said(holder: App, services: Services) -> None:
    addresses = {
        "someone@bounce.example": "failure",
        "someone@busy.example": "pending",
        EMAIL: "success",
    }
    for address in addresses:
        await invite(holder, address)
    await services.background.idle()
    rows = {row["email"]: row["mail_delivery_status"] for row in await holder.client.followers()}
    assert rows == addresses


async def test_add_many_invites_the_good_and_lists_the_bad(
    holder: App, services: Services, database: Database
) -> None:
    entries = [
        entry(EMAIL),
        entry("someone2@example.com", "lifelink", first_name=""),
        entry("someone3@example.com", "grey_list"),
        entry("SOMEONE1@example.com"),
        entry("holder@example.com"),
        "no object",
        {},
    ]
    answer = await holder.client.post("/friendship/add_many", {"users": entries})
    assert set(answer) == {
        "http_status_code",
        "message",
        "success_invitations",
        "failure_invitations",
    }
    assert answer["message"] == "The invitations created successfully"
    assert [row["email"] for row in answer["success_invitations"]] == [EMAIL, "someone3@example.com"]
    assert all(set(row) == INVITATION for row in answer["success_invitations"])
    assert answer["failure_invitations"] == [
        {
            "email": "someone2@example.com",
            "first_name": "",
            "level": "lifelink",
            "index": 1,
            "error": "First name can't be blank",
        },
        {
            "email": "SOMEONE1@example.com",
            "first_name": "Someone1",
            "level": "trusted_friend",
            "index": 3,
            "error": "Email has already been invited",
        },
        {
            "email": "holder@example.com",
            "first_name": "Someone1",
            "level": "trusted_friend",
            "index": 4,
            "error": "Email can't be your own",
        },
        {"email": None, "first_name": None, "level": None, "index": 5, "error": "User is invalid"},
        {"email": None, "first_name": None, "level": None, "index": 6, "error": "Level can't be blank"},
    ]
    assert all(set(row) == FAILED for row in answer["failure_invitations"])
    again = await holder.client.post("/friendship/add_many", {"users": entries})
    assert again["success_invitations"] == []
    assert len(again["failure_invitations"]) == len(entries)
    assert await database.friendships._collection.count_documents({}) == 2


async def test_a_hundred_entries_are_added_in_less_than_two_seconds(
    holder: App, io_loop: IOLoop, services: Services
) -> None:
    bad = {n for n in range(100) if n % 7 == 3}
    entries = [
        entry(f"someone{n}@example.com", first_name="" if n in bad else f"Someone{n}") for n in range(100)
    ]
    began = io_loop.time()
    answer = await holder.client.post("/friendship/add_many", {"users": entries})
    assert io_loop.time() - began < 2
    assert [row["index"] for row in answer["failure_invitations"]] == sorted(bad)
    assert [row["email"] for row in answer["success_invitations"]] == [
        f"someone{n}@example.com" for n in range(100) if n not in bad
    ]
    await services.background.idle()
    assert len(services.practice.mail.letters_to("someone0@example.com")) == 1
    page = await holder.client.get("/friendship/followers", {"per": 100})
    assert page["total"] == 100 - len(bad)
    assert {row["mail_delivery_status"] for row in page["users"]} == {"success"}


@pytest.mark.parametrize(
    "users", [None, [], [entry(f"someone{n}@example.com") for n in range(101)]], ids=["none", "empty", "101"]
)
async def test_none_and_too_many_entries_are_refused(holder: App, users: Any, database: Database) -> None:
    assert list(await holder.client.refused("/friendship/add_many", {"users": users})) == ["users"]
    assert await database.friendships._collection.count_documents({}) == 0


async def test_entries_come_as_a_form_too(holder: App) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for raw in (
        b"users[0][email]=a1@example.com&users[0][first_name]=A&users[0][level]=lifelink"
        b"&users[1][email]=a2@example.com&users[1][level]=lifelink",
        b"users[][email]=b1@example.com&users[][first_name]=B&users[][level]=lifelink"
        b"&users[][email]=b2@example.com&users[][level]=lifelink",
    ):
        answer = await holder.client.post("/friendship/add_many", headers=form, raw=raw)
        assert len(answer["success_invitations"]) == 1
        assert [row["error"] for row in answer["failure_invitations"]] == ["First name can't be blank"]


async def test_more_invitations_than_the_daily_limit_are_refused_whole(
    holder: App, services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.invitations, "_limit_per_person", 2)
    many = [entry(f"someone{n}@example.com") for n in range(3)]
    await holder.client.post("/friendship/add_many", {"users": many}, expect=403, code="ACCESS_DENINED")
    assert await database.friendships._collection.count_documents({}) == 0
