"""Accepting and rejecting an invitation of contract circles; of two at once one counts."""

from __future__ import annotations

import asyncio

import pytest

from store.database import Database
from tests.circle_makers import App, entry, invite, invite_token, letters_to, make_app
from tests.clients.circles import CirclesClient
from tests.clients.heroes import HeroesClient
from tests.clients.http import Api
from tests.handlers.circles.friendship_makers import EMAIL, OVER
from thserver.services.all import Services


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
