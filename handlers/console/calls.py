"""/console/calls: every booking, and the story of one on one line of time, with its money and what can be done."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from marshmallow import validate

from handlers.access import console
from handlers.console import drawing
from handlers.console.base import ConsolePage
from handlers.console.story_words import KINDS, PURPOSES, SAID, Teller, account_words, signed
from handlers.fields import Body, Choice, Text, WholeNumber
from handlers.fields import Zone as ZoneField
from thserver.domain.bookings import Booking, Kind, State
from thserver.domain.charges import Charge
from thserver.domain.errors import Conflict, Invalid, PaymentRefused, Refusal, WrongState
from thserver.domain.people import ZONES, Person
from thserver.services.call_story import CallPage, Filter, Story
from thserver.wording.reasons import in_words

STATES = {
    State.REQUESTED: "requested",
    State.ACCEPTED: "accepted",
    State.AGREED: "agreed",
    State.DECLINED: "declined",
    State.CANCELLED: "cancelled",
    State.HELD: "held",
    State.MISSED: "missed",
}
DAY = timedelta(days=1)
# Less than the deadline of a request; what takes longer goes on by itself.
PATIENCE_S = 2.5
AMOUNT = re.compile(r"\$?\s*([0-9]{1,7})(?:[.,]([0-9]{1,2}))?")
LONGEST_REASON = 300
NOTICES = {
    "given_back": ("good", "The refund is on its way to the card."),
    "asked": (
        "warn",
        "The refund is written down; the card company has not answered yet and is asked again.",
    ),
    "amount": ("bad", "This is not an amount: write 12.50, or leave it empty to give everything back."),
    "reason": ("bad", "Say why the money is given back."),
    "not_left": ("bad", "So much is not left to give back, or somebody else was faster: look again."),
    "not_paid": ("bad", "This was not paid, so there is nothing to give back."),
    "refused": ("bad", "The card company refused the refund."),
    "failed": ("bad", "The refund could not be asked for. Look at it again in a minute."),
}


class CallsQuery(Body):
    state = Choice(("", *State), blank=True, load_default="")
    kind = Choice(("", *Kind), blank=True, load_default="")
    person = Text(blank=True, longest=254, load_default="")
    room = Text(blank=True, longest=200, load_default="")
    day = Text(blank=True, longest=10, load_default="")
    older = WholeNumber(least=1, most=2**53, load_default=None)


class CallQuery(Body):
    zone = ZoneField(blank=True, load_default="")
    said = Text(blank=True, longest=40, load_default="")


class RefundForm(Body):
    """`key` is the number that the refund would have: what is sent twice, or by two at once, is given once."""

    charge_id = Text(required=True, longest=300)
    amount = Text(blank=True, longest=20, load_default="")
    reason = Text(blank=True, longest=LONGEST_REASON, load_default="")
    # It goes to the card company in a header.
    key = Text(required=True, longest=64, validate=validate.Regexp(r"[A-Za-z0-9_.-]+\Z"))


class CallsPage(ConsolePage):
    here = "/console/calls"

    @console
    async def get(self) -> None:
        given = self.read_query(CallsQuery())
        day = day_in(given["day"])
        wanted = Filter(
            states=(State(given["state"]),) if given["state"] else (),
            kinds=(Kind(given["kind"]),) if given["kind"] else (),
            person=given["person"],
            room=given["room"],
            first=_midnight(day, self.zone) if day is not None else None,
            last=_midnight(day + DAY, self.zone) if day is not None else None,
        )
        page = await self.services.call_stories.page(wanted, older=given["older"])
        self.show(
            "calls.html",
            page=page,
            rows=[_row(booking, page) for booking in page.bookings],
            given=given,
            is_narrowed=any(given[name] for name in ("state", "kind", "person", "room", "day")),
            states=STATES,
            kinds=KINDS,
            older=_query(given, page.older),
            zone_name=str(self.zone),
        )


class CallPageOne(ConsolePage):
    """/console/calls/<booking>"""

    here = "/console/calls"
    _zone: tzinfo | None = None

    @property
    def zone(self) -> tzinfo:
        return self._zone or super().zone

    @console
    async def get(self, booking_id: str) -> None:
        given = self.read_query(CallQuery())
        story = await self.services.call_stories.story(int(booking_id))
        host = story.people.get(story.booking.host_id)
        chosen = given["zone"] or (host.timezone if host is not None else "UTC")
        self._zone = ZoneInfo(chosen)
        teller = Teller(story, self._zone)
        names = {each.id: each.full_name for each in story.people.values()}
        title = f"{KINDS[story.booking.kind]} {story.booking.id} on one line of time"
        self.show(
            "call.html",
            story=story,
            booking=story.booking,
            kind=KINDS[story.booking.kind],
            state=STATES[story.booking.state],
            name=teller.name,
            told=teller.told(),
            drawing=drawing.line_of_time(story, names, self._zone, title) if story.moments else "",
            zone_name=chosen,
            own_zones=_own_zones(story, self.person),
            zones=sorted(
                each for each in ZONES if "/" in each and not each.startswith(("Etc/", "posix", "right"))
            ),
            purposes=PURPOSES,
            said_states=SAID,
            why=in_words,
            account=lambda account: account_words(account, teller.name),
            signed=signed,
            notice=NOTICES.get(given["said"]),
        )


class RefundCharge(ConsolePage):
    """POST /console/calls/<booking>/refund: give all or a part of a charge of this booking back."""

    here = "/console/calls"

    @console
    async def post(self, booking_id: str) -> None:
        form = self.read(RefundForm())
        said = await self._refund(int(booking_id), form)
        self.redirect(f"/console/calls/{booking_id}?{urlencode({'said': said})}#money", status=303)

    async def _refund(self, booking_id: int, form: dict[str, Any]) -> str:
        """What is said about it then."""
        try:
            cents = cents_in(form["amount"])
        except ValueError:
            return "amount"
        if not form["reason"]:
            return "reason"
        story = await self.services.call_stories.story(booking_id)
        charge = next((each for each in story.charges if each.id == form["charge_id"]), None)
        if charge is None:
            return "not_paid"
        details = {
            "amount": str(cents) if cents is not None else "all that is left",
            "reason": form["reason"],
        }
        key = f"desk-{form['key']}"

        async def refund() -> Charge:
            async with self.services.staff_actions.recorded(
                actor=self.actor, action="refund", subject=f"charge {charge.id}", details=details
            ):
                return await self.services.billing.refund(charge.id, cents, key=key)

        try:
            after = await self.services.background.through(
                f"refund {charge.id} {key}", refund, patience_s=PATIENCE_S
            )
        except TimeoutError:
            return "asked"
        except PaymentRefused:
            return "refused"
        except (Conflict, Invalid):
            return "not_left"
        except WrongState:
            return "not_paid"
        except Refusal:
            return "failed"
        is_open = any(each.is_open and each.key == key for each in after.refunds)
        return "asked" if is_open else "given_back"


def cents_in(text: str) -> int | None:
    """`12.50` as cents; None for nothing. Raises ValueError."""
    if not text:
        return None
    found = AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def day_in(text: str) -> date | None:
    """A day as a date field gives it. None for nothing and for what is no day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 < day.year < 9000 else None


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=zone)


