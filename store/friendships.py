"""Whom account holders have named as trusted friend, lifelink or for the grey list: one document for each address."""

from __future__ import annotations

from collections.abc import Collection as Many
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import BulkWriteError

from store.collection import Collection
from thserver.domain.circles import Friendship, Level, Names, Sort, Status

DUPLICATE = 11000
NAMES = ("first_name", "middle_name", "last_name")
FULL_NAME = {
    "$reduce": {
        "input": ["$$who.first_name", "$$who.middle_name", "$$who.last_name"],
        "initialValue": "",
        "in": {"$concat": ["$$value", {"$ifNull": ["$$this", ""]}, " "]},
    }
}
PLAIN = {"level", "status", "created", "email"}


def to_document(friendship: Friendship, token_hash: str | None) -> dict[str, Any]:
    document = {
        "_id": friendship.id,
        "holder_id": friendship.holder_id,
        "email": friendship.email,
        "level": friendship.level.value,
        "status": friendship.status.value,
        "first_name": friendship.names.first_name,
        "middle_name": friendship.names.middle_name,
        "last_name": friendship.names.last_name,
        "person_id": friendship.person_id,
        "invitation": friendship.invitation,
        "mails": friendship.mails,
        "mail_due": friendship.mail_due,
        "invite_sent_at": friendship.invite_sent_at,
        "token_hash": token_hash,
        "created": friendship.created,
        "updated": friendship.updated,
    }
    return {name: value for name, value in document.items() if value is not None}


def from_document(found: dict[str, Any]) -> Friendship:
    return Friendship(
        id=found["_id"],
        holder_id=found["holder_id"],
        email=found["email"],
        level=Level(found["level"]),
        status=Status(found["status"]),
        names=Names(
            first_name=found["first_name"],
            middle_name=found.get("middle_name"),
            last_name=found.get("last_name"),
        ),
        person_id=found.get("person_id"),
        guest_id=found.get("guest_id"),
        invitation=found["invitation"],
        mails=found["mails"],
        mail_due=found.get("mail_due"),
        invite_sent_at=found.get("invite_sent_at"),
        created=found["created"],
        updated=found["updated"],
    )


def of_person(person_id: int, email: str | None) -> dict[str, Any]:
    """Friendships of this person: by account, and those of his proven address that belong to no account yet."""
    clauses: list[dict[str, Any]] = [{"person_id": person_id}]
    if email is not None:
        clauses.append({"email": email, "person_id": None})
    return {"$or": clauses}


