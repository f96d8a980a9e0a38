"""What contract gatherings is put under load with, and what of it must be in the database before."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from bench.load import get, send_json
from store import booking_documents, person_documents
from thserver.domain import gatherings
from thserver.domain.bookings import Booking, Kind, State
from thserver.domain.codes import keyed_hash
from thserver.domain.people import Person
from thserver.services.phone_sign_in import SIGN_IN

GATHERINGS, MEMBERS = 100, 10
CONTACTS = 5_000
# People with a code on their phones; each code is good once.
SIGNING_IN = 8_000
FIRST_ID = 10_000_000
CODE = "123456"

_new_phones = itertools.count(1)
_signing_in = itertools.count(1)


def phone(number: int) -> str:
    return f"+1646{2_000_000 + number:07d}"


def codes_sent() -> Iterator[bytes]:
    """Each to a number of its own."""
    for number in _new_phones:
        yield send_json("POST", "/api/auth/code/", {"phone": f"+1415{2_000_000 + number:07d}"})


def codes_confirmed() -> Iterator[bytes]:
    """Each by a person of its own; they run out."""
    for number in itertools.takewhile(lambda number: number <= SIGNING_IN, _signing_in):
        yield send_json("POST", "/api/auth/users/", {"phone": phone(number), "code": CODE})


def contacts(token: str) -> Iterator[bytes]:
    """A whole address book at once, the same again and again."""
    body = {
        "names": [f"Friend {number}" for number in range(CONTACTS)],
        "phones": [f"+1917{2_000_000 + number:07d}" for number in range(CONTACTS)],
    }
    return itertools.repeat(send_json("PUT", "/api/contacts/", body, {"Authorization": f"Token {token}"}))


def meetings(token: str) -> Iterator[bytes]:
    return itertools.repeat(get("/api/meetings/", {"Authorization": f"Token {token}"}))


async def fill(database: AsyncDatabase[dict[str, Any]], *, secret_key: str, now: datetime) -> None:
    """The gatherings that person 1 is in, and people who are about to sign in."""
    await database["bookings"].insert_many(
        [booking_documents.to_document(_gathering(number, now)) for number in range(GATHERINGS)]
    )
    signing_in, codes = [], []
    for number in range(1, SIGNING_IN + 1):
        person = Person(
            id=FIRST_ID + number,
            uuid=str(uuid.UUID(int=FIRST_ID + number)),
            first_name=f"First{number}",
            phone=phone(number),
            created=now,
            updated=now,
        )
        key = f"{SIGN_IN.purpose}:{phone(number)}"
        signing_in.append(person_documents.to_document(person))
        codes.append(
            {
                "_id": key,
                "hash": keyed_hash(secret_key, "code", key, CODE),
                "sent_id": "bench",
                "expires": now + timedelta(days=1),
                "forget_at": now + timedelta(days=1),
                "spent": False,
                "failures": 0,
                "created": now,
            }
        )
    await database["people"].insert_many(signing_in, ordered=False)
    await database["codes"].insert_many(codes, ordered=False)


def _gathering(number: int, now: datetime) -> Booking:
    others = tuple(2 + (number + place) % 100 for place in range(MEMBERS - 1))
    with_time = number % 2 == 0
    king, guests = (others[0], (1, *others[1:])) if number % 4 else (1, others)
    return Booking(
        id=FIRST_ID + number,
        kind=Kind.GATHERING,
        host_id=king,
        guest_ids=guests,
        state=State.AGREED if with_time else State.ACCEPTED,
        room=f"first{king}-last{king}",
        message="Board games",
        minutes=gatherings.MINUTES,
        starts=now + timedelta(days=400 + number) if with_time else None,
        details=gatherings.details_of(
            title="Board games",
            description="Everybody brings one. " * 5,
            logo_id=f"{number:032x}.png",
            logo_owner_id=king,
        ),
        created=now - timedelta(minutes=number),
        updated=now,
    )
