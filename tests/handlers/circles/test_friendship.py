"""Circles of contract circles: naming people, inviting them, their answers, and what each side sees."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from store.database import Database
from tests.circle_makers import App, befriend, entry, invite, invite_token, letters_to, make_app
from tests.clients.circles import FAILED, FOLLOWER, INVITATION, CirclesClient
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from thserver.services.all import Services

OVER = {
    "message": "The invitation is already accepted or rejected",
    "http_status_code": 400,
    "error": {"code": "BAD_REQUEST"},
}
TOMORROW = {
    "message": "Could not send the invitation. Please wait for a day to try this action",
    "http_status_code": 400,
    "error": {"code": "BAD_REQUEST"},
}
EMAIL = "someone1@example.com"


@pytest.fixture
def holder(io_loop: IOLoop, api: Api, services: Services) -> App:
    app: App = io_loop.run_sync(
        lambda: make_app(api, services, "holder@example.com", first_name="Hida", last_name="Isao")
    )
    return app


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


@pytest.mark.parametrize(
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


async def test_resend_waits_for_a_day(holder: App, services: Services, clock: FakeClock) -> None:
    await invite(holder, EMAIL)
    first = await invite_token(services, EMAIL)
    resend = {"user": {"email": EMAIL}}
    assert await holder.client.post("/friendship/resend_invitation", resend, expect=400) == TOMORROW
    clock.advance(hours=23, minutes=59)
    assert await holder.client.post("/friendship/resend_invitation", resend, expect=400) == TOMORROW
    clock.advance(minutes=1)
    assert await holder.client.post("/friendship/resend_invitation", resend) == {
        "message": "The invitation email has been sent successfully",
        "http_status_code": 200,
    }
    assert len(await letters_to(services, EMAIL)) == 2
    assert await invite_token(services, EMAIL) == first
    row = (await holder.client.followers())[0]
    assert row["invite_sent_at"] == "2026-03-03T15:00:00.000Z"
    assert await holder.client.post("/friendship/resend_invitation", resend, expect=400) == TOMORROW


async def test_after_a_failed_mail_a_resend_may_follow_at_once(holder: App, services: Services) -> None:
    address = "someone@bounce.example"
    await invite(holder, address)
    await services.background.idle()
    resend = {"user": {"email": address}}
    await holder.client.post("/friendship/resend_invitation", resend)
    await services.background.idle()
    await holder.client.post("/friendship/resend_invitation", resend)


async def test_resending_to_nobody_and_to_who_has_answered(holder: App, services: Services) -> None:
    await holder.client.post(
        "/friendship/resend_invitation", {"user": {"email": EMAIL}}, expect=404, code="RESOURCE_NOT_FOUND"
    )
    friend = await make_app(holder.client.api, services)
    await befriend(services, holder, friend)
    answer = await holder.client.post(
        "/friendship/resend_invitation", {"user": {"email": friend.email}}, expect=400
    )
    assert answer == OVER
    assert await holder.client.refused("/friendship/resend_invitation", {}) == {
        "email": ["Email can't be blank"]
    }


async def test_update_names_without_another_mail(holder: App, services: Services) -> None:
    await invite(holder, EMAIL)
    answer = await holder.client.post(
        "/friendship/update_invitation",
        {"user": entry(EMAIL, first_name="John", middle_name="Q", last_name="Smith")},
    )
    assert set(answer) == {"http_status_code", "message", "user"}
    assert answer["message"] == "The invitation has been updated successfully"
    assert set(answer["user"]) == INVITATION
    assert answer["user"]["full_name"] == "John Q Smith"
    assert len(await letters_to(services, EMAIL)) == 1
    answer = await holder.client.post("/friendship/update_invitation", {"user": entry(EMAIL)})
    assert (answer["user"]["middle_name"], answer["user"]["last_name"]) == (None, None)
    assert await holder.client.refused(
        "/friendship/update_invitation", {"user": entry(EMAIL, first_name="")}
    ) == {"first_name": ["First name can't be blank"]}


async def test_another_level_is_another_invitation(holder: App, services: Services, clock: FakeClock) -> None:
    await invite(holder, EMAIL, "trusted_friend")
    old = await invite_token(services, EMAIL)
    clock.advance(minutes=5)
    answer = await holder.client.post("/friendship/update_invitation", {"user": entry(EMAIL, "lifelink")})
    assert answer["user"]["mail_delivery_status"] == "pending"
    assert answer["user"]["invite_sent_at"] == "2026-03-02T15:05:00.000Z"
    assert len(await letters_to(services, EMAIL)) == 2
    new = await invite_token(services, EMAIL)
    client = CirclesClient(holder.client.api)
    assert await client.post("/friendship/accept_invitation", {"invite_token": old}, expect=400) == OVER
    await client.post("/friendship/accept_invitation", {"invite_token": new})


async def test_putting_somebody_on_the_grey_list_ends_his_invitation_without_a_word(
    holder: App, services: Services
) -> None:
    await invite(holder, EMAIL, "lifelink")
    token = await invite_token(services, EMAIL)
    answer = await holder.client.post("/friendship/update_invitation", {"user": entry(EMAIL, "grey_list")})
    assert answer["user"]["status"] == "accepted"
    assert len(await letters_to(services, EMAIL)) == 1
    client = CirclesClient(holder.client.api)
    for path in ("accept", "reject"):
        body = {"invite_token": token}
        assert await client.post(f"/friendship/{path}_invitation", body, expect=400) == OVER


async def test_a_mail_that_was_not_written_yet_never_reaches_who_is_taken_out_meanwhile(
    holder: App, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(services.background, "soon", lambda name, work: later.append(work))
        for n in range(2):
            await invite(holder, f"someone{n}@example.com", "lifelink")
    grey = {"user": entry("someone0@example.com", "grey_list")}
    await holder.client.post("/friendship/update_invitation", grey)
    await holder.client.post("/friendship/remove_follower", {"user": {"email": "someone1@example.com"}})
    for work in later:
        await work()
    for n in range(2):
        assert await letters_to(services, f"someone{n}@example.com") == []


async def test_only_what_is_pending_is_updated(holder: App, services: Services) -> None:
    friend = await make_app(holder.client.api, services)
    await befriend(services, holder, friend)
    assert (
        await holder.client.post(
            "/friendship/update_invitation", {"user": entry(friend.email, "lifelink")}, expect=400
        )
        == OVER
    )
    await holder.client.post(
        "/friendship/update_invitation", {"user": entry(EMAIL)}, expect=404, code="RESOURCE_NOT_FOUND"
    )


async def test_a_lifelink_accepts_without_an_account(holder: App, services: Services) -> None:
    await invite(holder, EMAIL, "lifelink")
    token = await invite_token(services, EMAIL)
    client = CirclesClient(holder.client.api)
    assert await client.post("/friendship/accept_invitation", {"invite_token": token}) == {
        "message": "Invitation has been accepted",
        "http_status_code": 200,
    }
    for path in ("accept", "reject"):
        body = {"invite_token": token}
        assert await client.post(f"/friendship/{path}_invitation", body, expect=400) == OVER
    assert (await holder.client.followers())[0]["status"] == "accepted"
    # Whoever registers with the address later finds himself in the circle.
    app = await make_app(holder.client.api, services, EMAIL)
    assert [row["status"] for row in await app.client.following("lifelink")] == ["accepted"]


async def test_a_trusted_friend_needs_the_account_of_his_address(holder: App, services: Services) -> None:
    api = holder.client.api
    await invite(holder, EMAIL)
    token = {"invite_token": await invite_token(services, EMAIL)}
    stranger = await make_app(api, services)
    unproven = HeroesClient(api)
    await unproven.register(email=EMAIL, phone="2025550123")
    for client in (CirclesClient(api), stranger.client, CirclesClient(api, unproven.token)):
        assert await client.post("/friendship/accept_invitation", token, expect=400) == OVER
    assert (await holder.client.followers())[0]["status"] == "pending"
    await services.background.idle()
    letters = services.practice.mail.letters_to(EMAIL)
    confirm = next(each["text"] for each in letters if "Confirm" in each["subject"])
    code = confirm.split("asked for it: ")[1][:10]
    await unproven("POST", "/accounts/verify-email", {"token": code})
    await CirclesClient(api, unproven.token).post("/friendship/accept_invitation", token)
    assert (await holder.client.followers())[0]["status"] == "accepted"


async def test_reject_needs_no_account_and_is_good_once(holder: App, services: Services) -> None:
    await invite(holder, EMAIL)
    token = {"invite_token": await invite_token(services, EMAIL)}
    client = CirclesClient(holder.client.api)
    assert await client.post("/friendship/reject_invitation", token) == {
        "message": "The invitation has been rejected",
        "http_status_code": 200,
    }
    for path in ("accept", "reject"):
        assert await client.post(f"/friendship/{path}_invitation", token, expect=400) == OVER
    assert (await holder.client.followers())[0]["status"] == "rejected"
    app = await make_app(holder.client.api, services, EMAIL)
    assert await app.client.following() == []


@pytest.mark.parametrize("token", ["x", "0" * 40, "0" * 200, "é", "{}"])
async def test_an_unknown_token_is_answered_like_a_spent_one(
    api: Api, services: Services, token: str
) -> None:
    for path in ("accept", "reject"):
        body = {"invite_token": token}
        answer = await CirclesClient(api).post(f"/friendship/{path}_invitation", body, expect=400)
        assert answer == OVER


async def test_of_two_answers_at_once_one_counts(holder: App, services: Services) -> None:
    await invite(holder, EMAIL, "lifelink")
    token = {"invite_token": await invite_token(services, EMAIL)}
    client = CirclesClient(holder.client.api)
    answers = await asyncio.gather(
        *(
            client.post(f"/friendship/{path}_invitation", token, expect=None)
            for path in ("accept", "reject") * 5
        )
    )
    assert sorted(answer["http_status_code"] for answer in answers) == [200] + [400] * 9


async def test_of_two_at_once_who_name_the_same_person_one_does(
    holder: App, services: Services, database: Database
) -> None:
    answers = await asyncio.gather(
        *(holder.client.post("/friendship/add_one", {"user": entry(EMAIL)}, expect=None) for _ in range(8))
    )
    assert sorted(answer["http_status_code"] for answer in answers) == [200] + [400] * 7
    assert len(await letters_to(services, EMAIL)) == 1


async def test_followers_are_filtered_sorted_and_paged(holder: App, clock: FakeClock) -> None:
    people = [("b", "Zoe", "lifelink"), ("c", "adam", "trusted_friend"), ("a", "Mia", "grey_list")]
    for name, last, level in people:
        await invite(holder, f"{name}@example.com", level, first_name=name.upper(), last_name=last)
        clock.advance(minutes=1)

    async def emails(**query: Any) -> list[str]:
        return [row["email"][0] for row in await holder.client.followers(**query)]

    assert await emails() == ["a", "c", "b"]
    assert await emails(order="asc") == ["b", "c", "a"]
    assert await emails(sort="first_name", order="asc") == ["a", "b", "c"]
    assert await emails(sort="last_name", order="asc") == ["c", "a", "b"]
    assert await emails(sort="last_name", order="desc") == ["b", "a", "c"]
    assert await emails(sort="full_name", order="asc") == ["a", "b", "c"]
    assert await emails(sort="email", order="asc") == ["a", "b", "c"]
    assert await emails(sort="level", order="asc") == ["a", "b", "c"]
    assert set(await emails(sort="status", order="asc")) == {"a", "b", "c"}
    assert await emails(level="lifelink") == ["b"]
    assert await emails(level="") == ["a", "c", "b"]
    page = await holder.client.get("/friendship/followers", {"per": 2, "page": 2, "order": "asc"})
    assert {name: value for name, value in page.items() if name != "users"} == {
        "http_status_code": 200,
        "total": 3,
        "page": 2,
        "per": 2,
        "sort": "created_at",
        "order": "asc",
    }
    assert [row["email"] for row in page["users"]] == ["a@example.com"]
    assert all(set(row) == FOLLOWER for row in page["users"])
    # By query, too.
    page = await holder.client.get("/friendship/followers?per=1&sort=email&order=asc&level=lifelink")
    assert (page["total"], page["per"], page["sort"]) == (1, 1, "email")
    page = await holder.client.get("/friendship/followers?page=2147483647&per=100")
    assert page["users"] == []


@pytest.mark.parametrize(
    ("query", "problems"),
    [
        ({"per": 101}, {"per": ["Per must be less than or equal to 100"]}),
        ({"per": 0}, {"per": ["Per must be greater than 0"]}),
        ({"page": 0}, {"page": ["Page must be greater than 0"]}),
        ({"page": -1}, {"page": ["Page must be greater than 0"]}),
        ({"page": "abc"}, {"page": ["Page is not a number"]}),
        ({"page": 1.5}, {"page": ["Page is not a number"]}),
        ({"page": True}, {"page": ["Page is not a number"]}),
        ({"page": "١"}, {"page": ["Page is not a number"]}),
        ({"page": 10**18}, {"page": ["Page must be less than or equal to 2147483647"]}),
        ({"sort": "password"}, {"sort": ["Sort is not included in the list"]}),
        ({"sort": "account_holder_first_name"}, {"sort": ["Sort is not included in the list"]}),
        ({"order": "up"}, {"order": ["Order is not included in the list"]}),
        ({"level": "friend"}, {"level": ["Level is not included in the list"]}),
        ({"level": {"$ne": 1}}, {"level": ["Level is invalid"]}),
    ],
)
async def test_a_wrong_query_is_named(holder: App, query: dict[str, Any], problems: Any) -> None:
    answer = await holder.client.get("/friendship/followers", query, expect=400, code="BAD_PARAMETERS")
    assert {each["field"]: [each["message"]] for each in answer["error"]["errors"]} == problems


async def test_following_shows_the_account_holder_and_the_token_while_it_is_open(
    holder: App, services: Services
) -> None:
    friend = await make_app(holder.client.api, services)
    await invite(holder, friend.email)
    token = await invite_token(services, friend.email)
    page = await friend.client.get("/friendship/following", {"level": "trusted_friend"})
    assert (page["total"], page["sort"], page["order"]) == (1, "created_at", "desc")
    row = page["users"][0]
    assert (row["status"], row["invite_token"], row["death_notice"]) == ("pending", token, None)
    assert row["account_holder"] == {
        "id": holder.id,
        "first_name": "Hida",
        "middle_name": None,
        "last_name": "Isao",
        "full_name": "Hida Isao",
        "email": holder.email,
        "avatar": None,
    }
    await friend.client.post("/friendship/accept_invitation", {"invite_token": row["invite_token"]})
    row = (await friend.client.following())[0]
    assert (row["status"], row["invite_token"]) == ("accepted", None)
    assert await friend.client.following("lifelink") == []


async def test_following_is_sorted_by_the_account_holder_s_names(
    api: Api, services: Services, clock: FakeClock
) -> None:
    friend = await make_app(api, services)
    for first, last in (("Bea", "Young"), ("Cy", "adams"), ("ann", "Miller")):
        await invite(await make_app(api, services, first_name=first, last_name=last), friend.email)
        clock.advance(minutes=1)

    async def holders(**query: Any) -> list[str]:
        return [row["account_holder"]["first_name"] for row in await friend.client.following(**query)]

    assert await holders() == ["ann", "Cy", "Bea"]
    assert await holders(sort="account_holder_first_name", order="asc") == ["ann", "Bea", "Cy"]
    assert await holders(sort="account_holder_last_name", order="asc") == ["Cy", "ann", "Bea"]
    assert await holders(sort="account_holder_full_name", order="desc") == ["Cy", "Bea", "ann"]
    assert await holders(sort="account_holder_full_name", order="asc", per=1, page=2) == ["Bea"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "Level can't be blank"),
        ({"level": ""}, "Level can't be blank"),
        ({"level": "grey_list"}, "Level is not included in the list"),
        ({"level": "lifelink", "sort": "first_name"}, "Sort is not included in the list"),
    ],
)
async def test_following_wants_a_level(holder: App, query: dict[str, Any], message: str) -> None:
    answer = await holder.client.get("/friendship/following", query, expect=400, code="BAD_PARAMETERS")
    assert [each["message"] for each in answer["error"]["errors"]] == [message]


async def test_a_picture_is_shown_only_once_the_invitation_is_accepted(
    holder: App, services: Services
) -> None:
    friend = await make_app(holder.client.api, services)
    hero = HeroesClient(holder.client.api, friend.client.token)
    url = "https://example.com/me.png"
    await hero("PATCH", "/accounts/profile", {"profile_image": url})
    assert (await invite(holder, friend.email))["avatar"] is None
    assert (await holder.client.followers())[0]["avatar"] is None
    token = await invite_token(services, friend.email)
    await friend.client.post("/friendship/accept_invitation", {"invite_token": token})
    assert (await holder.client.followers())[0]["avatar"] == {"origin": url, "thumb": url}


async def test_remove_a_follower(holder: App, services: Services) -> None:
    friend = await make_app(holder.client.api, services)
    await befriend(services, holder, friend)
    await holder.client.post("/friendship/remove_follower", {"user": {"email": friend.email}})
    assert await holder.client.followers() == []
    assert await friend.client.following() == []
    await holder.client.post(
        "/friendship/remove_follower",
        {"user": {"email": friend.email}},
        expect=404,
        code="RESOURCE_NOT_FOUND",
    )
    await invite(holder, friend.email, "lifelink")


async def test_unfollow(holder: App, services: Services) -> None:
    friend = await make_app(holder.client.api, services)
    await befriend(services, holder, friend)
    await friend.client.post("/friendship/unfollow", {"user": {"email": holder.email}})
    assert await friend.client.following() == []
    assert await holder.client.followers() == []
    unknown = await friend.client.post("/friendship/unfollow", {"user": {"email": holder.email}}, expect=404)
    assert unknown == await friend.client.post(
        "/friendship/unfollow", {"user": {"email": "nobody@example.com"}}, expect=404
    )


async def test_nobody_answers_or_reads_for_another(holder: App, services: Services) -> None:
    friend = await make_app(holder.client.api, services)
    await invite(holder, friend.email)
    stranger = await make_app(holder.client.api, services)
    assert await stranger.client.followers() == []
    assert await stranger.client.following() == []
    await stranger.client.post("/friendship/remove_follower", {"user": {"email": friend.email}}, expect=404)
    await stranger.client.post("/friendship/update_invitation", {"user": entry(friend.email)}, expect=404)


async def test_lists_take_a_fixed_number_of_questions(
    holder: App, services: Services, database: Database
) -> None:
    async def questions(client: CirclesClient, path: str, query: dict[str, Any]) -> int:
        async def asked() -> int:
            status = await database._database.command("serverStatus")
            return int(status["opcounters"]["query"]) + int(
                status["metrics"]["commands"]["aggregate"]["total"]
            )

        await services.background.idle()
        before = await asked()
        await client.get(path, query)
        return await asked() - before

    friend = await make_app(holder.client.api, services)
    await befriend(services, holder, friend)
    for n in range(3):
        other = await make_app(holder.client.api, services)
        await befriend(services, other, friend)
        await invite(holder, f"someone{n}@example.com")
    most = {"/friendship/followers": 4, "/friendship/following": 6}
    for client, path in ((holder.client, "/friendship/followers"), (friend.client, "/friendship/following")):
        page = await client.get(path, {"level": "trusted_friend"})
        assert page["total"] == 4
        assert await questions(client, path, {"level": "trusted_friend"}) <= most[path]
