"""What happens in the house, as events for webhooks: each first a row, then a delivery for each endpoint that wants it.

The row's id is made from what happened, so hearing it twice is like hearing it once; whatever a process that died
has left between the row and its deliveries is found by a sweep.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from store.database import Database
from thserver import kill_points
from thserver.domain import charges, webhook_facts
from thserver.domain.bookings import Booking, News
from thserver.domain.charges import Charge
from thserver.domain.conferences import Conference
from thserver.domain.errors import AlreadyExists, Unavailable
from thserver.domain.ports import Clock
from thserver.domain.webhook_events import EVERYTHING, OF_BOOKINGS, OF_CHARGES, Event, EventDraft, make_event
from thserver.domain.webhooks import make_delivery
from thserver.services.webhook_deliveries import WebhookDeliveries

log = logging.getLogger("thserver.webhooks")

LEFT_OVER_AFTER = timedelta(seconds=10)
# So many processes may want one booking's next number at the same moment.
MOST_RACES = 50

kill_points.POINTS |= {
    "webhook.recorded": "the event is written; nobody has a delivery of it",
    "webhook.spread": "every endpoint has its delivery; nothing has been sent",
}


class WebhookEvents:
    def __init__(self, *, database: Database, clock: Clock, deliveries: WebhookDeliveries) -> None:
        self._events = database.webhook_events
        self._endpoints = database.webhook_endpoints
        self._rows = database.webhook_deliveries
        self._conference_events = database.conference_events
        self._clock = clock
        self._deliveries = deliveries

    async def booking_heard(self, booking: Booking, news: News) -> None:
        """A subscriber to the news of bookings."""
        if await self._is_wanted(OF_BOOKINGS.get(news.what)):
            await self._tell(webhook_facts.of_booking(booking, news))

    async def charge_heard(self, charge: Charge, news: charges.News) -> None:
        """A subscriber to the news of charges."""
        if await self._is_wanted(OF_CHARGES.get(news.what)):
            await self._tell(webhook_facts.of_charge(charge, news))

    async def conference_heard(self, booking: Booking, conference: Conference) -> None:
        """Something new is known of a conference; what was told before is not told again."""
        wanted = await self._endpoints.wanted_types()
        if EVERYTHING not in wanted and not any(each.startswith("conference.") for each in wanted):
            return
        stored = await self._conference_events.of_conference(conference.sid)
        drafts = webhook_facts.of_conference(booking, conference, stored.events if stored else ())
        if not drafts:
            return
        known = await self._events.settled_keys(drafts[0].subject)
        for draft in _not_told_otherwise(drafts, known):
            if EVERYTHING in wanted or draft.type in wanted:
                await self._tell(draft)

    async def spread_left_over(self) -> int:
        """Make the deliveries that a process that died has left; says for how many events."""
        left = await self._events.left_over(before=self._clock.now() - LEFT_OVER_AFTER)
        for event in left:
            await self._spread(event)
        return len(left)

    async def _is_wanted(self, event_type: str | None) -> bool:
        if event_type is None:
            return False
        return not (await self._endpoints.wanted_types()).isdisjoint((event_type, EVERYTHING))

    async def _tell(self, draft: EventDraft | None) -> None:
        if draft is not None:
            event = await self._record(draft)
            kill_points.reached("webhook.recorded")
            await self._spread(event)

    async def _record(self, draft: EventDraft) -> Event:
        """The event with the booking's next number, or as it was recorded before."""
        for _ in range(MOST_RACES):
            sequence = await self._events.last_sequence(draft.booking_id) + 1 if draft.booking_id else 0
            event = make_event(draft, sequence=sequence, now=self._clock.now())
            try:
                await self._events.add(event)
            except AlreadyExists:
                # Either this event is there already, or another one has taken the number.
                found = await self._events.get(event.id)
                if found is not None:
                    return found
            else:
                return event
        raise Unavailable

    async def _spread(self, event: Event) -> None:
        endpoints = [] if event.is_sample else await self._endpoints.wanting(event.type)
        now = self._clock.now()
        await self._rows.add([make_delivery(event, endpoint.id, now) for endpoint in endpoints])
        await self._events.spread(event.id)
        kill_points.reached("webhook.spread")
        for endpoint in endpoints:
            self._deliveries.deliver_soon(endpoint.id)


def _not_told_otherwise(drafts: Iterable[EventDraft], known: set[str]) -> list[EventDraft]:
    """Those that are not known; a coming that was told from the records is not told again from a late callback."""
    return [
        draft
        for draft in drafts
        if draft.key not in known
        and f"{draft.subject}:{draft.type.partition('.')[2]}:record:{draft.data.get('call_sid')}" not in known
    ]
