"""From registration to a review: a meeting that both dialled into, the credit that moves, and who did not come."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from scheduler.runner import Runner
from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.makers import texted_code
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.services.all import Services

JOHN_PHONE, JANE_PHONE = "+12025550181", "+12025550182"
HOUR = timedelta(hours=1)


async def make_member(api: Api, services: Services, username: str, phone: str, **names: str) -> ExpertsClient:
    """Somebody with a proven phone."""
    client = await ExpertsClient(api).register(username, **names)
    await client("PUT", "/users/me/", {"phone": phone})
    await client("POST", "/users/verify-phone/", {"code": texted_code(services, phone)})
    return client


@pytest.fixture
def runner(services: Services) -> Runner:
    return Runner(services)


async def sweep(runner: Runner, services: Services) -> None:
    for job in ("settle-calls", "tell-news", "mark-missed", "decide-no-shows", "settle-credits"):
        await runner.run(job)
        await services.background.idle()


async def confirmed(john: ExpertsClient, jane: ExpertsClient, start: datetime) -> int:
    made = await john.meet(jane, start.isoformat(), (start + HOUR).isoformat())
    await jane.set_status(made, "confirmed")
    return int(made["id"])


async def status(client: ExpertsClient, meeting_id: int) -> str:
    return str((await client("GET", f"/meetings/{meeting_id}/")).body["status"])


async def test_from_registration_to_a_review(
    api: Api, services: Services, clock: FakeClock, carrier: SimulatedCarrier, runner: Runner
) -> None:
    john = await make_member(api, services, "johndoe", JOHN_PHONE)
    jane = await make_member(api, services, "janesmith", JANE_PHONE, first_name="Jane", last_name="Smith")
    # Jane can be met on Mondays and Tuesdays, in Chicago.
    await jane("PUT", "/users/me/", {"timezone": "America/Chicago"})
    for day in (1, 2):
        window = {"day_of_week": day, "start_time": "08:00:00", "end_time": "18:00:00"}
        await jane("POST", "/user-availability/", window, expect=201)
    start = clock.now() + timedelta(hours=2)
    meeting_id = await confirmed(john, jane, start)
    assert (await john.balance(), await jane.balance()) == (0, 1)

    # Both dial the one number and talk for forty minutes.
    clock.set(start)
    first = await carrier.dial(JOHN_PHONE)
    await first.until("joined", room="jane-smith")
    clock.advance(minutes=1)
    second = await carrier.dial(JANE_PHONE)
    await second.until("joined", room="jane-smith")
    clock.advance(minutes=40)
    second.hang_up()
    clock.advance(seconds=5)
    first.hang_up()
    await carrier.settled()
    await sweep(runner, services)
    assert await status(john, meeting_id) == "completed"
    charges = await api("GET", "/api/v1/payments/charges", token=f"Token {john.token}")
    assert [each for each in charges.body["results"] if each["amount_in_cents"]] == []

    # John buys two credits and gives one of them as a tip.
    await john.buy(2)
    await john("POST", "/credits/transfer/", {"meeting_id": meeting_id, "amount": 2})
    assert (await john.balance(), await jane.balance()) == (1, 3)
    review = {"meeting_id": meeting_id, "reviewee_id": jane.id, "rating": 5, "review_text": "Very helpful!"}
    await john("POST", "/reviews/", review, expect=201)

    # The same people and their conference, through other contracts.
    conferences = await api("GET", "/api/v1/conferences", token=john.token)
    assert conferences.status == 200
    assert conferences.body["count"] == 1
    other = await api("GET", f"/api/users/{jane.id}/", token=f"Token {john.token}")
    assert other.body["id"] == jane.id

    # Nothing moves any more.
    clock.advance(hours=30)
    await sweep(runner, services)
    assert (await john.balance(), await jane.balance()) == (1, 3)
    assert await services.credit_recount.check() == []
    assert await services.billing.check() == []


@pytest.mark.parametrize(
    ("who_dials", "word", "johns", "janes"),
    [(JANE_PHONE, "completed", 0, 2), (JOHN_PHONE, "cancelled", 1, 1)],
)
async def test_the_credit_is_for_the_one_who_came(
    api: Api,
    services: Services,
    clock: FakeClock,
    carrier: SimulatedCarrier,
    runner: Runner,
    who_dials: str,
    word: str,
    johns: int,
    janes: int,
) -> None:
    john = await make_member(api, services, "johndoe", JOHN_PHONE)
    jane = await make_member(api, services, "janesmith", JANE_PHONE, first_name="Jane", last_name="Smith")
    start = clock.now() + timedelta(hours=2)
    meeting_id = await confirmed(john, jane, start)
    clock.set(start)
    call = await carrier.dial(who_dials)
    await call.until("joined", room="jane-smith")
    clock.advance(minutes=20)
    call.hang_up()
    await carrier.settled()
    await sweep(runner, services)
    assert await status(john, meeting_id) == "confirmed"
    clock.advance(minutes=56)
    await sweep(runner, services)
    assert await status(john, meeting_id) == word
    clock.advance(hours=25)
    await sweep(runner, services)
    assert (await john.balance(), await jane.balance()) == (johns, janes)
    assert await services.credit_recount.check() == []
