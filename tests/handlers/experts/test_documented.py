"""Every documented request of contract experts: the documented status, exactly the documented keys."""

from __future__ import annotations

from tests.clients import experts
from tests.clients.experts import ExpertsClient
from tests.clients.http import Api
from tests.fakes.clock import FakeClock
from thserver.services.all import Services

# The clock stands at Monday 2 March 2026, 15:00 UTC.
STARTS, ENDS = "2026-03-03T10:00:00Z", "2026-03-03T11:00:00Z"


async def completed(john: ExpertsClient, jane: ExpertsClient, clock: FakeClock) -> int:
    """A meeting that has taken place."""
    meeting = await john.meet(jane, STARTS, ENDS)
    await jane.set_status(meeting, "confirmed")
    clock.advance(hours=21)
    await jane.set_status(meeting, "completed")
    return int(meeting["id"])


async def test_register_login_logout(api: Api) -> None:
    client = ExpertsClient(api)
    body = {
        "username": "johndoe",
        "email": "john@example.com",
        "password": "securepassword",
        "first_name": "John",
        "last_name": "Doe",
    }
    registered = await client("POST", "/users/register/", body, expect=201)
    assert list(registered.body) == experts.SIGNED_IN
    assert {name: registered.body[name] for name in body if name != "password"} == {
        name: value for name, value in body.items() if name != "password"
    }
    signed_in = await client("POST", "/users/login/", {"username": "johndoe", "password": "securepassword"})
    assert list(signed_in.body) == experts.SIGNED_IN
    assert signed_in.body["token"] != registered.body["token"]
    answer = await client("POST", "/users/logout/")
    assert answer.body == {"success": True, "message": "Logged out successfully"}
    await client("GET", "/users/me/", expect=401)


async def test_the_profile_is_read_and_changed(john: ExpertsClient) -> None:
    answer = await john("GET", "/users/me/")
    assert list(answer.body) == experts.PROFILE
    assert answer.body["date_joined"] == "2026-03-02T15:00:00Z"
    changes = {
        "first_name": "Johnny",
        "last_name": "Dough",
        "bio": "Software engineer with 5 years of experience",
        "profile_picture": "https://example.com/profile.jpg",
    }
    changed = await john("PUT", "/users/me/", changes)
    assert list(changed.body) == experts.PROFILE
    assert changed.body == {**answer.body, **changes}
    assert (await john("GET", "/users/me/")).body == changed.body


async def test_skills_are_added_and_listed(john: ExpertsClient) -> None:
    assert (await john("GET", "/user-skills/")).body == []
    body = {"category": 1, "skill_name": "React", "proficiency_level": "expert"}
    added = await john("POST", "/user-skills/", body, expect=201)
    assert list(added.body) == experts.SKILL
    assert added.body == {
        "id": added.body["id"],
        "user": john.id,
        "category": 1,
        "category_name": "Software Development",
        "skill_name": "React",
        "proficiency_level": "expert",
    }
    assert (await john("GET", "/user-skills/")).body == [added.body]


async def test_availability_is_stated_and_listed(john: ExpertsClient) -> None:
    assert (await john("GET", "/user-availability/")).body == []
    body = {"day_of_week": 3, "start_time": "09:00:00", "end_time": "17:00:00"}
    stated = await john("POST", "/user-availability/", body, expect=201)
    assert list(stated.body) == experts.WINDOW
    assert stated.body == {"id": stated.body["id"], "user": john.id, **body}
    assert (await john("GET", "/user-availability/")).body == [stated.body]


async def test_categories_are_there_from_the_beginning(john: ExpertsClient, services: Services) -> None:
    found = (await john("GET", "/categories/")).body
    assert found[:2] == [{"id": 1, "name": "Software Development"}, {"id": 2, "name": "Career Development"}]
    services.categories._are_there = False
    assert (await john("GET", "/categories/")).body == found


async def test_everyone_starts_with_one_credit(john: ExpertsClient) -> None:
    balance = await john("GET", "/credits/balance/")
    assert list(balance.body) == experts.BALANCE
    assert balance.body["user"] == john.id
    assert balance.body["balance"] == 1
    listed = await john("GET", "/credit-transactions/")
    assert [list(each) for each in listed.body] == [experts.TRANSACTION]
    assert listed.body == [
        {
            "id": listed.body[0]["id"],
            "user": john.id,
            "username": "johndoe",
            "transaction_type": "initial",
            "amount": 1,
            "description": "Initial free credit",
            "related_meeting_id": None,
            "created_at": "2026-03-02T15:00:00Z",
        }
    ]


