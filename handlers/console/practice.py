"""The page at `/`: two practice phones, what is booked for the people who hold them, and example people for a start.

Only where the phone company is simulated, under DEBUG, and from this very machine; anybody else is sent to the console.
"""

from __future__ import annotations

from typing import Any

from tornado.web import HTTPError

from handlers.access import anyone, anyone_slowly
from handlers.base import Handler
from handlers.console import pages
from handlers.console.base import HOME, ConsolePage
from handlers.console.practice_phone import PracticeHandler, phone_in
from thserver.domain.bookings import Booking
from thserver.domain.people import Person
from thserver.domain.phone_numbers import shown
from thserver.services import example_people as cast
from thserver.services.practice_board import Appointment

LAST_TEXTS = 30
LAST_LETTERS = 20
MOST_PHONES = 4


class PracticePage(ConsolePage):
    """/"""

    here = "/"

    @anyone
    async def get(self) -> None:
        if not self.needs_no_sign_in:
            self.redirect(HOME, status=303)
            return
        await self.check_console()
        board, practice = self.services.practice_board, self.services.practice
        people = await board.people()
        appointments = await board.appointments([person.id for person in people])
        self.show(
            "practice.html",
            people=[shown_person(person) for person in people],
            appointments=[shown_appointment(each) for each in appointments],
            number=practice.carrier.conference_number,
            all_simulated=practice.mail is not None and practice.payments is not None,
            password=cast.PASSWORD,
        )


class PracticeBoard(PracticeHandler):
    """GET /practice/board?phone=…&phone=…: the people with a number, what is booked, and what these phones have got."""

    @anyone
    async def get(self) -> None:
        carrier, clock = self.practising("carrier"), self.practising("clock")
        mail = getattr(self.services.practice, "mail", None)
        phones = [phone_in(each) for each in self.get_query_arguments("phone", strip=False)]
        if len(phones) > MOST_PHONES:
            raise HTTPError(400)
        board = self.services.practice_board
        people = await board.people()
        address = {person.phone: person.email_pending or person.email for person in people}
        appointments = await board.appointments([person.id for person in people])
        self.reply(
            {
                "now": pages.iso(clock.now()),
                "people": [shown_person(person) for person in people],
                "appointments": [shown_appointment(each) for each in appointments],
                "texts": {phone: carrier.texts_of(phone)[-LAST_TEXTS:] for phone in phones if phone},
                "letters": {
                    phone: letters(mail, address[phone]) for phone in phones if phone and address.get(phone)
                },
            }
        )


class PracticeExamples(PracticeHandler):
    """POST /practice/examples: make the example people, or whatever of them is missing or over."""

    # Without a deadline: fifteen passwords are hashed, each of which takes as long as it should.
    @anyone_slowly
    async def post(self) -> None:
        self.practising("carrier")
        made = await self.services.examples.fill()
        appointments = await self.services.practice_board.appointments(
            [person.id for person in made.people.values()]
        )
        self.reply(
            {
                "people": [shown_example(each, made.people[each.key]) for each in cast.EVERYBODY],
                "new": made.new,
                "booked": len(made.booked),
                "now": pages.iso(self.services.clock.now()),
                "appointments": [shown_appointment(each) for each in appointments],
            }
        )


def shown_person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.full_name,
        "phone": person.phone,
        "shown": shown(person.phone) if person.phone else "",
        "email": person.email,
        "zone": person.timezone,
    }


def shown_example(example: cast.ExamplePerson, person: Person) -> dict[str, Any]:
    return {
        **shown_person(person),
        "contract": example.contract,
        "does": example.does,
        "password": example.password,
    }


def shown_appointment(appointment: Appointment) -> dict[str, Any]:
    booking = appointment.booking
    assert booking.starts is not None
    assert booking.ends is not None
    return {
        "id": booking.id,
        "kind": booking.kind.value.capitalize(),
        "title": title_of(booking),
        "state": booking.state.value,
        "starts": pages.iso(booking.starts),
        "ends": pages.iso(booking.ends),
        "opens": pages.iso(appointment.opens),
        "people": [
            {
                "id": each.id,
                "name": each.full_name,
                "phone": each.phone,
                "on_line": each.id in appointment.on_line,
            }
            for each in appointment.people
        ],
    }


def title_of(booking: Booking) -> str:
    title = booking.details.get("title")
    if title is None and "in_memory_of" in booking.details:
        title = f"In memory of {booking.details['in_memory_of']}"
    return str(title or "")


def letters(mail: Any, address: str | None) -> list[dict[str, str]]:
    """The last letters to this address, newest last."""
    if mail is None or address is None:
        return []
    found = mail.letters_to(address)[-LAST_LETTERS:]
    return [{"id": each["message_id"], "subject": each["subject"], "text": each["text"]} for each in found]


ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/", PracticePage),
    (r"/practice/board/?", PracticeBoard),
    (r"/practice/examples/?", PracticeExamples),
]
