"""Signed requests of the phone company, each of a call or event of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from bench.data import ON_NOW
from bench.load import post_form

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Forms:
    base_url: str
    account_id: str
    validator: RequestValidator

    def rings(self) -> Iterator[bytes]:
        """Everybody whose call is on now rings in turn."""
        for number in _numbers:
            yield self._signed(
                "/phone/voice",
                {
                    "CallSid": f"CA{number:032x}",
                    "AccountSid": self.account_id,
                    "From": f"+1312{5_000_001 + number % (2 * ON_NOW)}",
                    "To": "+12025550100",
                    "CallStatus": "ringing",
                    "ApiVersion": "2010-04-01",
                    "Direction": "inbound",
                },
            )

    def callbacks(self) -> Iterator[bytes]:
        """The first join of one conference after the other, in the room of booking 1."""
        for number in _numbers:
            yield self._signed(
                "/phone/conferences/1/events",
                {
                    "ConferenceSid": f"CF{number:032x}",
                    "FriendlyName": "first1-last1",
                    "AccountSid": self.account_id,
                    "SequenceNumber": "1",
                    "Timestamp": "Sat, 21 Nov 2026 12:00:00 +0000",
                    "StatusCallbackEvent": "participant-join",
                    "CallSid": f"CA{number:032x}",
                    "Muted": "false",
                    "Hold": "false",
                    "EndConferenceOnExit": "false",
                    "StartConferenceOnEnter": "true",
                },
            )

    def _signed(self, path: str, parameters: dict[str, str]) -> bytes:
        signature = self.validator.compute_signature(self.base_url + path, parameters)
        return post_form(path, urlencode(parameters).encode(), {"X-Twilio-Signature": signature})
