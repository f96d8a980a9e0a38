"""Notifications: every event of the product, whichever contract it came from, told once to whom it concerns."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from handlers.experts.notification_words import WORDS, worded
from store.database import Database
from tests.booking_makers import (
    World,
    make_accepted_request,
    make_agreed_booking,
    make_caller,
    make_host,
    make_request,
)
from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.clients.sockets import NOTIFICATION
from tests.fakes.clock import FakeClock
from tests.makers import token_of
from tests.meeting_makers import make_member
from tests.money_makers import make_call, settle
from thserver.domain.bookings import Booking, Kind, News, State
from thserver.domain.people import Person
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services import notifications
from thserver.services.all import Services

STARTS, ENDS = "2026-03-03T10:00:00Z", "2026-03-03T11:00:00Z"
TYPES = {
    "meeting_request", "meeting_confirmed", "meeting_cancelled", "meeting_reminder", "new_message",
    "review_reminder", "credit_update", "system",
}  # fmt: skip
Told = list[tuple[str, str, str]]


async def told(services: Services, client: ExpertsClient, query: str = "") -> Told:
    """Type, title and sentence of each, once all news has been passed on."""
    await services.background.idle()
    found = (await client("GET", f"/notifications/{query}")).body
    for each in found:
        assert list(each) == NOTIFICATION
        assert each["notification_type"] in TYPES
        assert each["user_id"] == client.id or not client.me
    assert [each["id"] for each in found] == sorted({each["id"] for each in found})
    return [(each["notification_type"], each["title"], each["content"]) for each in found]


async def app_of(services: Services, api: Api, person: Person) -> ExpertsClient:
    client = ExpertsClient(api, await token_of(services, person, "experts"))
    client.me = {"id": person.id}
    return client


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


# What comes from the other doors.


async def test_a_heroes_call_from_request_to_receipt(world: World, api: Api) -> None:
    call = await make_call(world)
    await settle(world)
    guest, host = await app_of(world.services, api, call.guest), await app_of(world.services, api, call.host)
    guests = await told(world.services, guest)
    assert guests[0] == (
        "system",
        "Request Accepted",
        "Tom Brady has accepted your request and suggests times.",
    )
    assert ("system", "Receipt", "Your call with Tom Brady: $30.00 charged.") in guests
    hosts = await told(world.services, host)
    assert hosts[0] == (
        "meeting_request",
        "Meeting Request",
        "You have a new meeting request from Cam Newton.",
    )
    assert (
        "meeting_confirmed",
        "Meeting Confirmed",
        "Your call with Cam Newton has been confirmed.",
    ) in hosts
    assert ("system", "Receipt", "Your call with Cam Newton: $25.50 earned.") in hosts
    assert not {kind for kind, *_ in guests + hosts} & {"review_reminder"}
    await settle(world)
    assert await told(world.services, guest) == guests


async def test_a_card_that_is_not_taken_and_money_given_back_are_told(world: World, api: Api) -> None:
    declined = await make_call(world, card="pm_card_chargeCustomerFail")
    await settle(world)
    app = await app_of(world.services, api, declined.guest)
    assert ("system", "Payment Failed", "$30.00 could not be charged to your card.") in await told(
        world.services, app
    )
    paid = await make_call(world)
    await settle(world)
    await world.services.billing.refund(paid.charge_id, 500)
    await world.services.billing.charge_due()
    app = await app_of(world.services, api, paid.guest)
    assert ("system", "Refund", "$5.00 given back to your card.") in await told(world.services, app)


async def test_other_times_declining_and_missing_are_told(world: World, api: Api) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    app = await app_of(world.services, api, guest)
    declined = await make_request(world, guest, hero)
    await world.services.bookings.decline(declined, host.id, "No time")
    assert (await told(world.services, app))[-1] == (
        "meeting_cancelled",
        "Meeting Cancelled",
        "Your call with Tom Brady has been declined.",
    )
    accepted = await make_accepted_request(world, guest, hero)
    times = tuple(time + timedelta(days=1) for time in accepted.suggestions[0].times)
    await world.services.bookings.suggest(accepted, host.id, times)  # type: ignore[arg-type]
    assert (await told(world.services, app))[-1] == (
        "system",
        "New Times Suggested",
        "Tom Brady suggests other times for your call.",
    )


@pytest.mark.parametrize(
    ("kind", "what", "by", "hearing", "sentence"),
    [
        (Kind.GATHERING, "invited:0", 1, {2, 3}, "You have a new meeting request from {1}."),
        (Kind.GATHERING, "invited:4:3", 2, {3}, "You have a new meeting request from {2}."),
        (Kind.GATHERING, "agreed:0", 1, set(), ""),
        (Kind.GATHERING, "called_off:5", 1, {2, 3}, "Your meeting 'Reunion' has been cancelled."),
        (Kind.GATHERING, "held:1", None, set(), ""),
        (Kind.SESSION, "requested:0", 2, {1, 3}, "You have a new meeting request from {2}."),
        (Kind.SESSION, "agreed:0", 1, {2, 3}, "Your session 'Reunion' has been confirmed."),
        (Kind.MEMORIAL, "agreed:0", 1, {2, 3}, "Your gathering 'Reunion' has been confirmed."),
        (Kind.CALL, "missed:2", None, {1, 2, 3}, "Your call 'Reunion' did not take place."),
        (Kind.MEETING, "held:0", 1, {1, 2, 3}, "How was your meeting 'Reunion'? Leave a review for {other}."),
        (Kind.MEETING, "something:0", None, set(), ""),
    ],
)
async def test_who_is_told_what_of_bookings_of_every_kind(
    world: World, api: Api, kind: Kind, what: str, by: int | None, hearing: set[int], sentence: str
) -> None:
    """The people are numbered as they come; the first is the host."""
    people = {
        number: await make_member(world, first_name=name, last_name="Doe")
        for number, name in enumerate(("Ann", "Ben", "Cal"), start=1)
    }
    named = what.split(":")
    if len(named) == 3:
        named[2] = str(people[int(named[2])].id)
    now = world.services.clock.now()
    booking = Booking(
        id=77,
        kind=kind,
        host_id=people[1].id,
        guest_ids=(people[2].id, people[3].id),
        state=State.AGREED,
        room="room",
        minutes=60,
        starts=now,
        details={"title": "Reunion"},
        created=now,
        updated=now,
    )
    news = News(":".join(named), named[0], people[by].id if by else None, now)
    await world.services.notifications.booking_heard(booking, news)
    for number, person in people.items():
        found = await told(world.services, await app_of(world.services, api, person))
        other = "Ben Doe" if number == 1 else "Ann Doe"
        wanted = sentence.replace("{other}", other).replace("{1}", "Ann Doe").replace("{2}", "Ben Doe")
        assert [content for _, _, content in found] == ([wanted] if number in hearing else [])


async def test_whoever_waits_on_the_line_is_told_to_the_other_once(
    world: World, clock: FakeClock, carrier: SimulatedCarrier, api: Api, base_url: str
) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    booking: Booking = await make_agreed_booking(world, guest, hero)
    assert booking.starts is not None
    clock.set(booking.starts)
    assert guest.phone is not None
    assert host.phone is not None
    first = await carrier.dial(guest.phone)
    await first.until("joined", room=host.slug)
    await carrier.settled()
    app = await app_of(world.services, api, host)
    waiting = ("system", "Call Waiting", "Cam Newton is on the line for your call.")
    assert (await told(world.services, app)).count(waiting) == 1
    second = await carrier.dial(host.phone)
    await second.until("joined", room=host.slug)
    second.hang_up()
    first.hang_up()
    await carrier.settled()
    assert (await told(world.services, app)).count(waiting) == 1
    guests = await told(world.services, await app_of(world.services, api, guest))
    assert "Call Waiting" not in {title for _, title, _ in guests}


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
