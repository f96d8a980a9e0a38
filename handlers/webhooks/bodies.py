"""Bodies of the routes for webhooks: what staff send, and what they are shown of endpoints and deliveries."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson

from handlers.fields import (
    MESSAGES,
    Body,
    Choice,
    Described,
    Flag,
    Moment,
    Text,
    WholeNumber,
    fields,
    like,
    utc_text,
)
from handlers.paging import PageQuery
from thserver.domain.webhook_events import EVENT_TYPES, EVERYTHING, Event
from thserver.domain.webhooks import LONGEST_OVERLAP, Delivery, DeliveryState, Endpoint, Replayed

LONGEST_NAME = 60
TYPES = tuple(EVENT_TYPES)


class EventNames(fields.Field[list[str]], Described):
    """A list of types of events, or of `*`."""

    default_error_messages = {
        **MESSAGES,
        "invalid": "Expected a list of events.",
        "too_many": "There are not so many events.",
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.make_error("invalid")
        if len(value) > len(TYPES) + 1:
            raise self.make_error("too_many")
        return value

    def as_json_schema(self) -> dict[str, Any]:
        one = {"type": "string", "enum": [*TYPES, EVERYTHING]}
        return {"type": "array", "items": one, "minItems": 1, "maxItems": len(TYPES) + 1}


def host_in(url: str) -> str:
    """The only part of an endpoint's URL that is fit for a log: the others may hold passwords."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class NewEndpoint(Body):
    url = Text(required=True, metadata=like("https://example.com/hooks"))
    events = EventNames(required=True)
    description = Text(blank=True, longest=500, load_default="")


class ChangedEndpoint(Body):
    url = Text()
    events = EventNames()
    description = Text(blank=True, longest=500)


class Rotation(Body):
    overlap_in_hours = WholeNumber(
        least=0, most=int(LONGEST_OVERLAP.total_seconds()) // 3600, load_default=24
    )


class SampleWanted(Body):
    type = Choice(TYPES, load_default=TYPES[0], longest=LONGEST_NAME)


class ReplayWanted(Body):
    since = Moment(required=True)
    with_delivered = Flag(load_default=False)


class LogWanted(PageQuery):
    endpoint = Text(longest=LONGEST_NAME, load_default=None)
    state = Choice(tuple(state.value for state in DeliveryState), load_default=None)
    type = Choice(TYPES, longest=LONGEST_NAME, load_default=None)
    booking = WholeNumber(least=1, load_default=None)


def endpoint(found: Endpoint, *, secret: str | None = None) -> dict[str, Any]:
    """An endpoint; its secret only in the answer to making it."""
    shown: dict[str, Any] = {
        "id": found.id,
        "url": found.url,
        "events": list(found.events),
        "description": found.description,
        "state": found.state.value,
        "reason": found.reason.value if found.reason else None,
        "failing_since": utc_text(found.failing_since) if found.failing_since else None,
        "created_by": found.creator_id,
        "old_secret_until": next((utc_text(each.until) for each in found.secrets if each.until), None),
        "created": utc_text(found.created),
        "updated": utc_text(found.updated),
    }
    if secret is not None:
        shown["secret"] = secret
    return shown


def delivery(found: Delivery) -> dict[str, Any]:
    last = found.tries[-1] if found.tries else None
    return {
        "id": found.id,
        "endpoint": found.endpoint_id,
        "event": found.event_id,
        "type": found.type,
        "booking": found.booking_id,
        "state": found.state.value,
        "attempts": found.attempts,
        "replays": found.replays,
        "last_status": last.status if last else None,
        "last_error": last.error if last else None,
        "next_try": utc_text(found.due) if found.state is DeliveryState.WAITING else None,
        "delivered": utc_text(found.delivered) if found.delivered else None,
        "created": utc_text(found.created),
    }


def delivery_with_tries(found: Delivery, event: Event | None) -> dict[str, Any]:
    return {
        **delivery(found),
        "tries": [
            {
                "at": utc_text(one.at),
                "status": one.status,
                "error": one.error,
                "took_ms": one.took_ms,
                "answer": one.answer,
            }
            for one in found.tries
        ],
        "body": orjson.loads(event.body) if event is not None else None,
    }


def replayed(found: Replayed) -> dict[str, Any]:
    """`until` is where to go on when there was too much for one request."""
    return {"count": found.count, "until": utc_text(found.until) if found.until else None}
