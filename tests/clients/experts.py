"""A client that speaks contract experts and checks on every answer what must always hold."""

from __future__ import annotations

import itertools
import re
from typing import Any

from tests.clients.http import Answer, Api

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SIGNED_IN = ["id", "username", "email", "first_name", "last_name", "token"]
PROFILE = [*SIGNED_IN[:5], "bio", "profile_picture", "date_joined"]
SKILL = ["id", "user", "category", "category_name", "skill_name", "proficiency_level"]
WINDOW = ["id", "user", "day_of_week", "start_time", "end_time"]
BALANCE = ["id", "user", "balance", "updated_at"]
TRANSFER = ["success", "message", "new_balance"]
TRANSACTION = [
    "id", "user", "username", "transaction_type", "amount", "description", "related_meeting_id", "created_at",
]  # fmt: skip
PAYMENT = [
    "id", "user", "payment_method", "amount", "currency", "status", "credits_purchased", "transaction_id",
    "created_at",
]  # fmt: skip
PURCHASE = ["success", "payment", "transaction", "new_balance"]
MEETING = [
    "id", "title", "description", "requester_id", "requester_name", "expert_id", "expert_name", "status",
    "category_id", "category_name", "scheduled_start", "scheduled_end", "created_at",
]  # fmt: skip
STATUS = ["id", "status", "updated_at"]
REVIEW = [
    "id", "reviewer_id", "reviewer_name", "reviewee_id", "reviewee_name", "rating", "review_text", "created_at",
]  # fmt: skip
NEW_REVIEW = ["id", "meeting_id", *REVIEW[1:]]
MOMENTS = {"created_at", "updated_at", "date_joined", "scheduled_start", "scheduled_end"}
# What nobody must ever read.
PRIVATE = {
    "password",
    "password_hash",
    "tokens",
    "is_staff",
    "_id",
    "phone",
    "pins",
    "customer_id",
    "card_id",
}
_numbers = itertools.count(1)


class ExpertsClient:
    """One person's app: `token` and `me` are kept from whichever answer carries them."""

    def __init__(self, api: Api, token: str | None = None) -> None:
        self.api = api
        self.token = token
        self.me: dict[str, Any] = {}

    @property
    def id(self) -> int:
        return int(self.me["id"])

    async def __call__(
        self, method: str, path: str, body: Any = None, *, expect: int | None = 200, **more: Any
    ) -> Answer:
        """Send a request to `/api` + path and check the answer; `expect=None` takes any status."""
        token = f"Bearer {self.token}" if self.token is not None else None
        answer = await self.api(method, f"/api{path}", body, token=token, **more)
        if expect is not None:
            assert answer.status == expect, f"{method} {path} answered {answer.status}: {answer.body}"
        check(answer)
        if answer.status < 300 and isinstance(answer.body, dict) and "token" in answer.body:
            self.token, self.me = answer.body["token"], answer.body
        return answer

    async def register(self, username: str | None = None, **changes: Any) -> ExpertsClient:
        name = username or f"johndoe{next(_numbers)}"
        body = {
            "username": name,
            "email": f"{name}@example.com",
            "password": "securepassword",
            "first_name": "John",
            "last_name": "Doe",
            **changes,
        }
        await self("POST", "/users/register/", body, expect=201)
        return self

    async def balance(self) -> int:
        return int((await self("GET", "/credits/balance/")).body["balance"])

    async def buy(self, credits: int) -> Answer:
        body = {"payment_method": "credit_card", "amount": f"{credits}.00", "credits_to_purchase": credits}
        return await self("POST", "/payments/purchase_credits/", body)

    async def meet(self, expert: ExpertsClient, starts: str, ends: str, **changes: Any) -> dict[str, Any]:
        """Ask for a meeting; it is pending then."""
        body = {
            "title": "Python Debugging Session",
            "description": "Need help with a complex debugging issue",
            "expert_id": expert.id,
            "category_id": 1,
            "scheduled_start": starts,
            "scheduled_end": ends,
            **changes,
        }
        made: dict[str, Any] = (await self("POST", "/meetings/", body, expect=201)).body
        return made

    async def set_status(self, meeting: dict[str, Any] | int, status: str, *, expect: int = 200) -> Answer:
        number = meeting if isinstance(meeting, int) else meeting["id"]
        return await self("PATCH", f"/meetings/{number}/update_status/", {"status": status}, expect=expect)


def check(answer: Answer) -> None:
    """What holds of every answer of this contract."""
    limit, remaining, reset = (
        int(answer.headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset")
    )
    assert 0 <= remaining <= limit
    assert reset > 1_600_000_000
    if not answer.raw:
        return
    assert answer.headers["Content-Type"].startswith("application/json")
    if answer.status >= 400:
        check_refusal(answer)
    else:
        check_value(answer.body)


def check_refusal(answer: Answer) -> None:
    """`{"error": sentence}`, or `{"errors": {field: [sentence]}}`."""
    assert len(answer.body) == 1, answer.body
    if "error" in answer.body:
        assert isinstance(answer.body["error"], str)
        assert answer.body["error"]
    else:
        assert answer.status == 400
        for said in answer.body["errors"].values():
            assert said
            assert all(isinstance(sentence, str) and sentence for sentence in said), answer.body
    if answer.status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    if answer.status == 429:
        assert answer.headers["X-RateLimit-Remaining"] == "0"
        assert int(answer.headers["Retry-After"]) > 0


def check_value(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            check_value(each)
    if isinstance(value, dict):
        assert not PRIVATE & set(value)
        for name in MOMENTS & set(value):
            assert STAMP.fullmatch(value[name]), value[name]
        for each in value.values():
            check_value(each)
