"""People, with the hashes of their sign-in tokens beside them, so that one read answers who is calling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pymongo
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from store.collection import duplicate_field
from store.counted_cancellations import CountedCancellations
from store.person_documents import from_document, to_new_document
from thserver.domain.errors import AlreadyExists, NotFound
from thserver.domain.people import Face, Person, slug_candidates

# A range, not $type: the planner uses a partial index only for queries that surely fall within its filter.
TEXT = {"$gt": ""}
TOKENS_KEPT = 50
NAMES = ("first_name", "last_name", "username", "email")
SHOWN = dict.fromkeys(
    ("uuid", "first_name", "last_name", "timezone", "image_url", "is_active", "created", "updated"), 1
)
FACE = dict.fromkeys(("username", "first_name", "last_name", "image_url"), 1)

# The path under which our own pictures are reached.
MEDIA = "/media/"


@dataclass(frozen=True, slots=True)
class Token:
    """A sign-in token as it is kept: only its hash, the contract that gave it, and its end."""

    hash: str
    contract: str
    expires: datetime


def unique(field: str) -> IndexModel:
    return IndexModel(field, name=field, unique=True, partialFilterExpression={field: TEXT})


class People(CountedCancellations):
    name = "people"
    indexes = (
        unique("uuid"),
        unique("email"),
        unique("phone"),
        unique("username"),
        unique("slug"),
        IndexModel("tokens.hash", name="tokens", unique=True, partialFilterExpression={"tokens.hash": TEXT}),
        IndexModel("is_staff", name="staff", partialFilterExpression={"is_staff": True}),
        IndexModel(
            [("is_mentor", ASCENDING), ("_id", ASCENDING)],
            name="mentors",
            partialFilterExpression={"is_mentor": True},
        ),
        IndexModel(
            [("is_mentee", ASCENDING), ("_id", ASCENDING)],
            name="mentees",
            partialFilterExpression={"is_mentee": True},
        ),
        # A ring from a number that waits for its code.
        IndexModel("phone_pending", name="phone_pending", partialFilterExpression={"phone_pending": TEXT}),
        IndexModel("hero_outdated", name="hero_outdated", sparse=True),
        IndexModel("closing.since", name="closing", sparse=True),
        IndexModel("letter_due", name="letter_due", sparse=True),
    )

    # Where our own pictures are reached. They are kept without it, so that the service can move.
    base_url = ""

    async def add(self, person: Person, token: Token | None = None) -> None:
        """Raises AlreadyExists("email" | "phone" | "username" …)."""
        document = self._kept(to_new_document(person))
        if token is not None:
            document["tokens"] = [_token(token)]
        await self._collection.insert_one(document)

    async def get(self, person_id: int) -> Person | None:
        return await self._one({"_id": person_id})

    async def with_uuid(self, uuid: str) -> Person | None:
        return await self._one({"uuid": uuid})

    async def with_email(self, email: str) -> Person | None:
        return await self._one({"email": email})

    async def with_proven_emails(self, emails: Iterable[str]) -> dict[str, Person]:
        """The people who have proven one of these addresses, by it."""
        cursor = self._collection.find(
            {"email": {"$in": list(set(emails))}, "email_verified": True}, {"tokens": 0}
        )
        return {found["email"]: self._person(found) for found in await cursor.to_list()}

    async def with_phone(self, phone: str) -> Person | None:
        return await self._one({"phone": phone})

    async def with_username(self, username: str) -> Person | None:
        return await self._one({"username": username})

    async def many(self, ids: Iterable[int]) -> dict[int, Person]:
        """The people with these ids, by id; unknown ids are left out."""
        wanted = list(set(ids))
        if not wanted:
            return {}
        cursor = self._collection.find({"_id": {"$in": wanted}}, {"tokens": 0})
        return {found["_id"]: self._person(found) async for found in cursor}

    async def shown(self, ids: Iterable[int]) -> dict[int, Person]:
        """Like `many`, with only what others see of a person: his name, picture and zone."""
        cursor = self._collection.find({"_id": {"$in": list(set(ids))}}, SHOWN)
        return {found["_id"]: self._person(found) for found in await cursor.to_list()}

    async def staff(self) -> list[Person]:
        cursor = self._collection.find({"is_staff": True, "is_active": True}, {"tokens": 0})
        return [self._person(found) async for found in cursor]

    async def all_staff(self) -> list[Person]:
        """Hidden ones, too."""
        cursor = self._collection.find({"is_staff": True}, {"tokens": 0}).sort("_id")
        return [self._person(found) for found in await cursor.to_list()]

    async def named(self, words: Sequence[str], *, limit: int) -> list[Person]:
        """Those of whose names or address each word is the beginning of one, the oldest account first. It reads
        through everybody, so it is nothing for requests."""
        each = [
            {"$or": [{field: {"$regex": rf"(^|\s){re.escape(word)}", "$options": "i"}} for field in NAMES]}
            for word in words
        ]
        with pymongo.timeout(None):
            cursor = self._collection.find({"$and": each}, {"tokens": 0}).sort("_id").limit(limit)
            return [self._person(found) for found in await cursor.to_list()]

    async def waiting_for_code(self, phone: str, *, limit: int) -> list[Person]:
        """Those who have yet to prove this number."""
        cursor = self._collection.find({"phone_pending": phone}, {"tokens": 0}).limit(limit)
        return [self._person(found) for found in await cursor.to_list()]

    async def flagged(self, flag: str, *, skip: int, limit: int) -> list[Face]:
        """Active people with `is_mentor` or `is_mentee` on, the oldest first."""
        cursor = (
            self._collection.find({flag: True, "is_active": True}, FACE).sort("_id").skip(skip).limit(limit)
        )
        return [self._face(found) for found in await cursor.to_list()]

    async def faces(self, ids: Iterable[int]) -> dict[int, Face]:
        """What a list shows of these people, by id; unknown ids are left out."""
        wanted = list(set(ids))
        if not wanted:
            return {}
        cursor = self._collection.find({"_id": {"$in": wanted}}, FACE)
        return {found["_id"]: self._face(found) for found in await cursor.to_list()}

    async def active(self, ids: Iterable[int]) -> set[int]:
        """Those of these people who are not hidden."""
        cursor = self._collection.find({"_id": {"$in": list(ids)}, "is_active": True}, {"_id": 1})
        return {found["_id"] for found in await cursor.to_list()}

    async def change(
        self, person_id: int, changes: dict[str, Any], *, only_if: dict[str, Any] | None = None
    ) -> Person:
        """Set these fields (None removes one) if the person still matches `only_if` and has not closed his account.

        Raises NotFound when he does not, AlreadyExists when a unique value is taken.
        """
        found = await self._collection.find_one_and_update(
            {"_id": person_id, "closed": None, **(only_if or {})},
            _set_and_unset(self._kept(changes)),
            projection={"tokens": 0},
            return_document=ReturnDocument.AFTER,
        )
        if found is None:
            raise NotFound
        return self._person(found)

    async def with_outdated_hero(self, *, before: datetime) -> list[int]:
        """Whose hero does not show yet what was changed in the person before then."""
        cursor = self._collection.find({"hero_outdated": {"$lte": before}}, {"_id": 1})
        return [found["_id"] async for found in cursor]

    async def without_letter(self, *, before: datetime, limit: int = 200) -> list[Person]:
        """Whose first letter, about his address, has been due since before then."""
        cursor = self._collection.find({"letter_due": {"$lte": before}}, {"tokens": 0}).limit(limit)
        return [self._person(found) for found in await cursor.to_list()]

    async def letter_written(self, person_id: int) -> None:
        await self._collection.update_one({"_id": person_id}, {"$unset": {"letter_due": ""}})

    async def give_slug(self, person_id: int, name: str) -> str:
        """The person's slug; made from the name if he has none yet. The unique index decides between namesakes."""
        for slug in slug_candidates(name):
            try:
                await self._collection.update_one(
                    {"_id": person_id, "slug": {"$exists": False}}, {"$set": {"slug": slug}}
                )
            except DuplicateKeyError as error:
                if duplicate_field(error) != "slug":
                    raise
                continue
            found = await self._collection.find_one({"_id": person_id}, {"slug": 1})
            if found is None:
                raise NotFound
            return str(found["slug"])
        raise AlreadyExists("slug")

    async def has_slug(self, slug: str) -> bool:
        """Whether it is somebody's."""
        return await self._collection.find_one({"slug": slug}, {"_id": 1}) is not None

    async def with_token(self, token_hash: str) -> tuple[Person, Token] | None:
        """The person whose token this is, and the token; whether it is expired is for the caller to see."""
        found = await self._collection.find_one({"tokens.hash": token_hash})
        if found is None:
            return None
        token = next(entry for entry in found["tokens"] if entry["hash"] == token_hash)
        return self._person(found), Token(token["hash"], token["contract"], token["expires"])

    async def tokens_among(self, hashes: Iterable[str]) -> list[Token]:
        """Those of these tokens that are still kept, with their ends, of people who have not closed their account."""
        wanted = set(hashes)
        cursor = self._collection.find(
            {"tokens.hash": {"$in": list(wanted), "$gt": ""}, "closed": None}, {"_id": 0, "tokens": 1}
        )
        return [
            Token(token["hash"], token["contract"], token["expires"])
            for found in await cursor.to_list()
            for token in found["tokens"]
            if token["hash"] in wanted
        ]

    async def add_token(self, person_id: int, token: Token, *, ending: str | None = None) -> None:
        """Keep one more token; with `ending`, the tokens that this contract gave before end in the same step."""
        kept: dict[str, Any] = {"$ifNull": ["$tokens", []]}
        if ending is not None:
            kept = {"$filter": {"input": kept, "cond": {"$ne": ["$$this.contract", ending]}}}
        appended = {"$concatArrays": [kept, [{"$literal": _token(token)}]]}
        result = await self._collection.update_one(
            {"_id": person_id, "closed": None}, [{"$set": {"tokens": {"$slice": [appended, -TOKENS_KEPT]}}}]
        )
        if not result.matched_count:
            raise NotFound

    async def end_token(self, token_hash: str) -> None:
        await self._collection.update_one(
            {"tokens.hash": token_hash}, {"$pull": {"tokens": {"hash": token_hash}}}
        )

    async def end_tokens(self, person_id: int, *, except_hash: str | None = None) -> None:
        """End every sign-in of this person, but for one."""
        await self._collection.update_one(
            {"_id": person_id}, {"$pull": {"tokens": {"hash": {"$ne": except_hash}}}}
        )

    async def end_tokens_of(self, person_id: int, contract: str) -> None:
        """End every sign-in that this contract gave him."""
        await self._collection.update_one({"_id": person_id}, {"$pull": {"tokens": {"contract": contract}}})

    async def with_phones(self, phones: Iterable[str]) -> list[Person]:
        """The people whose proven number is among these, the oldest account first."""
        cursor = self._collection.find({"phone": {"$in": list(phones)}}, {"tokens": 0})
        found = [self._person(each) for each in await cursor.to_list()]
        return sorted(found, key=lambda person: person.id)

    async def with_any_phone(self, *, limit: int) -> list[Person]:
        """People with a proven number, in the order of the numbers."""
        cursor = (
            self._collection.find({"phone": TEXT, "closed": None}, {"tokens": 0}).sort("phone").limit(limit)
        )
        return [self._person(found) for found in await cursor.to_list()]

    async def _one(self, query: dict[str, Any]) -> Person | None:
        found = await self._collection.find_one(query, {"tokens": 0})
        return self._person(found) if found is not None else None

    def _person(self, found: dict[str, Any]) -> Person:
        person = from_document(found)
        person.image_url = self._url(person.image_url)
        return person

    def _face(self, found: dict[str, Any]) -> Face:
        return Face(
            found["_id"],
            found.get("username"),
            found["first_name"],
            found["last_name"],
            self._url(found.get("image_url")),
        )

    def _url(self, image_url: str | None) -> str | None:
        return self.base_url + image_url if image_url and image_url.startswith(MEDIA) else image_url

    def _kept(self, values: dict[str, Any]) -> dict[str, Any]:
        """The same, with the address of one of our own pictures as its path."""
        url = values.get("image_url")
        if url and self.base_url and url.startswith(self.base_url + MEDIA):
            return {**values, "image_url": url.removeprefix(self.base_url)}
        return values


def _token(token: Token) -> dict[str, Any]:
    return {"hash": token.hash, "contract": token.contract, "expires": token.expires}


def _set_and_unset(changes: dict[str, Any]) -> dict[str, Any]:
    update: dict[str, Any] = {}
    there = {name: value for name, value in changes.items() if value is not None}
    gone = {name: "" for name, value in changes.items() if value is None}
    if there:
        update["$set"] = there
    if gone:
        update["$unset"] = gone
    return update
