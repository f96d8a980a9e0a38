"""Invitations of contract circles that are sent again, changed or taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.circle_makers import App, befriend, entry, invite, invite_token, letters_to, make_app
from tests.clients.circles import INVITATION, CirclesClient
from tests.fakes.clock import FakeClock
from tests.handlers.circles.friendship_makers import EMAIL, OVER
from thserver.services.all import Services

TOMORROW = {
    "message": "Could not send the invitation. Please wait for a day to try this action",
    "http_status_code": 400,
    "error": {"code": "BAD_REQUEST"},
}


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
