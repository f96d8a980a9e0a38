"""A client that speaks contract heroes and checks on every answer what must always hold."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from tests.clients.http import Answer, Api

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
SHORT_PERSON = ["id", "first_name", "last_name", "profile_image", "timezone", "created"]
PROFILE = [
    "id",
    "first_name",
    "last_name",
    "email",
    "email_verified",
    "email_notifications",
    "phone",
    "phone_verified",
    "profile_image",
    "is_active",
    "email_pending",
    "phone_pending",
    "timezone",
    "created",
    "updated",
]
LISTED_HERO = [
    "id",
    "user",
    "slug",
    "discipline",
    "title",
    "description",
    "position",
    "company",
    "years_of_exp",
    "rate_in_cents",
    "created",
    "updated",
]
HERO_DETAIL = [
    *LISTED_HERO[:8],
    "short_bio",
    *LISTED_HERO[8:10],
    "linkedin_url",
    "active",
    "created",
    "updated",
]
APPLICATION = [
    *LISTED_HERO[:8],
    "short_bio",
    *LISTED_HERO[8:10],
    "accepted",
    "linkedin_url",
    "created",
    "updated",
]
HERO_PROFILE = [*APPLICATION[:13], "active", "created", "updated"]
PAGE = ["count", "next", "previous", "results"]
# What a stranger must never read, wherever it stands.
PRIVATE = {"password", "password_hash", "tokens", "is_staff", "person_id", "_id"}


class HeroesClient:
    """One person's app: `token` is kept from whichever answer carries one."""

    def __init__(self, api: Api, token: str | None = None) -> None:
        self.api = api
        self.token = token

    async def __call__(
        self, method: str, path: str, body: Any = None, *, expect: int | None = 200, **more: Any
    ) -> Answer:
        """Send a request to `/api/v1` + path and check the answer; `expect=None` takes any status."""
        answer = await self.api(method, f"/api/v1{path}", body, token=self.token, **more)
        if expect is not None:
            assert answer.status == expect, f"{method} {path} answered {answer.status}: {answer.body}"
        check(answer)
        if answer.status < 300 and isinstance(answer.body, dict) and "token" in answer.body:
            self.token = answer.body["token"]
        return answer

    async def register(self, **changes: Any) -> dict[str, Any]:
        """Prove a number and register with it."""
        body = {
            "first_name": "Cam",
            "last_name": "Newton",
            "email": "test@test.com",
            "password": "password1",
            "phone": "5555555555",
            "timezone": "America/Chicago",
            **changes,
        }
        code = await self("POST", "/accounts/phone-token", {"phone": body["phone"]}, expect=201)
        body.setdefault("phone_token", code.body["phone_token"])
        answer = await self("POST", "/accounts/register", body, expect=201)
        return answer.body

    async def log_in(self, email: str = "test@test.com", password: str = "password1") -> dict[str, Any]:
        answer = await self("POST", "/accounts/login", {"email": email, "password": password})
        return answer.body


def check(answer: Answer) -> None:
    """What holds of every answer of this contract."""
    if answer.status == 204 or not answer.raw:
        assert answer.raw == b""
        assert answer.status in (200, 204)
        return
    assert answer.headers["Content-Type"].startswith("application/json")
    if answer.status >= 400:
        check_refusal(answer.body)
    else:
        check_value(answer.body)


def check_refusal(body: Any) -> None:
    """`{"detail": sentence}`, or sentences by field."""
    assert isinstance(body, dict)
    assert body
    for field, said in body.items():
        if field == "detail":
            assert isinstance(said, str)
            assert said
        else:
            assert isinstance(said, list), body
            assert all(isinstance(sentence, str) and sentence for sentence in said)


def check_value(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            check_value(each)
    if not isinstance(value, dict):
        return
    assert not PRIVATE & set(value)
    for name in ("created", "updated", "timestamp"):
        if name in value:
            assert STAMP.fullmatch(value[name]), value[name]
    if "count" in value:
        assert list(value) == PAGE
        assert len(value["results"]) <= value["count"]
    if "first_name" in value:
        check_person(value)
    for each in value.values():
        check_value(each)


def check_person(person: dict[str, Any]) -> None:
    UUID(person["id"])
    if "email" not in person:
        assert list(person) == SHORT_PERSON
        return
    assert list(person) in (PROFILE, [*PROFILE, "token"])
    assert person["phone_verified"] == (person["phone"] is not None)
    if person["email_verified"]:
        assert person["email_pending"] is None
    for phone in (person["phone"], person["phone_pending"]):
        assert phone is None or re.fullmatch(r"\d{10}|\+\d{7,15}", phone)
