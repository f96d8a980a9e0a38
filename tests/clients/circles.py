"""A client that speaks contract circles and checks on every answer what must always hold."""

from __future__ import annotations

import re
from typing import Any

from tests.clients.http import Answer, Api

ROOT = "/api/v1/user"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
CODES = {
    "BAD_PARAMETERS": {400},
    "BAD_REQUEST": {400},
    "ACCESS_TOKEN_INVALID": {401},
    "UNAUTHORIZED": {401},
    "ACCESS_DENINED": {403},
    "RESOURCE_NOT_FOUND": {404},
    "ENDPOINT_NOT_EXISTS": {404},
    "SERVER_MAINTENANCE": {503},
}
SIGNED_IN = {
    "id",
    "first_name",
    "last_name",
    "full_name",
    "email",
    "avatar",
    "organisation",
    "default_password",
}
PROFILE = {
    "id",
    "first_name",
    "middle_name",
    "last_name",
    "full_name",
    "email",
    "secondary_email",
    "secondary_email_confirmed",
    "level",
    "email_confirmed",
    "dob",
    "gender",
    "contact_number",
    "country",
    "avatar",
}
FOLLOWER = {
    "id",
    "email",
    "first_name",
    "middle_name",
    "last_name",
    "level",
    "status",
    "avatar",
    "mail_delivery_status",
    "invite_sent_at",
    "created_at",
}
INVITATION = FOLLOWER | {"full_name"}
FAILED = {"email", "first_name", "level", "index", "error"}
SHORT = {"id", "first_name", "middle_name", "last_name", "full_name", "email", "avatar"}
FOLLOWING = SHORT | {
    "level",
    "status",
    "invite_token",
    "invite_sent_at",
    "account_holder",
    "death_notice",
}
NOTICE = {
    "status",
    "date_of_death",
    "initiated_at",
    "authorised_at",
    "setting",
    "funeral",
    "initiator",
    "authoriser",
}
SETTING = {"content", "email_receive_condolences", "address_receive_flowers", "ewake_visibility"}
FUNERAL = {"location", "time", "details", "sent_at"}
LIST = {"http_status_code", "users", "total", "page", "per", "sort", "order"}
MOMENTS = {"invite_sent_at", "created_at", "initiated_at", "authorised_at", "sent_at", "time"}
# What must never be read, wherever it stands.
PRIVATE = {"password", "password_hash", "tokens", "token_hash", "person_id", "holder_id", "guest_id", "_id"}
REGISTRATION = {
    "email": "john.doe@example.com",
    "first_name": "John",
    "last_name": "Smith",
    "password": "secret",
    "password_confirmation": "secret",
}
JSON = {"Content-Type": "application/json; charset=utf-8"}


class CirclesClient:
    """One person's app: `token` is kept from whichever answer carries one."""

    def __init__(self, api: Api, token: str | None = None) -> None:
        self.api = api
        self.token = token

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: int | None = 200,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """Send a request to `/api/v1/user` + path, check the answer and give its body; `expect` is the status in
        the envelope, None for any."""
        sent = {**JSON, **(headers or {})}
        if self.token is not None:
            sent["X-Access-Token"] = self.token
        answer = await self.api(method, ROOT + path, body, headers=sent, **more)
        check(answer)
        if expect is not None:
            assert answer.body["http_status_code"] == expect, answer.body
        if code is not None:
            assert answer.body["error"]["code"] == code, answer.body
        if "access_token" in answer.body:
            self.token = answer.body["access_token"]
        return answer.body

    async def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return await self("POST", path, body, **more)

    async def get(self, path: str, body: Any = None, **more: Any) -> Any:
        return await self("GET", path, body, **more)

    async def refused(self, path: str, body: Any, **more: Any) -> dict[str, list[str]]:
        """The sentences about each field of a POST with something wrong in it."""
        answer = await self.post(path, body, expect=400, code="BAD_PARAMETERS", **more)
        found: dict[str, list[str]] = {}
        for problem in answer["error"]["errors"]:
            found.setdefault(problem["field"], []).append(problem["message"])
        return found

    async def register(self, **changes: Any) -> Any:
        return await self.post("/registration/register", {"user": {**REGISTRATION, **changes}})

    async def log_in(self, email: str = "john.doe@example.com", password: str = "secret", **more: Any) -> Any:
        return await self.post(
            "/authentication/login", {"user": {"email": email, "password": password}}, **more
        )

    async def followers(self, **query: Any) -> list[dict[str, Any]]:
        return list((await self.get("/friendship/followers", query))["users"])

    async def following(self, level: str = "trusted_friend", **query: Any) -> list[dict[str, Any]]:
        return list((await self.get("/friendship/following", {"level": level, **query}))["users"])


