"""Who follows one and whom one follows, over contract circles; taking somebody out, and what nobody else may see."""

from __future__ import annotations

from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.circle_makers import App, befriend, entry, invite, invite_token, make_app
from tests.clients.circles import FOLLOWER, CirclesClient
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from thserver.services.all import Services


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


@each_case(
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
