"""Whom the tests invite into a circle, and what is answered when it is too late for that."""

from __future__ import annotations

OVER = {
    "message": "The invitation is already accepted or rejected",
    "http_status_code": 400,
    "error": {"code": "BAD_REQUEST"},
}
EMAIL = "someone1@example.com"