def check(answer: Answer) -> None:
    """What holds of every answer of this contract."""
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.body
    assert isinstance(body, dict)
    status = body["http_status_code"]
    assert isinstance(status, int)
    if "error" in body:
        assert set(body) == {"message", "http_status_code", "error"}
        check_error(status, body["error"])
        assert body["message"]
    else:
        assert status == 200, body
        check_value(body)


def check_error(status: int, error: dict[str, Any]) -> None:
    assert set(error) in ({"code"}, {"code", "errors"})
    assert status in CODES[error["code"]], error
    if "errors" in error:
        assert error["code"] == "BAD_PARAMETERS"
        assert error["errors"]
        for problem in error["errors"]:
            assert set(problem) == {"field", "message"}
            assert isinstance(problem["field"], str)
            assert isinstance(problem["message"], str)


def check_value(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            check_value(each)
    if not isinstance(value, dict):
        return
    assert not PRIVATE & set(value), value
    for name in MOMENTS & set(value):
        assert value[name] is None or STAMP.fullmatch(value[name]), value[name]
    if "avatar" in value and value["avatar"] is not None:
        assert set(value["avatar"]) == {"origin", "thumb"}
    if "total" in value:
        assert set(value) == LIST
        assert len(value["users"]) <= min(value["total"], value["per"])
    if "mail_delivery_status" in value:
        check_follower(value)
    if "account_holder" in value:
        check_following(value)
    if "gender" in value:
        assert set(value) == PROFILE
    if "organisation" in value:
        assert set(value) == SIGNED_IN
    for each in value.values():
        check_value(each)


def check_follower(row: dict[str, Any]) -> None:
    assert set(row) in (FOLLOWER, INVITATION)
    assert row["level"] in ("trusted_friend", "lifelink", "grey_list")
    assert row["status"] in ("pending", "accepted", "rejected")
    assert row["mail_delivery_status"] in (None, "pending", "success", "failure")
    if row["level"] == "grey_list":
        assert row["status"] == "accepted"


def check_following(row: dict[str, Any]) -> None:
    assert set(row) == FOLLOWING
    assert set(row["account_holder"]) == SHORT
    assert row["level"] in ("trusted_friend", "lifelink")
    assert row["status"] in ("pending", "accepted")
    assert (row["invite_token"] is not None) == (row["status"] == "pending")
    notice = row["death_notice"]
    if notice is None:
        return
    assert set(notice) == NOTICE
    assert notice["status"] in ("initiated", "authorised")
    assert DAY.fullmatch(notice["date_of_death"])
    assert set(notice["initiator"]) == SHORT
    if notice["status"] == "initiated":
        assert row["level"] == "trusted_friend"
        assert (
            notice["authoriser"] is notice["authorised_at"] is notice["setting"] is notice["funeral"] is None
        )
        return
    assert set(notice["authoriser"]) == SHORT
    assert notice["setting"] is None or set(notice["setting"]) == SETTING
    assert notice["funeral"] is None or set(notice["funeral"]) == FUNERAL
