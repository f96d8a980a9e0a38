"""Passwords that are forgotten, reset and changed, and accounts that are closed."""

from __future__ import annotations

from store.database import Database
from tests.circle_makers import (
    invite,
    invite_token,
    letters_to,
    mailed,
    make_app,
)
from tests.clients.circles import REGISTRATION, CirclesClient
from tests.clients.http import Api
from thserver.services.all import Services

EMAIL = REGISTRATION["email"]


async def test_forgot_and_reset_a_password(api: Api, services: Services) -> None:
    app = await make_app(api, services, EMAIL)
    answer = await CirclesClient(api).post("/password/forgot", {"user": {"email": "JOHN.DOE@example.com"}})
    assert answer == {
        "http_status_code": 200,
        "message": "Please check your email for reset password instructions",
    }
    token = await mailed(services, EMAIL, length=8)
    stranger = CirclesClient(api)
    assert await stranger.refused("/password/reset", {"token": token, "password": "short"}) == {
        "password": ["Password is too short (minimum is 6 characters)"]
    }
    await stranger.post("/password/reset", {"token": token, "password": "newpass"})
    await stranger.post(
        "/password/reset", {"token": token, "password": "newpass"}, expect=400, code="BAD_REQUEST"
    )
    await app.client.get("/profile/me", expect=401, code="ACCESS_TOKEN_INVALID")
    await stranger.log_in(EMAIL, "secret", expect=401)
    await stranger.log_in(EMAIL, "newpass")


async def test_forgot_answers_the_same_for_a_stranger_s_address(api: Api, services: Services) -> None:
    await make_app(api, services, EMAIL)
    client = CirclesClient(api)
    answers = [
        await client.post("/password/forgot", {"user": {"email": email}})
        for email in (EMAIL, "x@example.com")
    ]
    assert answers[0] == answers[1]
    assert await letters_to(services, "x@example.com") == []
    assert await client.refused("/password/forgot", {"user": {"email": ""}}) == {
        "email": ["Email can not be blank"]
    }
    assert await client.refused("/password/forgot", {}) == {"email": ["Email can not be blank"]}


async def test_update_password(api: Api, services: Services) -> None:
    app = await make_app(api, services, EMAIL)
    elsewhere = CirclesClient(api)
    await elsewhere.log_in(EMAIL)
    answer = await app.client.post("/profile/update_password", {"user": {"password": "newpass"}})
    assert answer == {"http_status_code": 200, "message": "Password updated successfully"}
    await app.client.get("/profile/me")
    await elsewhere.get("/profile/me", expect=401, code="ACCESS_TOKEN_INVALID")
    await elsewhere.log_in(EMAIL, "newpass")
    answer = await app.client.post("/profile/update_password", {"user": {"password": "short"}}, expect=400)
    assert answer == {
        "message": "Failed to update password",
        "http_status_code": 400,
        "error": {
            "code": "BAD_PARAMETERS",
            "errors": [{"field": "password", "message": "Password is too short (minimum is 6 characters)"}],
        },
    }


async def test_close_account(api: Api, services: Services, database: Database) -> None:
    app = await make_app(api, services, EMAIL)
    friend = await make_app(api, services)
    await invite(app, friend.email)
    pending = await invite_token(services, friend.email)
    for wrong in ({"password": "wrong"}, {"password": ""}, {}, {"password": 7}, {"password": "x" * 5000}):
        answer = await app.client.post("/profile/close_account", wrong, expect=400)
        assert answer == {
            "message": "Could not close account. The provided password is wrong",
            "http_status_code": 400,
            "error": {"code": "BAD_PARAMETERS"},
        }
    answer = await app.client.post("/profile/close_account", {"password": "secret"})
    assert answer == {
        "message": "You account has been closed. Thank you for use DSRT",
        "http_status_code": 200,
    }
    await app.client.get("/profile/me", expect=401, code="ACCESS_TOKEN_INVALID")
    await CirclesClient(api).log_in(EMAIL, expect=401)
    await friend.client.post(
        "/friendship/accept_invitation", {"invite_token": pending}, expect=400, code="BAD_REQUEST"
    )
    assert await friend.client.following() == []
    assert await database.friendships.circle(app.id) == []
    # The address is free.
    again = await make_app(api, services, EMAIL)
    assert again.id != app.id


async def test_who_closes_his_account_leaves_every_circle(api: Api, services: Services) -> None:
    holder, friend, link = [await make_app(api, services) for _ in range(3)]
    for app, level in ((friend, "trusted_friend"), (link, "lifelink")):
        await invite(holder, app.email, level)
        token = await invite_token(services, app.email)
        await app.client.post("/friendship/accept_invitation", {"invite_token": token})
        await app.client.post("/profile/close_account", {"password": "secret"})
    assert [row["email"] for row in await holder.client.followers()] == [link.email]
