"""The answer to a text: one message, or silence."""

from __future__ import annotations

import re

from twilio.twiml.messaging_response import MessagingResponse

# What XML cannot carry at all, escaped or not.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_reply(sentence: str | None) -> str:
    response = MessagingResponse()
    if sentence:
        response.message(_FORBIDDEN.sub("", sentence))
    return str(response)
