"""Which news of which kind of booking goes to whom by e-mail, and in which template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.database import Database
from thserver.domain.bookings import FIRM, Booking, Kind, News, Role, State, Suggestion
from thserver.domain.people import Person
from thserver.services.calendar_entries import CalendarEntries
from thserver.services.outbox import Outbox
from thserver.services.reminders import AllIsWanted, Wishes, others_of, pin_of

HOST, GUEST = Role.HOST, Role.GUEST
Templates = Mapping[str, Mapping[Role, str]]

CALL_LETTERS: Templates = {
    "requested": {HOST: "new_request"},
    "accepted": {GUEST: "accepted"},
    "new_times": {HOST: "new_times", GUEST: "new_times"},
    "agreed": {HOST: "time_agreed", GUEST: "time_agreed"},
    "declined": {GUEST: "declined"},
    "cancelled": {HOST: "cancelled", GUEST: "cancelled"},
    "missed": {HOST: "missed", GUEST: "missed"},
    "lapsed": {HOST: "lapsed", GUEST: "lapsed"},
}
SESSION_LETTERS: Templates = {
    "requested": {HOST: "session_requested"},
    "agreed": {HOST: "session_confirmed", GUEST: "session_confirmed"},
    "cancelled": {HOST: "session_cancelled", GUEST: "session_cancelled"},
    "lapsed": {GUEST: "session_lapsed"},
}
# Of requests people are told where they are asked; by letter comes what is to stand in their calendars.
MEETING_LETTERS: Templates = {
    "agreed": {HOST: "meeting_confirmed", GUEST: "meeting_confirmed"},
    "cancelled": {HOST: "meeting_cancelled", GUEST: "meeting_cancelled"},
}
# What it is about is told by the letters of the notice.
MEMORIAL_LETTERS: Templates = {"cancelled": {GUEST: "circle_gathering_cancelled"}}
# Held calls are told by their receipt. A contract adds its kind of booking here.
LETTERS: dict[Kind, Templates] = {
    Kind.CALL: CALL_LETTERS,
    Kind.SESSION: SESSION_LETTERS,
    Kind.MEETING: MEETING_LETTERS,
    Kind.MEMORIAL: MEMORIAL_LETTERS,
}
# Whoever does these knows it already.
NOT_TO_WHO_DID_IT = frozenset({"requested", "accepted", "new_times", "declined"})
# Who withdraws one of these before it is firm knows it, too; later he needs a letter that takes it out of his calendar.
CANCELLED_TO_THE_OTHER_ONLY = frozenset({Kind.SESSION, Kind.MEETING})
# Whose letters change calendars, and in which states of the booking: what has gone on since has letters of its own.
IN_CALENDARS = {"agreed": FIRM, "cancelled": frozenset({State.CANCELLED})}


class Letters:
    def __init__(
        self,
        *,
        database: Database,
        outbox: Outbox,
        calendar: CalendarEntries,
        web_domain: str,
        conference_number: str,
        secret_key: str,
        letters: Mapping[Kind, Templates] | None = None,
        wishes: Wishes | None = None,
    ) -> None:
        self._people = database.people
        self._outbox = outbox
        self._calendar = calendar
        self._wishes = wishes or AllIsWanted()
        self._web_domain = web_domain
        self._number = conference_number
        self._secret_key = secret_key
        self._letters = LETTERS if letters is None else letters

    async def heard(self, booking: Booking, news: News) -> None:
        """Write the letters for this news; writing them again is once."""
        templates = self._letters.get(booking.kind, {}).get(news.what)
        if templates is None:
            return
        people = await self._people.many(booking.people_ids)
        not_wanted = await self._wishes.not_wanted(booking.people_ids, booking.kind, news.what)
        for person_id in booking.people_ids:
            if person_id in not_wanted or (person_id == news.by and _knows(booking, news)):
                continue
            person, template = people.get(person_id), templates.get(booking.role_of(person_id))
            if person is None or not person.mail_address or template is None:
                continue
            await self._outbox.add_letter(
                key=f"news:{booking.id}:{news.id}:{person_id}",
                to=person.mail_address,
                person_id=person_id,
                template=template,
                facts=self._facts(booking, news, person, people),
                invite=self._calendar.invite(booking, person, people)
                if booking.state in IN_CALENDARS.get(news.what, ())
                else None,
                booking_id=booking.id,
            )

    def _facts(
        self, booking: Booking, news: News, person: Person, people: Mapping[int, Person]
    ) -> dict[str, Any]:
        suggestion = suggestion_of(booking, news)
        return {
            "other": others_of(booking, person.id, people),
            "by_me": news.by == person.id,
            "by_nobody": news.by is None,
            "title": booking.details.get("title", ""),
            "is_host": person.id == booking.host_id,
            "message": booking.message,
            "minutes": booking.minutes,
            "times": list(suggestion.times) if suggestion else [],
            "starts": booking.starts,
            "number": self._number,
            "pin": pin_of(booking, person.id, self._secret_key),
            "rate_in_cents": booking.rate_in_cents,
            "reason": booking.cancel_reason if news.what == "cancelled" else booking.reason,
            "fee_in_cents": booking.fee_in_cents,
            "link": f"https://{self._web_domain}/call-requests/{booking.id}",
        }


def _knows(booking: Booking, news: News) -> bool:
    """Whether who did it needs no letter about it."""
    if news.what == "cancelled":
        return booking.kind in CANCELLED_TO_THE_OTHER_ONLY and not booking.sequence
    return news.what in NOT_TO_WHO_DID_IT


def suggestion_of(booking: Booking, news: News) -> Suggestion | None:
    """The suggestion that this news is about: the booking may have gone on since. Its number is in the news' id."""
    number = news.id.rpartition(":")[2]
    if news.what not in ("accepted", "new_times") or not number.isdecimal():
        return None
    place = int(number)
    return booking.suggestions[place - 1] if 0 < place <= len(booking.suggestions) else None