def _row(booking: Booking, page: CallPage) -> dict[str, Any]:
    guests = [_name(page.people.get(each), each) for each in booking.guest_ids[:3]]
    more = len(booking.guest_ids) - len(guests)
    return {
        "booking": booking,
        "kind": KINDS[booking.kind],
        "state": STATES[booking.state],
        "host": _name(page.people.get(booking.host_id), booking.host_id),
        "guests": ", ".join(guests) + (f" and {more} more" if more else ""),
    }


def _name(person: Person | None, person_id: int) -> str:
    return (person.full_name if person is not None else "") or f"Person {person_id}"


def _query(given: dict[str, Any], older: int | None) -> str | None:
    if older is None:
        return None
    return "?" + urlencode({name: value for name, value in (given | {"older": older}).items() if value})


def _own_zones(story: Story, reader: Person | None) -> list[tuple[str, str]]:
    """The zones of those who are in it, the reader's, and UTC, with whose they are."""
    whose: dict[str, list[str]] = {}
    for person_id in story.booking.people_ids[:6]:
        if (person := story.people.get(person_id)) is not None:
            whose.setdefault(person.timezone, []).append(person.first_name or person.full_name)
    if reader is not None:
        whose.setdefault(reader.timezone, []).append("you")
    whose.setdefault("UTC", [])
    return [(zone, ", ".join(names)) for zone, names in whose.items()]
