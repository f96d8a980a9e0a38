"""Endpoints of webhooks: registered, changed, disabled and deleted by staff, each with secrets that are shown once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from store.database import Database
from thserver.domain import webhook_facts
from thserver.domain.errors import Conflict, Invalid, NotFound, WrongState
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.domain.webhook_events import EVENT_TYPES, EVERYTHING, make_event
from thserver.domain.webhooks import (
    DELIVERED_KEPT,
    LONGEST_OVERLAP,
    Delivery,
    Endpoint,
    EndpointState,
    Secret,
    WebhookSender,
    make_delivery,
    new_endpoint_id,
    new_secret,
)
from thserver.sealing import Sealer
from thserver.services.webhook_deliveries import WebhookDeliveries
from thserver.services.webhook_events import WebhookEvents

MOST_ENDPOINTS = 100


class TooManyEndpoints(Conflict):
    """Every event goes to each of them, so there is an end to their number."""

    code = "too_many_endpoints"


class Webhooks:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        sender: WebhookSender,
        sealer: Sealer,
        events: WebhookEvents,
        deliveries: WebhookDeliveries,
    ) -> None:
        self._endpoints = database.webhook_endpoints
        self._rows = database.webhook_deliveries
        self._event_rows = database.webhook_events
        self._clock = clock
        self._sender = sender
        self._sealer = sealer
        self._events = events
        self._deliveries = deliveries

    async def spread_left_over(self) -> int:
        """Make the deliveries that a process that died has left."""
        return await self._events.spread_left_over()

    async def all(self) -> list[Endpoint]:
        return await self._endpoints.all()

    async def get(self, endpoint_id: str) -> Endpoint:
        """Raises NotFound."""
        return _there(await self._endpoints.get(endpoint_id))

    async def register(
        self, creator: Person | None, *, url: str, events: Sequence[str], description: str = ""
    ) -> tuple[Endpoint, str]:
        """A new endpoint and its secret, which nobody is shown again. Raises Invalid or TooManyEndpoints."""
        await self._check(url, events)
        if await self._endpoints.count() >= MOST_ENDPOINTS:
            raise TooManyEndpoints
        now = self._clock.now()
        secret = new_secret()
        endpoint = Endpoint(
            id=new_endpoint_id(),
            url=url,
            events=_sorted(events),
            description=description,
            creator_id=creator.id if creator is not None else None,
            secrets=(Secret(sealed=self._sealer.seal(secret)),),
            created=now,
            updated=now,
        )
        await self._endpoints.add(endpoint)
        return endpoint, secret

    async def change(self, endpoint_id: str, changes: dict[str, Any]) -> Endpoint:
        """New `url`, `events` or `description`. Raises NotFound or Invalid."""
        await self._check(changes.get("url"), changes.get("events"))
        settled = dict(changes)
        if "events" in settled:
            settled["events"] = list(_sorted(settled["events"]))
        return _there(await self._endpoints.change(endpoint_id, settled, now=self._clock.now()))

    async def rotate(self, endpoint_id: str, *, overlap: timedelta) -> tuple[Endpoint, str]:
        """A new secret. The one before it signs too until the overlap is over. Raises NotFound, Invalid or Conflict."""
        if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
            raise Invalid(overlap="out_of_range")
        endpoint = await self.get(endpoint_id)
        now = self._clock.now()
        secret = new_secret()
        kept = [Secret(sealed=self._sealer.seal(secret))]
        if overlap:
            kept.append(Secret(sealed=endpoint.secrets[0].sealed, until=now + overlap))
        rotated = await self._endpoints.rotate(endpoint, tuple(kept), now=now)
        if rotated is None:
            raise Conflict
        return rotated, secret

    async def enable(self, endpoint_id: str) -> Endpoint:
        """What waits for it is sent now. Raises NotFound."""
        endpoint = _there(await self._endpoints.enable(endpoint_id, now=self._clock.now()))
        self._deliveries.deliver_soon(endpoint.id)
        return endpoint

    async def disable(self, endpoint_id: str) -> Endpoint:
        """Nothing is sent there until it is enabled. Raises NotFound."""
        return _there(await self._endpoints.disable(endpoint_id, now=self._clock.now()))

    async def delete(self, endpoint_id: str) -> None:
        """What waits for it is dropped; the log is kept for its time. Raises NotFound."""
        if not await self._endpoints.delete(endpoint_id):
            raise NotFound
        now = self._clock.now()
        await self._rows.drop(endpoint_id, expires=now + DELIVERED_KEPT, now=now)

    async def send_sample(self, endpoint_id: str, event_type: str) -> Delivery:
        """Send an event that looks like one of that type, to this endpoint only. Raises NotFound, Invalid, or
        WrongState for a disabled endpoint."""
        if event_type not in EVENT_TYPES:
            raise Invalid(type="unknown_event")
        endpoint = await self.get(endpoint_id)
        if endpoint.state is not EndpointState.ENABLED:
            raise WrongState
        now = self._clock.now()
        key = f"sample:{endpoint_id}:{secrets.token_hex(12)}"
        event = make_event(webhook_facts.sample(event_type, key, now), sequence=0, now=now)
        delivery = make_delivery(event, endpoint.id, now)
        # Nobody else gets it, so there is nothing to be spread.
        await self._event_rows.add(event)
        await self._rows.add([delivery])
        await self._event_rows.spread(event.id)
        self._deliveries.deliver_soon(endpoint.id)
        return delivery

    async def _check(self, url: str | None, events: Sequence[str] | None) -> None:
        problems = {}
        if events is not None:
            if not events:
                problems["events"] = "no_event"
            elif any(each != EVERYTHING and each not in EVENT_TYPES for each in events):
                problems["events"] = "unknown_event"
        if url is not None and (problem := await self._sender.problem_with(url)) is not None:
            problems["url"] = problem
        if problems:
            raise Invalid(problems)


def _there(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise NotFound
    return endpoint


def _sorted(events: Sequence[str]) -> tuple[str, ...]:
    """In the order of the list of types; all of them is `*`."""
    if EVERYTHING in events:
        return (EVERYTHING,)
    return tuple(each for each in EVENT_TYPES if each in events)
