"""A client that speaks contract mentors and checks on every answer what must always hold."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tests.clients.http import Answer, Api

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
NEW_USER = ["email", "username", "id"]
PROFILE = [
    "pk",
    "username",
    "first_name",
    "last_name",
    "email",
    "phone_number",
    "profile_photo",
    "is_mentor",
    "is_mentee",
    "is_active",
]
LISTED_MENTOR = [*PROFILE[:4], "is_mentor", "profile_photo", "mentor_profile"]
LISTED_MENTEE = [*PROFILE[:4], "is_mentee", "profile_photo", "mentee_profile"]
NESTED_PROFILE = ["about_me", "skills", "availabilities"]
INFORMATION = ["pk", "about_me", "skills", "availabilities", "team_number"]
WITH_SKILL = ["pk", "about_me", "skills"]
MENTEE_INFORMATION = ["team_number"]
AVAILABILITY = ["pk", "mentor", "start_time", "end_time"]
SLOT = [*AVAILABILITY, "status"]
SESSION = [
    "pk",
    "mentor_first_name",
    "mentor_last_name",
    "mentor_availability",
    "mentee",
    "start_time",
    "end_time",
    "status",
    "session_length",
]
SESSION_WITH_NAMES = [*SESSION[:5], "mentee_first_name", "mentee_last_name", *SESSION[5:]]
SETTINGS = [
    "pk",
    "user",
    "session_requested",
    "session_confirmed",
    "session_canceled",
    "fifteen_minute_alert",
    "sixty_minute_alert",
]
SHAPES = [
    NEW_USER,
    ["auth_token"],
    PROFILE,
    LISTED_MENTOR,
    LISTED_MENTEE,
    NESTED_PROFILE,
    INFORMATION,
    WITH_SKILL,
    MENTEE_INFORMATION,
    AVAILABILITY,
    SLOT,
    SESSION,
    SESSION_WITH_NAMES,
    SETTINGS,
]
WORDS = {"Pending", "Confirmed", "Canceled", "Completed"}
PASSWORD = "TestUserPassword"


class MentorsClient:
    """One person's app: `token` is kept from signing in, `pk` from registering."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.token: str | None = None
        self.pk = 0

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: int | None = 200,
        v2: bool = False,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """Send a request and check the answer, whose body is returned; `expect=None` gives the whole answer."""
        sent = {"Accept": "version=v2"} if v2 else {}
        token = f"Token {self.token}" if self.token else None
        answer = await self.api(method, path, body, token=token, headers={**sent, **(headers or {})}, **more)
        check(answer)
        if expect is None:
            return answer
        assert answer.status == expect, f"{method} {path} answered {answer.status}: {answer.body}"
        return answer.body

    async def register(self, username: str = "TestUserLogin", **changes: Any) -> MentorsClient:
        """Register and sign in."""
        body = {
            "username": username,
            "email": f"{username.lower()}@fake.com",
            "password": PASSWORD,
            "re_password": PASSWORD,
            **changes,
        }
        self.pk = (await self("POST", "/auth/users/", body, expect=201))["id"]
        await self.log_in(username.lower(), body["password"])
        return self

    async def log_in(self, username: str, password: str = PASSWORD) -> None:
        body = {"username": username, "password": password}
        self.token = (await self("POST", "/auth/token/login/", body))["auth_token"]

    async def become_mentor(self, first_name: str = "Grace", *skills: str) -> None:
        changes = {"first_name": first_name, "last_name": "Hopper", "is_mentor": True}
        await self("PATCH", "/myprofile/", changes)
        information = {"about_me": "Compilers", "skills": list(skills) or ["COBOL"], "team_number": 10}
        await self("POST", "/mentorinfo/", information, expect=201)

    async def become_mentee(self, first_name: str = "Ada") -> None:
        changes = {"first_name": first_name, "last_name": "Lovelace", "is_mentee": True}
        await self("PATCH", "/myprofile/", changes)
        await self("POST", "/menteeinfo/", {"team_number": "4"}, expect=201)

    async def publish(self, starts: datetime, ends: datetime, *, v2: bool = False) -> Any:
        body = {"start_time": starts.isoformat(), "end_time": ends.isoformat()}
        return await self("POST", "/availabilty/", body, v2=v2, expect=201)

    async def ask(self, window: int, starts: datetime, minutes: int = 30, *, expect: int | None = 201) -> Any:
        body = {"mentor_availability": window, "start_time": starts.isoformat(), "session_length": minutes}
        return await self("POST", "/sessionrequest/", body, expect=expect)

    async def say(self, session: int, status: str, *, expect: int | None = 201) -> Any:
        return await self("PATCH", f"/sessionrequest/{session}", {"status": status}, expect=expect)


def check(answer: Answer) -> None:
    """What holds of every answer of this contract."""
    if answer.status == 204:
        assert answer.raw == b""
        return
    assert answer.headers["Content-Type"].startswith("application/json")
    if answer.status == 401:
        assert answer.headers["WWW-Authenticate"] == "Token"
    if answer.status >= 400:
        check_refusal(answer.body)
    else:
        check_value(answer.body)


def check_refusal(body: Any) -> None:
    """`{"detail": sentence}`, or sentences by field."""
    assert isinstance(body, dict)
    assert body
    if "detail" in body:
        assert list(body) == ["detail"]
        assert isinstance(body["detail"], str)
        assert body["detail"]
        return
    for said in body.values():
        assert isinstance(said, list), body
        assert said
        assert all(isinstance(sentence, str) and sentence for sentence in said), body


def check_value(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            assert isinstance(each, dict)
            check_value(each)
        assert len({tuple(each) for each in value}) <= 1, "a list of different things"
        return
    assert list(value) in SHAPES, list(value)
    for name, shape in (("mentor_profile", NESTED_PROFILE), ("mentee_profile", MENTEE_INFORMATION)):
        if name in value:
            assert list(value[name]) == shape
            check_value(value[name])
    if "availabilities" in value:
        check_value(value["availabilities"])
        assert all(list(each) == AVAILABILITY for each in value["availabilities"])
    if "skills" in value:
        assert all(isinstance(skill, str) and skill for skill in value["skills"])
    if "start_time" in value:
        assert STAMP.fullmatch(value["start_time"])
        assert STAMP.fullmatch(value["end_time"])
        assert value["start_time"] < value["end_time"]
    if list(value) == SLOT:
        assert value["status"] in ("Open", "Booked")
    elif "status" in value:
        assert value["status"] in WORDS
        assert value["session_length"] in (30, 60)
    for name in ("pk", "id", "user", "mentor", "mentee", "mentor_availability"):
        if name in value:
            assert isinstance(value[name], int)
