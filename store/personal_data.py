"""Where personal data is: for every collection how a person's part of it is found and shown, or why it has none.

A person's export is read from this table. A test fails for a collection that is not in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import NamedTuple

import pymongo
from gridfs import AsyncGridFSBucket
from pymongo.asynchronous.database import AsyncDatabase

from store import personal_data_shapes as shapes
from store.collection import Collection
from store.media import BUCKET
from store.people import People
from store.personal_data_shapes import Document, Subject

Query = Callable[[Subject], Document]
Shape = Callable[[Document, Subject], Document | None]


class Holding(NamedTuple):
    """`about` says for people what it is; `query` finds a person's part; `shape` leaves out what is not his, all of
    a document with None. `scans`: it is read through for that, because an index would cost at every ring."""

    about: str
    query: Query
    shape: Shape = lambda document, subject: document
    scans: bool = False


class Without(NamedTuple):
    """Why a collection is not part of an export."""

    why: str


def _own(column: str) -> Query:
    return lambda subject: {column: subject.person_id}


def _of_id(subject: Subject) -> Document:
    return {"_id": subject.person_id}


# In the order in which they are read: a question may follow from an earlier answer.
HELD: dict[str, Holding | Without] = {
    "people": Holding("the account, and when each sign-in ends", _of_id, shapes.account),
    "closings": Without("these are in the people's own documents"),
    "heroes": Holding("what he offers as a hero", _own("person_id")),
    "mentor_profiles": Holding("what he tells as a mentor", _of_id),
    "mentee_profiles": Holding("what he tells as a mentee", _of_id),
    "circle_profiles": Holding("what only his circle's contract knows", _of_id),
    "notification_settings": Holding("what of sessions he wants to be told", _of_id),
    "availability": Holding("when he can be booked as a mentor", _of_id, shapes.windows),
    "weekly_availability": Holding("when he can be booked as an expert", _own("person_id")),
    "skills": Holding("what he knows as an expert", _own("person_id")),
    "contacts": Holding("his address book", _own("owner_id")),
    "blacklist": Holding("whom he has blocked; who has blocked him is never told", _own("owner_id")),
    "friendships": Holding(
        "his circle, and whose circles he is in",
        lambda subject: {"$or": [{"holder_id": subject.person_id}, {"person_id": subject.person_id}]},
        shapes.friendship,
    ),
    "death_notices": Holding("his notice of passing", _of_id),
    "opt_outs": Holding(
        "whether his number has texted STOP or START", lambda subject: {"_id": {"$in": subject.phones}}
    ),
    "bookings": Holding(
        "his calls, sessions, meetings and gatherings", lambda subject: {"people_ids": subject.person_id}
    ),
    "conferences": Holding(
        "who was on the line when, of his calls",
        lambda subject: {"people_ids": subject.person_id},
        shapes.conference,
    ),
    "calls": Holding(
        "his rings",
        lambda subject: {
            "$or": [{"person_id": subject.person_id}, {"caller": {"$in": subject.phones}}],
        },
        shapes.call,
        scans=True,
    ),
    "dial_outs": Holding(
        "when he was called because others were waiting",
        lambda subject: {"booking_id": {"$in": subject.ids("bookings")}, "person_id": subject.person_id},
    ),
    "conference_events": Holding(
        "what the phone company told of his calls, as long as it is kept",
        lambda subject: {"conference_sid": {"$in": subject.ids("conferences")}},
        shapes.conference_event,
    ),
    "rooms": Without("who is in a room now: it is gone with the call, whose conference stays"),
    "outbox": Holding(
        "texts and e-mails to him, without codes, tokens and PINs",
        lambda subject: {
            "$or": [
                {"person_id": subject.person_id},
                {"to": {"$in": [*subject.phones, *subject.addresses]}, "person_id": None},
            ]
        },
        scans=True,
    ),
    "text_events": Holding(
        "texts from him, and what the phone company told of texts to him, as long as it is kept",
        lambda subject: {
            "$or": [
                {"phone": {"$in": subject.phones}},
                {"ref": {"$in": [row["ref"] for row in subject.found.get("outbox", ())]}},
            ]
        },
        shapes.text_event,
        scans=True,
    ),
    "charges": Holding(
        "what he was charged, and what was charged for calls with him",
        lambda subject: {
            "$or": [
                {"payer_id": subject.person_id},
                {"booking_id": {"$in": subject.ids("bookings")}},
            ]
        },
        shapes.charge,
    ),
    "ledger": Holding(
        "the entries of his accounts",
        lambda subject: {"legs.account": {"$in": shapes.accounts(subject)}},
        shapes.entry,
    ),
    "payouts": Holding("what was sent to his payout account", _own("host_id")),
    "wallets": Holding("his cards, as the card company names them, and his payout account", _of_id),
    "purchases": Holding("credits that he bought", _own("person_id"), scans=True),
    "credits": Holding("the entries of his credits", _own("person_id"), scans=True),
    "credit_accounts": Holding("what these come to", _of_id),
    "card_events": Without("the card company's own words: what follows from them is in charges and wallets"),
    "reviews": Holding(
        "reviews by him and about him",
        lambda subject: {"booking_id": {"$in": subject.ids("bookings")}},
        shapes.review,
    ),
    "messages": Holding("messages from him and to him", _own("people")),
    "notifications": Holding("what he was told in his list", _own("person_id")),
    "mailboxes": Without("counters"),
    "calendar_feeds": Holding("that he has a calendar feed, and since when", _of_id),
    "media_files": Holding("pictures that he uploaded", _own("metadata.owner_id"), scans=True),
    "media_chunks": Without("the content of the pictures, which is exported as files"),
    "media": Without("which pictures are being uploaded or replaced just now"),
    "staff_actions": Holding(
        "what staff did about him, and what he did as staff",
        lambda subject: {
            "$or": [{"actor_id": subject.person_id}, {"subject": {"$in": shapes.subjects(subject)}}]
        },
        scans=True,
    ),
    "webhook_endpoints": Holding("webhooks that he set up as staff", _own("creator_id"), scans=True),
    "webhook_events": Without(
        "copies of what happened to bookings, calls and charges, for those who build on it"
    ),
    "webhook_deliveries": Without("to whom these were sent, and how that went"),
    "codes": Without("hashes of codes and tokens that are under way"),
    "limits": Without("how often something was tried, forgotten within hours"),
    "numbers": Without("the next free numbers"),
    "leases": Without("which process does what"),
    "sweep_runs": Without("how the timetable's jobs ended"),
    "recounts": Without("how the last counts ended"),
    "categories": Without("the same for everybody"),
}


class PersonalData(Collection):
    """Asks every collection that holds personal data; keeps nothing of its own."""

    name = People.name

    def __init__(self, database: AsyncDatabase[Document], collections: dict[str, str]) -> None:
        """`collections` has MongoDB's name for each of ours."""
        super().__init__(database)
        self._database = database
        self._names = collections
        self._bucket = AsyncGridFSBucket(database, BUCKET)

    async def subject(self, person_id: int) -> Subject | None:
        """Somebody whose data can be read; None for whom there is not."""
        found = await self._collection.find_one({"_id": person_id})
        if found is None:
            return None
        return Subject(
            person_id,
            phones=[found[name] for name in ("phone", "phone_pending") if found.get(name)],
            addresses=[found[name] for name in ("email", "email_pending", "guest_email") if found.get(name)],
        )

    async def part(self, subject: Subject, name: str) -> list[Document]:
        """The person's part of this collection as it is kept, in order, with secrets in it: `shown` takes them out.
        Parts are to be asked for in the order of HELD."""
        holding = HELD[name]
        if isinstance(holding, Without):
            return []
        with pymongo.timeout(None):
            cursor = self._database[self._names[name]].find(holding.query(subject)).sort("_id")
            found = await cursor.to_list()
        subject.found[name] = found
        return [shaped for each in found if (shaped := holding.shape(dict(each), subject)) is not None]

    async def pictures(self, subject: Subject) -> AsyncIterator[tuple[str, bytes]]:
        """Name and content of each picture, thumbnails left out."""
        for document in subject.found.get("media_files", ()):
            if "-thumb." not in document["_id"]:
                with pymongo.timeout(None):
                    stream = await self._bucket.open_download_stream(document["_id"])
                    content = await stream.read()
                yield str(document["_id"]), content


def without() -> Iterable[tuple[str, str]]:
    """What is not exported, with the reason."""
    return ((name, held.why) for name, held in HELD.items() if isinstance(held, Without))
