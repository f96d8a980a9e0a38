"""Meetings, credits and reviews over HTTP: filters, refusals, and whose they are."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.ioloop import IOLoop

from store.database import Database
from tests.cases import each_case
from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from tests.handlers.experts.test_documented import ENDS, STARTS, completed
from tests.makers import token_of
from thserver.services.all import Services

NOT_FOUND = {"error": "Meeting not found"}
REQUIRED = ["This field is required."]


async def test_status_and_role_filter_the_list(
    john: ExpertsClient, jane: ExpertsClient, clock: FakeClock
) -> None:
    await john.buy(2)
    done = await completed(john, jane, clock)
    pending = await john.meet(jane, "2026-03-04T10:00:00Z", "2026-03-04T11:00:00Z")
    cancelled = await jane.meet(john, "2026-03-04T10:00:00Z", "2026-03-04T11:00:00Z")
    await jane.set_status(cancelled, "cancelled")

    async def listed(query: str) -> list[int]:
        return [each["id"] for each in (await john("GET", f"/meetings/{query}")).body]

    assert await listed("") == [done, pending["id"], cancelled["id"]]
    assert await listed("?status=pending") == [pending["id"]]
    assert await listed("?status=completed") == [done]
    assert await listed("?status=cancelled") == [cancelled["id"]]
    assert await listed("?status=confirmed") == []
    assert await listed("?role=requester") == [done, pending["id"]]
    assert await listed("?role=expert") == [cancelled["id"]]
    assert await listed("?role=requester&status=completed") == [done]
    assert await listed("?status=&role=") == await listed("")
    for query in ("?status=lost", "?role=king"):
        await john("GET", f"/meetings/{query}", expect=400)


async def test_required_fields_are_named(john: ExpertsClient) -> None:
    answer = await john("POST", "/meetings/", {}, expect=400)
    names = ["title", "expert_id", "category_id", "scheduled_start", "scheduled_end"]
    assert answer.body == {"errors": dict.fromkeys(names, REQUIRED)}


@each_case(
    ("changes", "field", "sentence"),
    [
        ({"expert_id": 999999}, "expert_id", "Expert with this ID does not exist."),
        ({"expert_id": 0}, "expert_id", "Expert with this ID does not exist."),
        ({"category_id": 999}, "category_id", "Category with this ID does not exist."),
        ({"scheduled_start": "2026-03-02T15:00:00Z"}, "scheduled_start", "The time must be in the future."),
        ({"scheduled_end": "2026-03-03T10:14:00Z"}, "scheduled_end", "A meeting lasts 15 minutes at least."),
        ({"scheduled_end": "2026-03-03T12:01:00Z"}, "scheduled_end", "A meeting can not last that long."),
        ({"scheduled_end": STARTS}, "scheduled_end", "The end must be after the start."),
        ({"title": " "}, "title", "This field may not be blank."),
    ],
)
async def test_a_meeting_that_cannot_be_is_refused_by_its_field(
    john: ExpertsClient, jane: ExpertsClient, changes: dict[str, Any], field: str, sentence: str
) -> None:
    body = {
        "title": "Help",
        "description": "",
        "expert_id": jane.id,
        "category_id": 1,
        "scheduled_start": STARTS,
        "scheduled_end": ENDS,
        **changes,
    }
    answer = await john("POST", "/meetings/", body, expect=400)
    assert answer.body == {"errors": {field: [sentence]}}
    assert await john.balance() == 1
    assert (await john("GET", "/meetings/")).body == []


async def test_without_a_free_credit_there_is_no_meeting(john: ExpertsClient, jane: ExpertsClient) -> None:
    await john.meet(jane, STARTS, ENDS)
    body = {
        "title": "Help",
        "expert_id": jane.id,
        "category_id": 1,
        "scheduled_start": "2026-03-04T10:00:00Z",
        "scheduled_end": "2026-03-04T11:00:00Z",
    }
    answer = await john("POST", "/meetings/", body, expect=400)
    assert answer.body == {"error": "Insufficient credits"}
    assert len((await john("GET", "/meetings/")).body) == 1


async def test_times_with_any_offset_are_shown_in_utc(john: ExpertsClient, jane: ExpertsClient) -> None:
    made = await john.meet(jane, "2026-03-03T10:00:00.999+02:00", "2026-03-03T09:00:00.5")
    assert made["scheduled_start"] == "2026-03-03T08:00:00Z"
    assert made["scheduled_end"] == "2026-03-03T09:00:00Z"


async def test_strangers_see_and_move_nothing(
    john: ExpertsClient, jane: ExpertsClient, bob: ExpertsClient
) -> None:
    meeting = await john.meet(jane, STARTS, ENDS)
    number = meeting["id"]
    for path in (f"/meetings/{number}/", "/meetings/999999/"):
        assert (await bob("GET", path, expect=404)).body == NOT_FOUND
        for status in ("confirmed", "completed", "cancelled"):
            answer = await bob("PATCH", f"{path}update_status/", {"status": status}, expect=404)
            assert answer.body == NOT_FOUND
    assert (await bob("GET", "/meetings/")).body == []
    await bob("POST", "/credits/transfer/", {"meeting_id": number, "amount": 1}, expect=403)
    review = {"meeting_id": number, "reviewee_id": jane.id, "rating": 5, "review_text": "!"}
    await bob("POST", "/reviews/", review, expect=403)


async def test_the_requester_cannot_confirm(john: ExpertsClient, jane: ExpertsClient) -> None:
    meeting = await john.meet(jane, STARTS, ENDS)
    await john.set_status(meeting, "confirmed", expect=403)
    await jane.set_status(meeting, "confirmed")
    await jane.set_status(meeting, "confirmed", expect=400)
    await john.set_status(meeting, "pending", expect=400)
    await john.set_status(meeting, "completed", expect=400)
    answer = await john("PATCH", f"/meetings/{meeting['id']}/update_status/", {"status": "x"}, expect=400)
    assert list(answer.body["errors"]) == ["status"]
    await john.set_status(meeting, "cancelled")
    assert await john.balance() == 1
    await jane.set_status(meeting, "confirmed", expect=400)


async def test_a_transfer_is_the_requesters_after_completion_and_once(
    john: ExpertsClient, jane: ExpertsClient, clock: FakeClock
) -> None:
    await john.buy(3)
    meeting = await john.meet(jane, STARTS, ENDS)
    await jane.set_status(meeting, "confirmed")
    body = {"meeting_id": meeting["id"], "amount": 3}
    await john("POST", "/credits/transfer/", body, expect=400)
    await jane("POST", "/credits/transfer/", body, expect=403)
    clock.advance(hours=21)
    await john.set_status(meeting, "completed")
    await jane("POST", "/credits/transfer/", body, expect=403)
    too_much = await john("POST", "/credits/transfer/", {**body, "amount": 5}, expect=400)
    assert too_much.body == {"error": "Insufficient credits"}
    answer = await john("POST", "/credits/transfer/", body)
    assert answer.body["message"] == "3 credit(s) transferred successfully"
    assert answer.body["new_balance"] == 1
    again = await john("POST", "/credits/transfer/", body, expect=400)
    assert again.body == {"error": "The credits of this meeting have been transferred already."}
    missing = await john("POST", "/credits/transfer/", {"meeting_id": 999999, "amount": 1}, expect=404)
    assert missing.body == NOT_FOUND
    assert await jane.balance() == 4


@pytest.fixture
def completed_meeting(io_loop: IOLoop, john: ExpertsClient, jane: ExpertsClient, clock: FakeClock) -> int:
    number: int = io_loop.run_sync(lambda: completed(john, jane, clock))
    return number


@each_case("amount", [0, -1, 1.5, True, "one", None, 2**31, 2**63, [1]])
async def test_an_amount_is_a_whole_number_of_credits(
    john: ExpertsClient, jane: ExpertsClient, completed_meeting: int, amount: Any
) -> None:
    number = completed_meeting
    answer = await john("POST", "/credits/transfer/", {"meeting_id": number, "amount": amount}, expect=400)
    assert list(answer.body) in (["errors"], ["error"])
    assert await jane.balance() == 1


async def test_reviews_are_by_participants_about_the_other_after_completion_once(
    john: ExpertsClient, jane: ExpertsClient, bob: ExpertsClient, clock: FakeClock
) -> None:
    meeting = await john.meet(jane, STARTS, ENDS)
    body = {"meeting_id": meeting["id"], "reviewee_id": jane.id, "rating": 4, "review_text": "Good"}
    await john("POST", "/reviews/", body, expect=400)
    await jane.set_status(meeting, "confirmed")
    clock.advance(hours=21)
    await jane.set_status(meeting, "completed")
    for reviewee in (john.id, bob.id, 999999):
        answer = await john("POST", "/reviews/", {**body, "reviewee_id": reviewee}, expect=400)
        assert list(answer.body["errors"]) == ["reviewee_id"]
    for rating in (0, 6, -1, 4.5, True, "great"):
        answer = await john("POST", "/reviews/", {**body, "rating": rating}, expect=400)
        assert list(answer.body["errors"]) == ["rating"]
    await john("POST", "/reviews/", {**body, "meeting_id": 999999}, expect=404)
    await john("POST", "/reviews/", body, expect=201)
    again = await john("POST", "/reviews/", body, expect=400)
    assert again.body == {"error": "You have reviewed this meeting already."}
    await jane("POST", "/reviews/", {**body, "reviewee_id": john.id}, expect=201)
    shown = (await jane("GET", f"/meetings/{meeting['id']}/")).body["reviews"]
    assert [each["reviewer_id"] for each in shown] == [john.id, jane.id]


@each_case(
    ("amount", "credits"),
    [
        ("9.99", 10),
        ("10.00", 9),
        ("0.00", 1),
        ("10", 1),
        (10.001, 10),
        ("1e1", 10),
        ("-1.00", 1),
        (True, 1),
        ("NaN", 1),
    ],
)
async def test_an_amount_that_does_not_match_buys_nothing(
    john: ExpertsClient, amount: Any, credits: int
) -> None:
    body = {"payment_method": "credit_card", "amount": amount, "credits_to_purchase": credits}
    answer = await john("POST", "/payments/purchase_credits/", body, expect=400)
    assert list(answer.body["errors"]) == ["amount"]
    assert await john.balance() == 1


@pytest.mark.parametrize("amount", ["2.00", "2", 2, 2.0, "2.0"])
async def test_an_amount_may_be_written_in_any_way(john: ExpertsClient, amount: Any) -> None:
    body = {"payment_method": "credit_card", "amount": amount, "credits_to_purchase": 2}
    bought = await john("POST", "/payments/purchase_credits/", body)
    assert bought.body["payment"]["amount"] == "2.00"
    assert bought.body["new_balance"] == 3


async def test_a_refused_card_is_said(john: ExpertsClient, services: Services) -> None:
    person = await services.sign_in.who(john.token or "")
    await services.wallet.add_card(person, "pm_card_chargeCustomerFail")
    body = {"payment_method": "credit_card", "amount": "2.00", "credits_to_purchase": 2}
    answer = await john("POST", "/payments/purchase_credits/", body, expect=400)
    assert answer.body == {"error": "The card was refused."}


async def test_a_payment_in_doubt_is_202_and_comes_through_later(
    john: ExpertsClient, services: Services, clock: FakeClock
) -> None:
    person = await services.sign_in.who(john.token or "")
    await services.wallet.add_card(person, "pm_card_visa")
    services.practice.payments.faults.commit_then_unknown = 1
    body = {"payment_method": "credit_card", "amount": "2.00", "credits_to_purchase": 2}
    answer = await john("POST", "/payments/purchase_credits/", body, expect=202)
    assert answer.body["payment"]["status"] == "pending"
    assert (answer.body["transaction"], answer.body["new_balance"]) == (None, 1)
    clock.advance(minutes=2)
    await services.purchases.finish_open()
    assert await john.balance() == 3


async def test_without_a_card_real_money_cannot_be_asked_for(
    john: ExpertsClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.purchases, "_is_simulated", False)
    body = {"payment_method": "credit_card", "amount": "2.00", "credits_to_purchase": 2}
    answer = await john("POST", "/payments/purchase_credits/", body, expect=400)
    assert answer.body == {"errors": {"payment_method": ["Save a card first."]}}


async def test_the_same_booking_protects_the_expert_in_every_contract(
    john: ExpertsClient, jane: ExpertsClient, bob: ExpertsClient
) -> None:
    await john.meet(jane, STARTS, ENDS)
    body = {
        "title": "Help",
        "expert_id": jane.id,
        "category_id": 1,
        "scheduled_start": "2026-03-03T10:45:00Z",
        "scheduled_end": "2026-03-03T11:45:00Z",
    }
    answer = await bob("POST", "/meetings/", body, expect=400)
    assert answer.body == {"errors": {"scheduled_start": ["The expert has another meeting at this time."]}}


async def test_the_list_takes_the_same_number_of_queries_however_long_it_is(
    john: ExpertsClient, jane: ExpertsClient, bob: ExpertsClient, database: Database, services: Services
) -> None:
    await john.buy(9)
    profiler = database._database

    async def queries(path: str) -> int:
        await services.background.idle()
        await profiler.command("profile", 2)
        await john("GET", path)
        await profiler.command("profile", 0)
        count = await profiler["system.profile"].count_documents({"op": {"$in": ["query", "command"]}})
        await profiler["system.profile"].drop()
        return count

    await john.meet(jane, STARTS, ENDS)
    few = await queries("/meetings/")
    for hour in range(12, 18):
        await john.meet(jane if hour % 2 else bob, f"2026-03-03T{hour}:00:00Z", f"2026-03-03T{hour}:30:00Z")
    assert await queries("/meetings/") == few
    assert few < 10


# Which contract a path belongs to.


async def test_the_scheme_says_whose_meetings_are_meant(
    john: ExpertsClient, jane: ExpertsClient, api: Api, services: Services
) -> None:
    meeting = await john.meet(jane, STARTS, ENDS)
    token = john.token
    for path in ("/api/meetings/", "/api/meetings", f"/api/meetings/{meeting['id']}/", "/api/meetings/x/y"):
        for without in (None, token, "Basic abc"):
            answer = await api("GET", path, token=without)
            assert answer.status == 401
            sentence = "Authentication credentials were not provided."
            assert answer.body == {"detail": sentence, "error": sentence}
    assert (await api("POST", "/api/meetings/", {})).status == 401
    assert (await api("OPTIONS", "/api/meetings/")).status == 204
    assert (await api("GET", "/api/meetings/", token=f"bearer  {token}")).status == 200
    assert (await api("GET", "/api/meetings/", token="Bearer")).body == {"error": "Invalid token."}
    other = await api("GET", "/api/meetings/", token=f"Token {token}")
    assert "X-RateLimit-Limit" not in other.headers


async def test_somebody_from_another_contract_is_an_expert_too(
    john: ExpertsClient, services: Services, api: Api
) -> None:
    from tests.makers import make_person

    hero = await make_person(services, first_name="Tom", last_name="Brady")
    expert = ExpertsClient(api, await token_of(services, hero))
    expert.me = {"id": hero.id}
    meeting = await john.meet(expert, STARTS, ENDS)
    assert meeting["expert_name"] == "Tom Brady"
    assert (await expert("GET", "/meetings/?role=expert")).body == [meeting]
    await expert.set_status(meeting, "confirmed")