async def test_credits_are_bought(john: ExpertsClient) -> None:
    body = {"payment_method": "credit_card", "amount": "10.00", "credits_to_purchase": 10}
    bought = await john("POST", "/payments/purchase_credits/", body)
    assert list(bought.body) == experts.PURCHASE
    payment, transaction = bought.body["payment"], bought.body["transaction"]
    assert list(payment) == experts.PAYMENT
    assert list(transaction) == experts.TRANSACTION
    assert payment == {
        "id": payment["id"],
        "user": john.id,
        "payment_method": "credit_card",
        "amount": "10.00",
        "currency": "USD",
        "status": "completed",
        "credits_purchased": 10,
        "transaction_id": f"sim_{john.id}_10_10",
        "created_at": "2026-03-02T15:00:00Z",
    }
    assert transaction["description"] == "Purchased 10 credits for $10.00"
    assert (transaction["transaction_type"], transaction["amount"]) == ("purchased", 10)
    assert bought.body["new_balance"] == 11
    assert (await john("GET", "/credit-transactions/")).body[-1] == transaction


async def test_a_meeting_is_asked_for_shown_and_listed(john: ExpertsClient, jane: ExpertsClient) -> None:
    body = {
        "title": "Python Debugging Session",
        "description": "Need help with a complex debugging issue",
        "expert_id": jane.id,
        "category_id": 1,
        "scheduled_start": STARTS,
        "scheduled_end": ENDS,
    }
    made = await john("POST", "/meetings/", body, expect=201)
    assert list(made.body) == experts.MEETING
    assert made.body == {
        "id": made.body["id"],
        **body,
        "requester_id": john.id,
        "requester_name": "John Doe",
        "expert_name": "Jane Smith",
        "status": "pending",
        "category_name": "Software Development",
        "created_at": "2026-03-02T15:00:00Z",
    }
    assert (await john("GET", "/meetings/")).body == [made.body]
    assert (await jane("GET", "/meetings/")).body == [made.body]
    detail = await jane("GET", f"/meetings/{made.body['id']}/")
    assert list(detail.body) == [*experts.MEETING, "reviews"]
    assert detail.body == {**made.body, "reviews": []}
    assert await john.balance() == 0


async def test_a_meeting_is_confirmed(john: ExpertsClient, jane: ExpertsClient) -> None:
    meeting = await john.meet(jane, STARTS, ENDS)
    answer = await jane.set_status(meeting, "confirmed")
    assert list(answer.body) == experts.STATUS
    assert answer.body == {"id": meeting["id"], "status": "confirmed", "updated_at": "2026-03-02T15:00:00Z"}


async def test_a_completed_meeting_is_paid_for(
    john: ExpertsClient, jane: ExpertsClient, clock: FakeClock
) -> None:
    await john.buy(4)
    meeting_id = await completed(john, jane, clock)
    answer = await john("POST", "/credits/transfer/", {"meeting_id": meeting_id, "amount": 1})
    assert list(answer.body) == experts.TRANSFER
    assert answer.body == {
        "success": True,
        "message": "1 credit(s) transferred successfully",
        "new_balance": 4,
    }
    spent = (await john("GET", "/credit-transactions/")).body[-1]
    assert list(spent) == experts.TRANSACTION
    assert spent == {
        "id": spent["id"],
        "user": john.id,
        "username": "johndoe",
        "transaction_type": "spent",
        "amount": 1,
        "description": "Credit spent for meeting with expert",
        "related_meeting_id": meeting_id,
        "created_at": "2026-03-03T12:00:00Z",
    }
    earned = (await jane("GET", "/credit-transactions/")).body[-1]
    assert (earned["transaction_type"], earned["amount"]) == ("earned", 1)
    assert earned["related_meeting_id"] == meeting_id
    assert await jane.balance() == 2


async def test_a_completed_meeting_is_reviewed(
    john: ExpertsClient, jane: ExpertsClient, clock: FakeClock
) -> None:
    meeting_id = await completed(john, jane, clock)
    body = {
        "meeting_id": meeting_id,
        "reviewee_id": jane.id,
        "rating": 5,
        "review_text": "Excellent session, very helpful!",
    }
    review = await john("POST", "/reviews/", body, expect=201)
    assert list(review.body) == experts.NEW_REVIEW
    assert review.body == {
        "id": review.body["id"],
        **body,
        "reviewer_id": john.id,
        "reviewer_name": "John Doe",
        "reviewee_name": "Jane Smith",
        "created_at": "2026-03-03T12:00:00Z",
    }
    detail = await john("GET", f"/meetings/{meeting_id}/")
    assert [list(each) for each in detail.body["reviews"]] == [experts.REVIEW]
    assert detail.body["reviews"] == [
        {name: value for name, value in review.body.items() if name != "meeting_id"}
    ]


async def test_every_path_answers_without_its_slash_and_head_and_options_work(john: ExpertsClient) -> None:
    for path in ("/users/me", "/user-skills", "/credits/balance", "/credit-transactions", "/meetings"):
        await john("GET", path)
        assert (await john("HEAD", path)).raw == b""
        assert (await john("OPTIONS", path, expect=204)).raw == b""
