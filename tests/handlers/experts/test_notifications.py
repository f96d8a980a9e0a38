"""Notifications: every event of the product, whichever contract it came from, told once to whom it concerns."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handlers.experts.notification_words import WORDS, worded
from store.database import Database
from tests.clients.experts import ExpertsClient
from tests.fakes.clock import FakeClock
from tests.handlers.experts.notification_makers import ENDS, STARTS, told
from thserver.domain.bookings import News
from thserver.services import notifications
from thserver.services.all import Services


async def test_a_meeting_from_request_to_review(
    services: Services, john: ExpertsClient, jane: ExpertsClient, clock: FakeClock
) -> None:
    meeting = await john.meet(jane, STARTS, ENDS, title="JavaScript Consultation")
    assert await told(services, jane) == [
        ("meeting_request", "Meeting Request", "You have a new meeting request from John Doe.")
    ]
    assert await told(services, john) == []
    await jane.set_status(meeting, "confirmed")
    await services.background.idle()
    clock.advance(hours=18, minutes=45)
    await services.reminders.send_due()
    await services.reminders.send_due()
    clock.advance(hours=2)
    await john.set_status(meeting, "completed")
    await services.background.idle()
    await john("POST", "/credits/transfer/", {"meeting_id": meeting["id"], "amount": 1})
    reminder = "Your meeting 'JavaScript Consultation' starts in 15 minutes."
    assert await told(services, john) == [
        (
            "meeting_confirmed",
            "Meeting Confirmed",
            "Your meeting 'JavaScript Consultation' has been confirmed.",
        ),
        ("meeting_reminder", "Meeting Reminder", reminder),
        (
            "review_reminder",
            "Review Reminder",
            "How was your meeting 'JavaScript Consultation'? Leave a review for Jane Smith.",
        ),
        ("credit_update", "Credit Update", "You have spent 1 credit on a meeting."),
    ]
    assert (await told(services, jane))[1:] == [
        ("meeting_reminder", "Meeting Reminder", reminder),
        (
            "review_reminder",
            "Review Reminder",
            "How was your meeting 'JavaScript Consultation'? Leave a review for John Doe.",
        ),
        ("credit_update", "Credit Update", "You have earned 1 credit with a meeting."),
    ]
    everything = (await john("GET", "/notifications/")).body
    assert [each["related_id"] for each in everything[:3]] == [meeting["id"]] * 3
    spent = (await john("GET", "/credit-transactions/")).body[-1]
    assert everything[3]["related_id"] == spent["id"]


@pytest.mark.parametrize("by_expert", [True, False])
async def test_a_cancelled_meeting_is_told_to_the_other(
    services: Services, john: ExpertsClient, jane: ExpertsClient, by_expert: bool
) -> None:
    meeting = await john.meet(jane, STARTS, ENDS, title="{other} {0} %s")
    await jane.set_status(meeting, "confirmed")
    actor, other = (jane, john) if by_expert else (john, jane)
    await actor.set_status(meeting, "cancelled")
    cancelled = (
        "meeting_cancelled",
        "Meeting Cancelled",
        "Your meeting '{other} {0} %s' has been cancelled.",
    )
    assert (await told(services, other))[-1] == cancelled
    assert cancelled not in await told(services, actor)


async def test_a_meeting_that_nobody_confirms_is_told_to_both(
    services: Services, john: ExpertsClient, jane: ExpertsClient, clock: FakeClock
) -> None:
    await john.meet(jane, STARTS, ENDS, title="Hooks")
    clock.advance(hours=20)
    await services.bookings.lapse_stale(clock.now())
    lapsed = ("meeting_cancelled", "Meeting Cancelled", "Your meeting 'Hooks' was not confirmed in time.")
    assert (await told(services, john))[-1] == lapsed
    assert (await told(services, jane))[-1] == lapsed


async def test_news_that_is_told_again_makes_no_second_notification(
    services: Services, database: Database, john: ExpertsClient, jane: ExpertsClient
) -> None:
    meeting = await john.meet(jane, STARTS, ENDS)
    booking = await database.bookings.get(meeting["id"])
    assert booking is not None
    news = News("requested:0", "requested", john.id, services.clock.now())
    await asyncio.gather(*(services.notifications.booking_heard(booking, news) for _ in range(10)))
    assert len(await told(services, jane)) == 1


async def test_purchases_are_told_and_the_first_credit_is_not(
    services: Services, john: ExpertsClient
) -> None:
    await john.balance()
    assert await told(services, john) == []
    await john.buy(5)
    assert await told(services, john) == [("credit_update", "Credit Update", "You have purchased 5 credits.")]


# For the person himself.


async def test_one_marks_ones_own_as_read_and_filters_by_it(
    services: Services, john: ExpertsClient, jane: ExpertsClient, clock: FakeClock
) -> None:
    for content in "12":
        await john("POST", "/messages/", {"receiver_id": jane.id, "content": content}, expect=201)
    first, second = [each["id"] for each in (await jane("GET", "/notifications/")).body]
    clock.advance(minutes=5)
    answer = await jane("PATCH", f"/notifications/{first}/", {"is_read": True})
    assert list(answer.body) == ["id", "is_read", "updated_at"]
    assert answer.body == {"id": first, "is_read": True, "updated_at": "2026-03-02T15:05:00Z"}

    async def ids(query: str) -> list[int]:
        return [each["id"] for each in (await jane("GET", f"/notifications/{query}")).body]

    assert await ids("?is_read=true") == [first]
    assert await ids("?is_read=false") == [second]
    assert await ids("?is_read=") == [first, second]
    assert (await jane("PATCH", f"/notifications/{first}/", {"is_read": False})).body["is_read"] is False
    assert await ids("?is_read=false") == [first, second]


async def test_somebody_elses_notification_is_not_there(john: ExpertsClient, jane: ExpertsClient) -> None:
    await john("POST", "/messages/", {"receiver_id": jane.id, "content": "Hello"}, expect=201)
    (notification,) = (await jane("GET", "/notifications/")).body
    for number in (notification["id"], 999_999, 10**17):
        answer = await john("PATCH", f"/notifications/{number}/", {"is_read": True}, expect=404)
        assert answer.body == {"error": "Notification not found"}
    assert (await jane("GET", "/notifications/")).body[0]["is_read"] is False


@pytest.mark.parametrize(
    "body", [{}, {"is_read": None}, {"is_read": "maybe"}, {"is_read": 1}, {"is_read": [True]}]
)
async def test_a_mark_that_is_none_is_refused(john: ExpertsClient, jane: ExpertsClient, body: Any) -> None:
    await john("POST", "/messages/", {"receiver_id": jane.id, "content": "Hello"}, expect=201)
    (notification,) = (await jane("GET", "/notifications/")).body
    answer = await jane("PATCH", f"/notifications/{notification['id']}/", body, expect=400)
    assert list(answer.body["errors"]) == ["is_read"]
    await jane("GET", "/notifications/?is_read=perhaps", expect=400)


async def test_the_last_hundred_are_shown_and_one_can_go_further_back(
    services: Services, john: ExpertsClient, jane: ExpertsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "MOST_SHOWN", 2)
    for content in "12345":
        await john("POST", "/messages/", {"receiver_id": jane.id, "content": content}, expect=201)
    last = [each["id"] for each in (await jane("GET", "/notifications/")).body]
    before = [each["id"] for each in (await jane("GET", f"/notifications/?before={last[0]}")).body]
    assert len(last) == len(before) == 2
    assert before[-1] < last[0]


# The words.


def test_everything_that_may_happen_has_words() -> None:
    happening = {what for _, what in notifications.OF_BOOKINGS.values()}
    happening |= set(notifications.OF_CREDITS.values()) | set(notifications.RECEIPTS.values())
    happening |= {
        "message", "reminder", "started", "on_the_line", "receipt_fee", "receipt_earned", "refunded", "unpaid",
    }  # fmt: skip
    assert happening == set(WORDS)


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [
        (1, "Your call with Ann starts in 1 minute."),
        (60, "Your call with Ann starts in 1 hour."),
        (125, "Your call with Ann starts in 2 hours 5 minutes."),
    ],
)
def test_how_far_ahead_is_said_as_people_say_it(minutes: int, sentence: str) -> None:
    assert worded("reminder", {"noun": "call", "minutes_ahead": minutes}, "Ann")[1] == sentence
