"""Other people: by their ids, in one's contacts, and on one's blacklist."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described, many
from handlers.gatherings import answers, request_bodies, response_bodies
from handlers.gatherings.base import GatheringsHandler
from thserver.domain.errors import NotFound


class Users(GatheringsHandler):
    """/api/users/?users=:id&users=:id"""

    @signed_in
    @described(query=request_bodies.UsersQuery, answers={200: many(answers.User)})
    async def get(self) -> None:
        """Those of them who are here; unknown ids are left out."""
        ids = self.read_query()["users"]
        self.reply(response_bodies.users(await self.services.visibility.seen_by_ids(self.me.id, ids)))


class User(GatheringsHandler):
    """/api/users/:id"""

    @signed_in
    @described(answers={200: answers.User})
    async def get(self, user_id: str) -> None:
        """One other person."""
        seen = await self.services.visibility.seen_by_ids(self.me.id, [int(user_id)])
        if not seen:
            raise NotFound
        self.reply(response_bodies.user(seen[0]))


class Contacts(GatheringsHandler):
    """/api/contacts/"""

    @signed_in
    @described(answers={200: many(answers.User)})
    async def get(self) -> None:
        """The people here whose numbers are in one's contacts."""
        self.reply(response_bodies.users(await self.services.contacts.of(self.me)))

    @signed_in
    @described(body=request_bodies.ContactsToAdd, answers={200: many(answers.User)})
    async def put(self) -> None:
        """Import numbers; the answer lists the people here who have them."""
        body = self.read()
        self.reply(response_bodies.users(await self.services.contacts.add(self.me, **body)))

    @signed_in
    @described(body=request_bodies.ContactsToRemove, answers={200: many(answers.User)})
    async def delete(self) -> None:
        """Take numbers out; the answer lists the people here who had them."""
        body = self.read()
        self.reply(response_bodies.users(await self.services.contacts.remove(self.me, **body)))


class Blacklist(GatheringsHandler):
    """/api/blacklist/"""

    @signed_in
    @described(answers={200: many(answers.User)})
    async def get(self) -> None:
        """The people on one's blacklist."""
        self.reply(response_bodies.users(await self.services.blacklist.of(self.me)))

    @signed_in
    @described(body=request_bodies.OneUser, answers={200: many(answers.User)})
    async def put(self) -> None:
        """Put somebody on it."""
        user_id = self.read()["user"]
        self.reply(response_bodies.users(await self.services.blacklist.add(self.me, user_id)))

    @signed_in
    @described(body=request_bodies.OneUser, answers={200: many(answers.User)})
    async def delete(self) -> None:
        """Take somebody off it."""
        user_id = self.read()["user"]
        self.reply(response_bodies.users(await self.services.blacklist.remove(self.me, user_id)))
