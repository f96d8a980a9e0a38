"""What webhooks say of bookings, conferences and charges: ids, times, states and amounts.

Never a PIN or code, a phone number, an e-mail address, or what people wrote to each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from thserver.domain import charges
from thserver.domain.bookings import Booking, Kind, News, State
from thserver.domain.charges import CURRENCY, Charge
from thserver.domain.conferences import CALL_RECORD, Action, Conference, ConferenceEvent
from thserver.domain.webhook_events import (
    EVENT_TYPES,
    MOST_GUESTS_NAMED,
    OF_BOOKINGS,
    OF_CHARGES,
    EventDraft,
    utc_text,
)


def booking_facts(booking: Booking) -> dict[str, Any]:
    """The booking as it is now."""
    return {
        "booking_id": booking.id,
        "kind": booking.kind.value,
        "state": booking.state.value,
        "host_id": booking.host_id,
        "guest_ids": list(booking.guest_ids[:MOST_GUESTS_NAMED]),
        "guest_count": len(booking.guest_ids),
        "room": booking.room,
        "starts": utc_text(booking.starts),
        "ends": utc_text(booking.ends),
        "minutes": booking.minutes,
        "rate_in_cents": booking.rate_in_cents,
    }


def of_booking(booking: Booking, news: News) -> EventDraft | None:
    """None for news that no webhook tells."""
    event_type = OF_BOOKINGS.get(news.what)
    if event_type is None:
        return None
    data = {**booking_facts(booking), "by": news.by}
    if news.what in ("accepted", "new_times") and booking.suggestions:
        data["suggested"] = [utc_text(time) for time in booking.suggestions[-1].times]
    about = news.id.partition(":")[2].partition(":")[2]
    if news.what == "invited":
        data["invited_ids"] = [int(about)] if about.isdecimal() else data["guest_ids"]
    if news.what == "left" and about.isdecimal():
        data["left_id"] = int(about)
    if news.what == "moved":
        data["previous_starts"] = utc_text(news.was)
    return EventDraft(
        key=f"booking:{booking.id}:{news.id}",
        type=event_type,
        subject=f"booking:{booking.id}",
        booking_id=booking.id,
        at=news.at,
        data=data,
    )


def of_charge(charge: Charge, news: charges.News) -> EventDraft | None:
    event_type = OF_CHARGES.get(news.what)
    if event_type is None:
        return None
    data: dict[str, Any] = {
        "charge_id": charge.id,
        "kind": charge.kind.value,
        "booking_id": charge.booking_id,
        "conference_sid": charge.conference_sid,
        "payer_id": charge.payer_id,
        "host_id": charge.host_id,
        "currency": CURRENCY,
        "rate_in_cents": charge.rate_in_cents,
        "minutes": charge.minutes,
        "amount_in_cents": charge.amount_in_cents,
        "carried_in_cents": charge.carried_in_cents,
        "total_in_cents": charge.total_in_cents,
        "platform_fee_in_cents": charge.platform_fee_in_cents,
    }
    if news.what == "refunded":
        before, _, after = news.detail.partition("-")
        data["refunded_now_in_cents"] = int(after) - int(before)
        data["refunded_in_cents"] = int(after)
    elif event_type == "charge.declined":
        data["why"] = news.what
        data["reason"] = charge.reason
        data["will_be_tried_again"] = news.what != "dead"
    return EventDraft(
        key=f"charge:{charge.id}:{news.id}",
        type=event_type,
        subject=f"charge:{charge.id}",
        booking_id=charge.booking_id,
        at=news.at,
        data=data,
    )


def of_conference(
    booking: Booking, conference: Conference, told: Iterable[ConferenceEvent]
) -> list[EventDraft]:
    """All that has happened in it so far. Starts and ends once; each coming and going under the carrier's own
    number; whoever came and went without the carrier telling, from its records, when the conference is complete."""
    subject = f"conference:{conference.sid}"
    people = {leg.call_sid: leg.person_id for leg in conference.legs}

    def draft(name: str, what: str, at: datetime, call_sid: str | None = None) -> EventDraft:
        data: dict[str, Any] = {
            "conference_sid": conference.sid,
            "booking_id": booking.id,
            "kind": booking.kind.value,
            "room": conference.room,
            "at": utc_text(at),
        }
        if call_sid is not None:
            data |= {"call_sid": call_sid, "person_id": people.get(call_sid)}
        if what == "conference.ended":
            data["started"] = utc_text(conference.started)
        return EventDraft(
            key=f"{subject}:{name}", type=what, subject=subject, booking_id=booking.id, at=at, data=data
        )

    drafts = []
    heard_of = set()
    if conference.started is not None:
        drafts.append(draft("started", "conference.started", conference.started))
    for event in told:
        if event.name in (Action.JOIN, Action.LEAVE) and event.call_sid:
            what = "joined" if event.name == Action.JOIN else "left"
            heard_of.add((event.call_sid, what))
            drafts.append(draft(f"{what}:{event.key}", f"conference.{what}", event.at, event.call_sid))
    if conference.complete:
        for event in told:
            if event.name != CALL_RECORD or not event.call_sid:
                continue
            legs = [leg for leg in conference.legs if leg.call_sid == event.call_sid]
            for what, at in (
                ("joined", min((leg.joined for leg in legs), default=None)),
                ("left", max((leg.left for leg in legs if leg.left), default=None)),
            ):
                if at is not None and (event.call_sid, what) not in heard_of:
                    heard_of.add((event.call_sid, what))
                    name = f"{what}:record:{event.call_sid}"
                    drafts.append(draft(name, f"conference.{what}", at, event.call_sid))
    if conference.ended is not None:
        drafts.append(draft("ended", "conference.ended", conference.ended))
    return sorted(drafts, key=lambda each: (each.at, _RANKS[each.type]))


_RANKS = {f"conference.{name}": rank for rank, name in enumerate(("joined", "started", "left", "ended"))}


def sample(event_type: str, key: str, now: datetime) -> EventDraft:
    """An event as one looks, of a booking that does not exist."""
    starts = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    booking = Booking(
        id=0, kind=Kind.CALL, host_id=0, guest_ids=(0,), state=State.AGREED, room="sample-host", minutes=30,
        starts=starts, rate_in_cents=100, created=now, updated=now,
    )  # fmt: skip
    data = booking_facts(booking)
    section = event_type.partition(".")[0]
    if section == "conference":
        data = {"conference_sid": "CF" + 32 * "0", "booking_id": 0, "kind": "call", "room": booking.room}
        data["at"] = utc_text(now)
        if event_type in ("conference.joined", "conference.left"):
            data |= {"call_sid": "CA" + 32 * "0", "person_id": 0}
    elif section == "charge":
        charge = charges.cancelation_charge(booking_id=0, payer_id=0, fee_in_cents=500, now=now)
        news = {
            "charge.succeeded": "paid",
            "charge.declined": "declined:1",
            "charge.refunded": "refunded:0-500",
        }
        draft = of_charge(charge, charges.News(news[event_type], now))
        assert draft is not None
        data = dict(draft.data)
    elif event_type == "booking.moved":
        data["previous_starts"] = utc_text(starts - timedelta(hours=1))
    assert event_type in EVENT_TYPES
    return EventDraft(
        key=key, type=event_type, subject=key, booking_id=None, at=now, data=data, is_sample=True
    )
