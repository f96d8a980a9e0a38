"""Bookings as entries of people's calendars: which are in whose, under which title, and what a letter does to them."""

from __future__ import annotations

from collections.abc import Mapping

from thserver.domain.bookings import FIRM, Booking, Kind, State
from thserver.domain.people import Person
from thserver.domain.ports import Clock, Invite
from thserver.services.reminders import others_of, pin_of
from thserver.wording import calendar
from thserver.wording.calendar import Entry

WORDS = {
    Kind.CALL: "Call with {other}",
    Kind.SESSION: "Mentoring session with {other}",
    Kind.MEETING: "{title} with {other}",
    Kind.GATHERING: "{title} with {other}",
    Kind.MEMORIAL: "Gathering with {other}",
}
# Into these one is invited; to the others one has agreed.
BY_INVITATION = frozenset({Kind.GATHERING, Kind.MEMORIAL})


class CalendarEntries:
    def __init__(self, *, clock: Clock, organizer: str, conference_number: str, secret_key: str) -> None:
        """`organizer` is the sender of our e-mails."""
        self._clock = clock
        self._organizer = organizer
        self._number = conference_number
        self._secret_key = secret_key

    def invite(
        self,
        booking: Booking,
        person: Person,
        people: Mapping[int, Person],
        *,
        to: str | None = None,
        about: str = "",
    ) -> Invite | None:
        """What a letter to this person (at the address `to`) does to his calendar: the entry as the booking is now,
        or its end when it is cancelled or he is out of it. None for what is in nobody's calendar, or over."""
        address = to or person.mail_address
        if not address or not booking.sequence or booking.starts is None or booking.state is State.MISSED:
            return None
        entry = self._entry(
            booking, person, people, about=about, pin=pin_of(booking, person.id, self._secret_key)
        )
        return calendar.invite(
            entry,
            organizer=self._organizer,
            reader=address,
            name=person.full_name,
            zone=person.zone,
            now=self._clock.now(),
        )

    def feed_entry(self, booking: Booking, person: Person, people: Mapping[int, Person]) -> Entry:
        """As in the feed, whose address people hand on: without the PIN."""
        return self._entry(booking, person, people, about="", pin=None)

    def _entry(
        self, booking: Booking, person: Person, people: Mapping[int, Person], *, about: str, pin: str | None
    ) -> Entry:
        starts, ends = booking.starts, booking.ends
        assert starts is not None, "only what has a time is in a calendar"
        assert ends is not None
        is_in = booking.state in FIRM and person.id in booking.people_ids
        return Entry(
            uid=calendar.uid_of(booking.id, booking.created),
            sequence=booking.sequence,
            is_cancelled=not is_in,
            starts=starts,
            ends=ends,
            title=title_of(booking, person.id, people),
            about=about,
            number=self._number,
            pin=pin if is_in else None,
            is_accepted=booking.kind not in BY_INVITATION or person.id == booking.host_id,
            changed=booking.updated,
        )


def title_of(booking: Booking, person_id: int, people: Mapping[int, Person]) -> str:
    """`Call with Tom Brady`."""
    title = booking.details.get("title") or "Meeting"
    if booking.kind is Kind.GATHERING:
        # Who else is in it changes too often to be told; whose it is, is what his guests know it by.
        king = people.get(booking.host_id)
        if king is None or king.id == person_id:
            return str(title)
        return WORDS[booking.kind].format(title=title, other=king.full_name)
    return WORDS[booking.kind].format(title=title, other=others_of(booking, person_id, people))
