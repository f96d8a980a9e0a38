"""A client that speaks contract gatherings and checks on every answer what must always hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tests.clients.http import Answer, Api
from tests.pictures import picture

ACCOUNT = ["id", "name", "phone", "created", "hidden_phone", "avatar"]
USER = ["id", "name", "phone", "avatar"]
USER_WITHOUT_PHONE = ["id", "name", "avatar"]
MEETING = ["id", "title", "description", "logo", "time", "created", "completed", "king", "users"]
PHONE = re.compile(r"\+[1-9]\d{6,14}")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
BOUNDARY = "a-boundary-of-the-tests"


def ids(answer: Answer) -> list[int]:
    """Of the people in a list."""
    return [each["id"] for each in answer.body]


class GatheringsClient:
    """One person's app."""

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
        form: list[tuple[str, str]] | None = None,
        parts: list[tuple[str, str | None, bytes]] | None = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """Send a request to `/api` + path: `body` as JSON, `form` urlencoded, `parts` (name, filename, content) as
        multipart. `expect=None` takes any status."""
        headers = dict(headers or {})
        if self.token is not None:
            headers.setdefault("Authorization", f"Token {self.token}")
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            raw = urlencode(form).encode()
        if parts is not None:
            headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
            raw = multipart(parts)
        answer = await self.api(method, f"/api{path}", body, headers=headers, raw=raw)
        if expect is not None:
            assert answer.status == expect, f"{method} {path} answered {answer.status}: {answer.body}"
        check(answer)
        return answer

    async def confirm_as_new(
        self, phone: str, name: str, *, code: str, expect: int | None = 201, avatar: bytes | None = None
    ) -> Answer:
        """Confirm a code as somebody new."""
        fields = {"phone": phone, "code": code, "is_new": "true", "name": name}
        return await self(
            "POST",
            "/auth/users/",
            parts=[
                *((field, None, value.encode()) for field, value in fields.items()),
                ("avatar", "me.png", avatar or picture()),
            ],
            expect=expect,
        )

    async def sign_up(self, phone: str, name: str, *, code: str) -> int:
        """Become somebody new, signed in from now on; the id."""
        answer = await self.confirm_as_new(phone, name, code=code)
        self.token = answer.body["token"]
        user_id: int = answer.body["user_id"]
        return user_id

    async def gather(
        self,
        title: str = "Board games",
        *,
        users: Iterable[int] = (),
        time: datetime | str | None = None,
        logo: bytes | None = None,
        expect: int | None = 201,
        **more: str,
    ) -> Answer:
        """Make a meeting."""
        parts: list[tuple[str, str | None, bytes]] = [("title", None, title.encode())]
        parts += [("users", None, str(user).encode()) for user in users]
        parts += [(field, None, value.encode()) for field, value in more.items()]
        if time is not None:
            said = time if isinstance(time, str) else time.isoformat()
            parts.append(("time", None, said.encode()))
        parts.append(("logo", "logo.png", logo or picture()))
        return await self("POST", "/meetings/", parts=parts, expect=expect)

    async def exclude(self, meeting: int, user: int, *, expect: int | None = 200) -> Answer:
        return await self("DELETE", f"/meetings/{meeting}/users/", {"user": user}, expect=expect)

    async def invite(self, meeting: int, user: int, *, expect: int | None = 200) -> Answer:
        return await self("PUT", f"/meetings/{meeting}/users/", {"user": user}, expect=expect)


def multipart(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    body = b""
    for name, filename, content in parts:
        disposition = f'form-data; name="{name}"'
        if filename is not None:
            disposition += f'; filename="{filename}"'
        body += f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def check(answer: Answer) -> None:
    """What holds of every answer of this contract."""
    if answer.status == 204 or not answer.raw:
        assert answer.raw == b""
        assert answer.status in (200, 204)
        return
    assert answer.headers["Content-Type"].startswith("application/json")
    if answer.status >= 400:
        check_refusal(answer)
    else:
        check_value(answer.body)


def check_refusal(answer: Answer) -> None:
    """`{"detail": sentence}`, or sentences by field."""
    body = answer.body
    assert isinstance(body, dict)
    assert body
    if answer.status in (401, 403, 404, 405, 413, 429):
        assert list(body) == ["detail"]
    for field, said in body.items():
        if field == "detail":
            assert isinstance(said, str)
            assert said
        else:
            assert isinstance(said, list), body
            assert said
            assert all(isinstance(sentence, str) and sentence for sentence in said)


def check_value(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            check_value(each)
        return
    if "hidden_phone" in value:
        assert list(value) == ACCOUNT
        assert re.fullmatch(r"\d{1,12}", value["created"])
    elif "name" in value:
        assert list(value) in (USER, USER_WITHOUT_PHONE)
    elif "king" in value:
        check_meeting(value)
    if value.get("phone") is not None:
        assert PHONE.fullmatch(value["phone"]), value["phone"]


def check_meeting(meeting: dict[str, Any]) -> None:
    assert list(meeting) == MEETING
    assert meeting["king"] in meeting["users"]
    assert meeting["users"] == sorted(set(meeting["users"]))
    assert len(meeting["users"]) <= 50
    assert STAMP.fullmatch(meeting["created"])
    assert meeting["time"] is None or STAMP.fullmatch(meeting["time"])
    assert isinstance(meeting["completed"], bool)
    assert re.fullmatch(r"https?://[^/]+/media/[0-9a-f]{32}\.(?:png|jpg)", meeting["logo"])
