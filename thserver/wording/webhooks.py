"""Why a webhook did not arrive, in words for those who run the service."""

from __future__ import annotations

WORDS = {
    "timeout": "no answer in time",
    "no_connection": "nobody listens there",
    "no_http": "the answer was no HTTP, or was cut off",
    "tls": "the certificate is not good for this host",
    "redirect": "it redirects, which is not followed",
    "not_public": "the host leads to a private address",
    "not_https": "the URL is not https",
    "not_a_url": "this is no URL",
    "unknown_host": "the host was not found",
    "event_forgotten": "the event is not kept any more",
    "secret_unreadable": "the secret was sealed under another SECRET_KEY; rotate it",
    "by_hand": "by hand",
    "failing": "nothing arrived for days",
    "gone": "it answered 410, it wants no more",
}


def in_words(code: str | None) -> str:
    """`status_503` → `answered 503`; nothing for nothing, and the code itself where there are no words."""
    if code is None:
        return ""
    if code.startswith("status_"):
        return f"answered {code.removeprefix('status_')}"
    return WORDS.get(code, code.replace("_", " "))
