"""What the measured service finds in its database: people, heroes and bookings, as many as asked for."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import AsyncMongoClient

from bench import gathering_requests
from store import availability, booking_documents, heroes, mentor_profiles, person_documents
from thserver.domain.bookings import Booking, Kind, State
from thserver.domain.codes import token_hash
from thserver.domain.heroes import Hero
from thserver.domain.mentors import MentorProfile
from thserver.domain.people import Person

MENTORS, SLOTS = 100, 20
# So many calls are on now: call n between persons 2n - 1 and 2n.
ON_NOW = 50
SECRET_KEY = "a-secret-for-the-bench"
TOKEN = "bench-token-of-the-first-person"
BATCH = 5_000


def person(number: int, now: datetime) -> Person:
    return Person(
        id=number,
        uuid=str(uuid.UUID(int=number)),
        first_name=f"First{number}",
        last_name=f"Last{number}",
        email=f"person{number}@example.com",
        email_verified=True,
        phone=f"+1312{5_000_000 + number % 5_000_000:07d}" if number < 5_000_000 else None,
        timezone="America/Chicago",
        slug=f"first{number}-last{number}",
        username=f"person{number}",
        is_mentor=number <= MENTORS,
        created=now,
        updated=now,
    )


def slots(number: int, now: datetime) -> dict[str, Any]:
    """A mentor's availability: so many slots ahead, and as many that are over."""
    half_hour = timedelta(minutes=30)
    return {
        "_id": number,
        "windows": [
            {
                "id": number * 100 + place,
                "starts": availability.seconds(now + (place - SLOTS) * half_hour),
                "ends": availability.seconds(now + (place - SLOTS + 1) * half_hour),
            }
            for place in range(2 * SLOTS)
        ],
    }


def hero(number: int, now: datetime) -> Hero:
    return Hero(
        id=number,
        person_id=number,
        name=f"First{number} Last{number}",
        slug=f"first{number}-last{number}",
        discipline=("FE", "BE", "IO", "AN", "UX")[number % 5],
        title="Set up a production level REST API",
        description="This is a further description of how I can help you with REST APIs. " * 4,
        position="Backend Engineer",
        company="SpaceX",
        short_bio="This is a short summary of myself",
        years_of_exp=3 + number % 20,
        rate_in_cents=100 + number,
        linkedin_url="https://www.linkedin.com/in/somebody",
        accepted=True,
        created=now,
        updated=now,
    )


def booking(number: int, host: int, guest: int, starts: datetime, now: datetime, state: State) -> Booking:
    return Booking(
        id=number,
        kind=Kind.CALL,
        host_id=host,
        guest_ids=(guest,),
        state=state,
        room=f"first{host}-last{host}",
        message="A general summary or reason for the call",
        minutes=30,
        starts=starts,
        rate_in_cents=100,
        created=now,
        updated=now,
    )


async def fill(client: AsyncMongoClient[dict[str, Any]], many: int) -> None:
    """100 heroes among `many` people and as many bookings, the first ones of which are on now."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    database = client["bench"]
    for start in range(1, many + 1, BATCH):
        documents = []
        for number in range(start, min(start + BATCH, many + 1)):
            document = person_documents.to_document(person(number, now))
            secret = TOKEN if number == 1 else f"token{number}"
            document["tokens"] = [
                {"hash": token_hash(secret), "contract": "heroes", "expires": now + timedelta(days=30)}
            ]
            documents.append(document)
        await database["people"].insert_many(documents, ordered=False)
    await database["heroes"].insert_many(
        [{**heroes.to_document(hero(number, now)), "listed": True} for number in range(1, 101)]
    )
    await database["mentor_profiles"].insert_many(
        [
            mentor_profiles.to_document(
                MentorProfile(person_id=number, about_me="I like to code. " * 5, skills=["CSS", "Python"])
            )
            for number in range(1, MENTORS + 1)
        ]
    )
    await database["availability"].insert_many([slots(number, now) for number in range(1, MENTORS + 1)])
    rows = [
        booking_documents.to_document(booking(number, 2 * number - 1, 2 * number, now, now, State.AGREED))
        for number in range(1, ON_NOW + 1)
    ]
    for number in range(ON_NOW + 1, many + 1):
        host, guest = number, number % (many - 1) + 1
        starts = now + timedelta(days=number % 300 - 150, minutes=15 * (number % 90) + 180)
        state = State.AGREED if starts > now else State.HELD
        rows.append(booking_documents.to_document(booking(number, host, guest, starts, now, state)))
        if len(rows) >= BATCH:
            await database["bookings"].insert_many(rows, ordered=False)
            rows = []
    if rows:
        await database["bookings"].insert_many(rows, ordered=False)
    await gathering_requests.fill(database, secret_key=SECRET_KEY, now=now)
