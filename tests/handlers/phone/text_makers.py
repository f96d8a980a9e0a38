"""Texts to the service as the phone company posts them."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree

from tests.clients.phone_company import PhoneCompany

EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response />'
STRANGER = "+12025550123"
_sids = itertools.count(1)


def new_sid() -> str:
    return f"SM{next(_sids):032x}"


async def say(phone_company: PhoneCompany, body: str, *, sender: str = STRANGER, **more: str) -> str:
    """Our TwiML for a text from this number."""
    answer = await phone_company.post(
        "/phone/text",
        {
            "MessageSid": more.pop("MessageSid", new_sid()),
            "From": sender,
            "Body": body,
            "NumMedia": "0",
            **more,
        },
    )
    assert answer.code == 200
    return answer.body.decode()


def message(twiml: str) -> str:
    """The one message in this TwiML, which holds nothing but our verbs."""
    response = ElementTree.fromstring(twiml)
    assert [verb.tag for verb in response.iter()] == ["Response", "Message"]
    return response[0].text or ""
