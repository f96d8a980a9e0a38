"""Deliveries of webhooks: sent at once where it can be, tried again by a sweep, logged, and replayed by hand.

A try is claimed by one conditional update, so of several processes one makes it. A try whose end was never recorded
is made again under the same id: each delivery arrives at least once, and its receiver tells repeats by the id.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.database import Database
from thserver import kill_points
from thserver.domain.errors import NotFound, Refusal, WrongState
from thserver.domain.ports import Clock
from thserver.domain.webhook_events import EVENTS_KEPT, Event
from thserver.domain.webhooks import (
    DELIVERED_KEPT,
    LEASE,
    MOST_TRIES,
    Answer,
    Delivery,
    DeliveryState,
    Endpoint,
    EndpointState,
    LogQuery,
    Reason,
    Replayed,
    Try,
    WebhookSender,
    make_delivery,
    pause_after,
    signed_headers,
)
from thserver.metrics import WEBHOOK_TRIES
from thserver.sealing import Sealer, Unreadable
from thserver.services.background import Background
from thserver.services.outbox import Outbox

log = logging.getLogger("thserver.webhooks")

BATCH = 50
# How long an endpoint with a long queue is served before the sweep goes on, and in a task of its own.
SWEEP_S = 20.0
QUEUE_S = 300.0
# Endpoints served at the same time, and tries under way at one of them.
ENDPOINTS_AT_ONCE = 8
AT_ONCE = 4
REPLAY_BATCH = 500
MOST_REPLAYED = 5000
ENDED = (DeliveryState.DELIVERED, DeliveryState.FAILED)

kill_points.POINTS |= {
    "webhook.claimed": "the try is claimed; nothing has been sent",
    "webhook.sent": "the endpoint has answered; the outcome is not recorded",
}


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of the log, with the endpoints that it mentions."""

    count: int
    deliveries: list[Delivery]


