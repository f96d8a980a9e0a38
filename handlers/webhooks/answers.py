"""What the routes for webhooks and for one's own calendar feed answer."""

from __future__ import annotations

from marshmallow import fields

from handlers.answers import Answer, flag, list_of, moment, one_of, paged, text, web_address, whole
from handlers.webhooks.bodies import TYPES
from thserver.domain.webhook_events import EVERYTHING
from thserver.domain.webhooks import DeliveryState, EndpointState, Reason

ENDPOINT = "^ep_[0-9a-f]{24}$"
DELIVERY = "^msg_[0-9a-f]{32}$"


class EventType(Answer):
    type = one_of(*TYPES)
    meaning = text()


class EventTypes(Answer):
    results = list_of(EventType)


class Endpoint(Answer):
    id = text(pattern=ENDPOINT)
    url = text()
    events = list_of(one_of(*TYPES, EVERYTHING))
    description = text()
    state = one_of(*(state.value for state in EndpointState))
    reason = one_of(*(reason.value for reason in Reason), null=True)
    failing_since = moment(null=True)
    created_by = whole(null=True, minimum=1, description="Null in development, where nobody need sign in.")
    old_secret_until = moment(null=True)
    created = moment()
    updated = moment()


class EndpointWithSecret(Endpoint):
    secret = text(description="Signs what is sent; shown in this answer only.")


class Endpoints(Answer):
    count = whole(minimum=0)
    results = list_of(Endpoint)


class Delivery(Answer):
    id = text(pattern=DELIVERY, description="The same for each try: who has seen it has it.")
    endpoint = text(pattern=ENDPOINT)
    event = text()
    type = one_of(*TYPES)
    booking = whole(null=True, minimum=1)
    state = one_of(*(state.value for state in DeliveryState))
    attempts = whole(minimum=0)
    replays = whole(minimum=0)
    last_status = whole(null=True)
    last_error = text(null=True)
    next_try = moment(null=True)
    delivered = moment(null=True)
    created = moment()


class Try(Answer):
    at = moment()
    status = whole(null=True)
    error = text(null=True)
    took_ms = whole(minimum=0)
    answer = text()


class DeliveryWithTries(Delivery):
    tries = list_of(Try)
    body = fields.Dict(
        allow_none=True, required=True, metadata={"description": "What was sent, as long as it is kept."}
    )


class Replayed(Answer):
    """`until` is where to go on when there was too much for one request."""

    count = whole(minimum=0)
    until = moment(null=True)


class FeedAddress(Answer):
    url = web_address()


class Feed(Answer):
    exists = flag()
    since = moment(null=True)


DeliveryPage = paged(Delivery)