class Friendships(Collection):
    name = "friendships"
    indexes = (
        # Nobody is named twice by one holder: the index decides.
        IndexModel([("holder_id", ASCENDING), ("email", ASCENDING)], name="email", unique=True),
        IndexModel([("holder_id", ASCENDING), ("created", DESCENDING)], name="of_holder"),
        IndexModel("person_id", name="person", partialFilterExpression={"person_id": {"$gt": 0}}),
        IndexModel("email", name="address"),
        IndexModel(
            "token_hash", name="token", unique=True, partialFilterExpression={"token_hash": {"$gt": ""}}
        ),
        IndexModel("mail_due", name="mail_due", sparse=True),
    )

    async def add_many(self, friendships: Sequence[tuple[Friendship, str | None]]) -> set[int]:
        """Keep these, each with its token's hash. The ids of those whose address the holder has named already."""
        try:
            await self._collection.insert_many([to_document(*each) for each in friendships], ordered=False)
        except BulkWriteError as error:
            problems = error.details["writeErrors"]
            if any(problem["code"] != DUPLICATE for problem in problems):
                raise
            return {friendships[problem["index"]][0].id for problem in problems}
        return set()

    async def find(self, holder_id: int, email: str) -> Friendship | None:
        return await self._one({"holder_id": holder_id, "email": email})

    async def with_token(self, token_hash: str) -> Friendship | None:
        return await self._one({"token_hash": token_hash})

    async def between(self, holder_id: int, person_id: int, email: str | None) -> list[Friendship]:
        """All under which this holder has named this person; `email` is the person's proven address."""
        cursor = self._collection.find({"holder_id": holder_id, **of_person(person_id, email)})
        return [from_document(found) for found in await cursor.to_list()]

    async def circle(self, holder_id: int) -> list[Friendship]:
        """Everybody who has accepted, and the grey list, the first first."""
        cursor = self._collection.find({"holder_id": holder_id, "status": Status.ACCEPTED.value}).sort("_id")
        return [from_document(found) for found in await cursor.to_list()]

    async def count_trusted(self, holder_id: int) -> int:
        return int(
            await self._collection.count_documents(
                {
                    "holder_id": holder_id,
                    "level": Level.TRUSTED_FRIEND.value,
                    "status": Status.ACCEPTED.value,
                    "person_id": {"$gt": 0},
                }
            )
        )

    async def of_holder(
        self, holder_id: int, *, level: Level | None, sort: Sort, skip: int, limit: int
    ) -> tuple[int, list[Friendship]]:
        """How many there are, and a page of them."""
        query: dict[str, Any] = {"holder_id": holder_id}
        if level is not None:
            query["level"] = level.value
        total, found = await self._page([{"$match": query}], sort, skip=skip, limit=limit)
        return total, [from_document(each) for each in found]

    async def followed(
        self, person_id: int, email: str | None, *, level: Level, sort: Sort, skip: int, limit: int
    ) -> tuple[int, list[Friendship]]:
        """How many people have named this person so, and a page of it.

        Whoever has put him on the grey list under any address is left out, and so is what he has rejected.
        """
        mine = of_person(person_id, email)
        grey = await self._collection.distinct("holder_id", {**mine, "level": Level.GREY_LIST.value})
        query = {
            **mine,
            "level": level.value,
            "status": {"$ne": Status.REJECTED.value},
            "holder_id": {"$nin": grey},
        }
        stages: list[dict[str, Any]] = [
            {"$match": query},
            _lookup("people", "holder", ("first_name", "last_name")),
            _lookup("circle_profiles", "profile", ("middle_name",)),
            {"$set": {"holder": {"$first": "$holder"}, "profile": {"$first": "$profile"}}},
            {"$set": {"holder.middle_name": "$profile.middle_name"}},
        ]
        total, found = await self._page(stages, sort, skip=skip, limit=limit)
        return total, [from_document(each) for each in found]

    async def answer(
        self, token_hash: str, status: Status, *, person_id: int | None, email: str | None, now: datetime
    ) -> Friendship | None:
        """Accept or reject with a token; of several answers the first one counts. Who is invited as trusted friend
        can accept only as the account of that address. None when there is nothing (left) to answer."""
        query: dict[str, Any] = {"token_hash": token_hash, "status": Status.PENDING.value}
        mine = of_person(person_id, email) if person_id is not None else None
        if status is Status.ACCEPTED:
            lifelink: dict[str, Any] = {"level": Level.LIFELINK.value}
            friend = {"level": Level.TRUSTED_FRIEND.value}
            query["$or"] = [lifelink, {"$and": [friend, mine]}] if mine is not None else [lifelink]
        settled: dict[str, Any] = {"status": status.value, "updated": now}
        if status is Status.ACCEPTED and person_id is not None:
            is_mine = {"$or": [{"$eq": ["$person_id", person_id]}, {"$eq": ["$email", {"$literal": email}]}]}
            settled["person_id"] = {"$ifNull": ["$person_id", {"$cond": [is_mine, person_id, "$$REMOVE"]}]}
        found = await self._collection.find_one_and_update(
            query, [{"$set": settled}], return_document=ReturnDocument.AFTER
        )
        return from_document(found) if found is not None else None

    async def change(
        self,
        seen: Friendship,
        *,
        names: Names | None = None,
        level: Level | None = None,
        status: Status | None = None,
        token_hash: str | None = None,
        mail_at: datetime | None = None,
        now: datetime,
    ) -> Friendship | None:
        """Change an invitation that is pending and as it was read, else None. `token_hash` takes the place of the
        old token's, and a level without one ends the token; `mail_at` says that a mail is due."""
        settled: dict[str, Any] = {"updated": now}
        gone: dict[str, str] = {}
        if names is not None:
            for name in NAMES:
                value = getattr(names, name)
                if value is None:
                    gone[name] = ""
                else:
                    settled[name] = value
        if level is not None:
            settled["level"] = level.value
            settled["invitation"] = seen.invitation + 1
            if token_hash is None:
                gone |= {"token_hash": "", "mail_due": ""}
            else:
                settled["token_hash"] = token_hash
        if status is not None:
            settled["status"] = status.value
        if mail_at is not None:
            settled |= {"mails": seen.mails + 1, "mail_due": mail_at, "invite_sent_at": mail_at}
        found = await self._collection.find_one_and_update(
            {
                "_id": seen.id,
                "status": Status.PENDING.value,
                "invitation": seen.invitation,
                "mails": seen.mails,
            },
            {"$set": settled, **({"$unset": gone} if gone else {})},
            return_document=ReturnDocument.AFTER,
        )
        return from_document(found) if found is not None else None

    async def owes_mail(self, friendship: Friendship) -> bool:
        """Whether the mail that was due is due still: he may have been taken out or put on the grey list since."""
        found = await self._collection.find_one(
            {"_id": friendship.id, "mails": friendship.mails, "mail_due": {"$exists": True}}, {"_id": 1}
        )
        return found is not None

    async def mailed(self, friendship: Friendship) -> None:
        """The mail that was due is in the outbox."""
        await self._collection.update_one(
            {"_id": friendship.id, "mails": friendship.mails}, {"$unset": {"mail_due": ""}}
        )

    async def unmailed(self, *, before: datetime, limit: int = 200) -> list[Friendship]:
        """Invitations whose mail is due since before then: a process died in between."""
        cursor = self._collection.find({"mail_due": {"$lte": before}}).limit(limit)
        return [from_document(found) for found in await cursor.to_list()]

    async def give_guest(self, friendship_id: int, guest_id: int) -> int | None:
        """Who stands for him in bookings: the one who does already, or else this one. None when it is gone."""
        found = await self._collection.find_one_and_update(
            {"_id": friendship_id},
            [{"$set": {"guest_id": {"$ifNull": ["$guest_id", guest_id]}}}],
            return_document=ReturnDocument.AFTER,
        )
        return int(found["guest_id"]) if found is not None else None

    async def remove(self, holder_id: int, email: str) -> Friendship | None:
        """Take out whom this holder has named under this address."""
        found = await self._collection.find_one_and_delete({"holder_id": holder_id, "email": email})
        return from_document(found) if found is not None else None

    async def leave(self, ids: Many[int]) -> int:
        """Take these out, but none that has been put on the grey list meanwhile."""
        result = await self._collection.delete_many(
            {"_id": {"$in": list(ids)}, "level": {"$ne": Level.GREY_LIST.value}}
        )
        return int(result.deleted_count)

    async def forget(self, person_id: int) -> None:
        """The account is closed: whom it had named, and where it was a trusted friend. Where it was named otherwise
        the address stays, for it was the holder who gave it."""
        await self._collection.delete_many({"holder_id": person_id})
        await self._collection.delete_many(
            {
                "person_id": person_id,
                "level": Level.TRUSTED_FRIEND.value,
                "status": Status.ACCEPTED.value,
            }
        )
        await self._collection.update_many({"person_id": person_id}, {"$unset": {"person_id": ""}})

    async def _page(
        self, stages: list[dict[str, Any]], sort: Sort, *, skip: int, limit: int
    ) -> tuple[int, list[dict[str, Any]]]:
        way = DESCENDING if sort.descending else ASCENDING
        if sort.field in PLAIN:
            keyed: list[dict[str, Any]] = [{"$sort": {sort.field: way, "_id": way}}]
        else:
            who = "$holder" if sort.of_holder else "$$ROOT"
            name: Any = FULL_NAME if sort.field == "full_name" else f"$$who.{sort.field}"
            key = {"$let": {"vars": {"who": who}, "in": {"$toLower": {"$ifNull": [name, ""]}}}}
            keyed = [{"$set": {"key": key}}, {"$sort": {"key": way, "_id": way}}]
        cursor = await self._collection.aggregate(
            [
                *stages,
                {
                    "$facet": {
                        "total": [{"$count": "n"}],
                        "page": [*keyed, {"$skip": skip}, {"$limit": limit}],
                    }
                },
            ]
        )
        found = (await cursor.to_list())[0]
        return (found["total"][0]["n"] if found["total"] else 0), found["page"]

    async def _one(self, query: dict[str, Any]) -> Friendship | None:
        found = await self._collection.find_one(query)
        return from_document(found) if found is not None else None


def _lookup(collection: str, name: str, fields: tuple[str, ...]) -> dict[str, Any]:
    return {
        "$lookup": {
            "from": collection,
            "localField": "holder_id",
            "foreignField": "_id",
            "pipeline": [{"$project": dict.fromkeys(fields, 1)}],
            "as": name,
        }
    }