class WebhookDeliveries:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        background: Background,
        sender: WebhookSender,
        sealer: Sealer,
        outbox: Outbox,
        give_up_after: timedelta,
    ) -> None:
        self._rows = database.webhook_deliveries
        self._endpoints = database.webhook_endpoints
        self._events = database.webhook_events
        self._people = database.people
        self._clock = clock
        self._background = background
        self._sender = sender
        self._sealer = sealer
        self._outbox = outbox
        self._give_up_after = give_up_after
        self._slots = asyncio.Semaphore(ENDPOINTS_AT_ONCE)
        self._is_closing = False

    async def close(self) -> None:
        """Begin no new try; those under way come to their end."""
        self._is_closing = True

    # Sending.

    def deliver_soon(self, endpoint_id: str) -> None:
        self._background.soon(
            f"webhooks to {endpoint_id}", lambda: self.deliver_to(endpoint_id, for_s=QUEUE_S)
        )

    async def deliver_due(self) -> int:
        """Send whatever is due, tell what has not been told of disabled endpoints, forget what is old."""
        now = self._clock.now()
        for endpoint in await self._endpoints.untold():
            await self._tell_disabled(endpoint)
        await self._rows.forget(now)
        await self._events.forget(before=now - EVENTS_KEPT)
        done = await asyncio.gather(
            *(self.deliver_to(each) for each in await self._endpoints.enabled()), return_exceptions=True
        )
        for result in done:
            if isinstance(result, Refusal):
                log.warning("webhooks did not get through: %s", result)
            elif isinstance(result, Exception):
                log.error("webhooks failed", exc_info=result)
        return sum(result for result in done if isinstance(result, int))

    async def deliver_to(self, endpoint_id: str, *, for_s: float = SWEEP_S) -> int:
        """Send what is due there, for so long; how many tries that were. Ends early where nobody answers."""
        tries = 0
        async with self._slots:
            until = time.monotonic() + for_s
            while time.monotonic() < until and not self._is_closing:
                due = await self._rows.due(endpoint_id, self._clock.now(), limit=BATCH)
                if not due:
                    break
                answers = await self._deliver_some(endpoint_id, due)
                tries += len(answers)
                if len(answers) < len(due):
                    break
        return tries

    async def _deliver_some(self, endpoint_id: str, due: list[str]) -> list[Answer]:
        waiting = list(reversed(due))
        answers: list[Answer] = []

        async def work() -> None:
            while waiting and not self._is_closing and not any(each.is_silence for each in answers):
                answer = await self._deliver(endpoint_id, waiting.pop())
                if answer is not None:
                    answers.append(answer)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        return answers

    async def _deliver(self, endpoint_id: str, delivery_id: str) -> Answer | None:
        """One try. None when there was none: the endpoint is disabled by now, or somebody else was faster."""
        endpoint = await self._endpoints.get(endpoint_id)
        if endpoint is None or endpoint.state is not EndpointState.ENABLED:
            return None
        now = self._clock.now()
        delivery = await self._rows.claim(delivery_id, now=now, until=now + LEASE)
        if delivery is None:
            return None
        kill_points.reached("webhook.claimed")
        event = await self._events.get(delivery.event_id)
        if event is None:
            answer = Answer(status=None, error="event_forgotten")
            await self._record(delivery, answer, DeliveryState.FAILED, began=now)
            return None
        body = event.body.encode()
        try:
            keys = [self._sealer.open(secret.sealed) for secret in endpoint.good_secrets(now)]
        except Unreadable:
            answer = Answer(status=None, error="secret_unreadable")
        else:
            headers = signed_headers(delivery.id, body, now=now, secrets_in_use=keys)
            answer = await self._sender.post(endpoint.url, headers=headers, body=body)
        kill_points.reached("webhook.sent")
        await self._settle(endpoint, delivery, answer, began=now)
        return answer

    async def _settle(
        self, endpoint: Endpoint, delivery: Delivery, answer: Answer, *, began: datetime
    ) -> None:
        """What follows from an answer."""
        if answer.is_success:
            await self._record(delivery, answer, DeliveryState.DELIVERED, began=began)
            if endpoint.failing_since is not None:
                await self._endpoints.succeeded(endpoint.id)
            return
        if delivery.attempts >= MOST_TRIES:
            await self._record(delivery, answer, DeliveryState.FAILED, began=began)
            log.warning("delivery %s to %s was given up: %s", delivery.id, endpoint.id, answer.error)
        else:
            pause = pause_after(delivery.attempts, delivery.id, retry_after_s=answer.retry_after_s)
            due = self._clock.now() + pause
            await self._record(delivery, answer, DeliveryState.WAITING, began=began, due=due)
        now = self._clock.now()
        if answer.is_gone:
            given_up = await self._endpoints.give_up(endpoint.id, Reason.GONE, failing_before=None, now=now)
        else:
            await self._endpoints.failed(endpoint.id, now=began)
            before = now - self._give_up_after
            given_up = await self._endpoints.give_up(
                endpoint.id, Reason.FAILING, failing_before=before, now=now
            )
        if given_up and (disabled := await self._endpoints.get(endpoint.id)) is not None:
            log.warning("endpoint %s is disabled: %s", endpoint.id, disabled.reason)
            await self._tell_disabled(disabled)

    async def _record(
        self,
        delivery: Delivery,
        answer: Answer,
        state: DeliveryState,
        *,
        began: datetime,
        due: datetime | None = None,
    ) -> None:
        now = self._clock.now()
        kept = {DeliveryState.DELIVERED: DELIVERED_KEPT, DeliveryState.FAILED: EVENTS_KEPT}.get(state)
        one = Try(began, answer.status, answer.error, answer.took_ms, answer.body)
        recorded = await self._rows.record(
            delivery, one, state, due=due, expires=now + kept if kept else None, now=now
        )
        WEBHOOK_TRIES.labels("delivered" if answer.is_success else "failed").inc()
        if not recorded:
            log.info("the outcome of delivery %s came too late to be recorded", delivery.id)

    async def _tell_disabled(self, endpoint: Endpoint) -> None:
        """Write to who registered it, once for each time that it was disabled."""
        creator_id = endpoint.creator_id
        creator = await self._people.get(creator_id) if creator_id is not None else None
        if creator is not None and creator.email and creator.is_active and creator.is_staff:
            await self._outbox.add_letter(
                key=f"webhook-disabled:{endpoint.id}:{endpoint.updated.isoformat()}",
                to=creator.email,
                person_id=creator.id,
                template="webhook_disabled",
                facts={
                    "url": endpoint.url,
                    "endpoint_id": endpoint.id,
                    "reason": str(endpoint.untold),
                    "days": self._give_up_after.days,
                },
                purpose="account",
            )
        await self._endpoints.told(endpoint.id)

    # The log.

    async def page(self, wanted: LogQuery, *, skip: int, limit: int) -> LogPage:
        """Deliveries, the newest first."""
        return LogPage(*await self._rows.page(wanted, skip=skip, limit=limit))

    async def get(self, delivery_id: str) -> tuple[Delivery, Event | None]:
        """A delivery and what it tells, as long as that is kept. Raises NotFound."""
        delivery = await self._rows.get(delivery_id)
        if delivery is None:
            raise NotFound
        return delivery, await self._events.get(delivery.event_id)

    async def replay(self, delivery_id: str) -> Delivery:
        """Send it now, once more or before its next try, under the same id. Raises NotFound, or WrongState while it is
        being sent, or when its endpoint is disabled or its event is not kept any more."""
        delivery, event = await self.get(delivery_id)
        endpoint = await self._endpoints.get(delivery.endpoint_id)
        if event is None or endpoint is None or endpoint.state is not EndpointState.ENABLED:
            raise WrongState
        if not await self._rows.again([delivery.id], ENDED, now=self._clock.now()):
            raise WrongState
        self.deliver_soon(endpoint.id)
        return (await self.get(delivery_id))[0]

    async def replay_since(self, endpoint_id: str, since: datetime, *, with_delivered: bool) -> Replayed:
        """Send the events since then that were not delivered there, or all of them, now; also those that came while
        it was disabled. Raises NotFound or WrongState."""
        endpoint = await self._endpoints.get(endpoint_id)
        if endpoint is None:
            raise NotFound
        if endpoint.state is not EndpointState.ENABLED:
            raise WrongState
        states = ENDED if with_delivered else (DeliveryState.FAILED,)
        count, moment, after_id = 0, since, ""
        until = None
        while events := await self._events.since(moment, after_id=after_id, limit=REPLAY_BATCH):
            moment, after_id = events[-1].created, events[-1].id
            now = self._clock.now()
            wanted = [
                make_delivery(event, endpoint.id, now) for event in events if endpoint.wants(event.type)
            ]
            count += await self._rows.again([each.id for each in wanted], states, now=now)
            count += await self._rows.add(wanted)
            if len(events) < REPLAY_BATCH:
                break
            if count >= MOST_REPLAYED:
                until = moment
                break
        self.deliver_soon(endpoint.id)
        return Replayed(count, until)
