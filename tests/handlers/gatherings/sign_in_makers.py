"""Codes of contract gatherings: sending for one, and one that is wrong."""

from __future__ import annotations

from typing import Any

from tests.clients.gatherings import GatheringsClient

PHONE = "+12025550141"
WRONG = {"code": ["Code is invalid."]}


def other_than(code: str, nth: int = 1) -> str:
    return f"{(int(code) + nth) % 1_000_000:06}"


async def send(app: GatheringsClient, phone: str = PHONE, **more: Any) -> bool:
    answer = await app("POST", "/auth/code/", {"phone": phone}, expect=201, **more)
    is_new: bool = answer.body["is_new"]
    return is_new
