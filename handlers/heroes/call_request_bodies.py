"""Bodies of the call requests: what clients send, and a booking as this contract shows it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from marshmallow import post_load

from handlers.fields import MESSAGES, Body, Described, Flag, Moment, Text, WholeNumber, fields, utc_text
from handlers.heroes.dialect import STATUS_LETTERS
from handlers.heroes.response_bodies import short_person
from thserver.domain.bookings import LENGTHS_IN_MIN, Booking, Suggestion
from thserver.domain.people import Person
from thserver.services.bookings import Parties

UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}", re.ASCII)
NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


class HeroId(fields.Field[Any], Described):
    """A hero's integer, or the UUID of his user in its usual spelling."""

    default_error_messages = {**MESSAGES, "invalid": "A hero's id is required: an integer or a UUID."}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int | str:
        if isinstance(value, int) and not isinstance(value, bool):
            # No hero has such a number, and the database could not be asked for it.
            return value if 0 < value < 2**31 else 0
        text = value.strip() if isinstance(value, str) and len(value) < 50 else ""
        if NUMBER.fullmatch(text):
            return int(text)
        if UUID.fullmatch(text):
            digits = text.replace("-", "").lower()
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        raise self.make_error("invalid")

    def as_json_schema(self) -> dict[str, Any]:
        number = {"type": "integer", "minimum": 1}
        uuid = {"type": "string", "pattern": f"^({NUMBER.pattern}|{UUID.pattern})$"}
        return {"anyOf": [number, uuid], "examples": [1]}


class NewCallRequest(Body):
    hero_id = HeroId(required=True)
    message = Text(required=True)
    minutes = WholeNumber(
        required=True,
        data_key="estimated_length",
        metadata={
            "minimum": LENGTHS_IN_MIN[0],
            "maximum": LENGTHS_IN_MIN[-1],
            "multipleOf": LENGTHS_IN_MIN[0],
            "description": "In minutes.",
        },
    )


class ThreeTimes(Body):
    time_one = Moment(required=True)
    time_two = Moment(required=True)
    time_three = Moment(required=True)

    @post_load
    def as_one(self, data: dict[str, datetime], **kwargs: Any) -> dict[str, tuple[datetime, ...]]:
        return {"times": (data["time_one"], data["time_two"], data["time_three"])}


class Decline(Body):
    reason = Text(required=True)


class AgreedTime(Body):
    time = Moment(required=True, data_key="agreed_time")


class Cancel(Body):
    reason = Text(blank=True, load_default="")
    force = Flag(load_default=False)


def call_request(booking: Booking, parties: Parties) -> dict[str, Any]:
    """The keys of Create, in every answer."""
    hero = parties.heroes.get(booking.host_id)
    guest = parties.people.get(booking.guest_ids[0])
    return {
        "id": booking.id,
        "user": guest.uuid if guest else None,
        "hero": hero.id if hero else None,
        "message": booking.message,
        "estimated_length": booking.minutes,
        "status": STATUS_LETTERS[booking.state],
        "reason": booking.reason,
        "times": [suggested(each, parties.people.get(each.person_id)) for each in booking.suggestions],
        "agreed_time": utc_text(booking.starts) if booking.starts else None,
        "created": utc_text(booking.created),
        "updated": utc_text(booking.updated),
    }


def suggested(suggestion: Suggestion, by: Person | None) -> dict[str, Any]:
    one, two, three = suggestion.times
    return {
        "user": short_person(by) if by else None,
        "datetime_one": utc_text(one),
        "datetime_two": utc_text(two),
        "datetime_three": utc_text(three),
        "timestamp": utc_text(suggestion.made),
    }
