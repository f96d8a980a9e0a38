"""Bookings as documents and back, with the parts of them that are written one by one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from thserver.domain.bookings import TAKING, Booking, Kind, News, Pin, State, Suggestion, minutes_taken

# So much of what happened to one booking is remembered.
MOST_HISTORY = 500


def to_document(booking: Booking) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_id": booking.id,
        "kind": booking.kind.value,
        "host_id": booking.host_id,
        "guest_ids": list(booking.guest_ids),
        "people_ids": list(booking.people_ids),
        "state": booking.state.value,
        "room": booking.room,
        "message": booking.message,
        "minutes": booking.minutes,
        "rate_in_cents": booking.rate_in_cents,
        "suggestions": [suggestion_document(each) for each in booking.suggestions],
        "reason": booking.reason,
        "cancel_reason": booking.cancel_reason,
        "fee_in_cents": booking.fee_in_cents,
        "details": booking.details,
        "sequence": booking.sequence,
        "created": booking.created,
        "updated": booking.updated,
    }
    if booking.pins:
        document["pins"] = [pin_document(each) for each in booking.pins]
    if booking.news:
        document["news"] = [news_document(each) for each in booking.news]
        # What has been told is taken out of the news; what happened stays known.
        document["history"] = document["news"]
    if booking.cancelled_by is not None:
        document["cancelled_by"] = booking.cancelled_by
    if booking.starts is not None:
        document["starts"], document["ends"] = booking.starts, booking.ends
        if booking.state in TAKING:
            document["taken"] = taken(booking.host_id, booking.starts, booking.minutes)
    if booking.state is State.REQUESTED and booking.kind is Kind.CALL:
        document["open_pair"] = open_pair(booking)
    return document


def from_document(found: dict[str, Any]) -> Booking:
    return Booking(
        id=found["_id"],
        kind=Kind(found["kind"]),
        host_id=found["host_id"],
        guest_ids=tuple(found["guest_ids"]),
        state=State(found["state"]),
        room=found["room"],
        message=found["message"],
        minutes=found["minutes"],
        starts=found.get("starts"),
        rate_in_cents=found["rate_in_cents"],
        suggestions=tuple(
            Suggestion(each["person_id"], tuple(each["times"]), each["made"]) for each in found["suggestions"]
        ),
        reason=found["reason"],
        cancel_reason=found["cancel_reason"],
        cancelled_by=found.get("cancelled_by"),
        fee_in_cents=found["fee_in_cents"],
        pins=tuple(Pin(each["person_id"], each["attempt"], each["hash"]) for each in found.get("pins", ())),
        details=found["details"],
        news=tuple(news_from(each) for each in found.get("news", ())),
        sequence=found.get("sequence", 0),
        created=found["created"],
        updated=found["updated"],
    )


def suggestion_document(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "person_id": suggestion.person_id,
        "times": list(suggestion.times),
        "made": suggestion.made,
    }


def news_document(news: News) -> dict[str, Any]:
    document = {"id": news.id, "what": news.what, "by": news.by, "at": news.at}
    return document if news.was is None else {**document, "was": news.was}


def news_from(found: dict[str, Any]) -> News:
    return News(found["id"], found["what"], found.get("by"), found["at"], found.get("was"))


def happened(news: News) -> dict[str, Any]:
    """What is pushed for something that happened: to be told, and to stay known, but for what is long past where
    people change their minds without end."""
    return {
        "news": news_document(news),
        "history": {"$each": [news_document(news)], "$slice": -MOST_HISTORY},
    }


def pin_document(pin: Pin) -> dict[str, Any]:
    return {"person_id": pin.person_id, "attempt": pin.attempt, "hash": pin.hash}


def open_pair(booking: Booking) -> str:
    return f"{booking.guest_ids[0]}>{booking.host_id}"


def taken(host_id: int, starts: datetime, minutes: int) -> list[int]:
    """One integer for each minute of this host that is taken, made so that hosts cannot collide."""
    return [host_id << 32 | minute for minute in minutes_taken(starts, minutes)]
