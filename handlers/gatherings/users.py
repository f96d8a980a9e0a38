"""Other people: by their ids, in one's contacts, and on one's blacklist."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.gatherings import request_bodies, response_bodies
from handlers.gatherings.base import GatheringsHandler
from thserver.domain.errors import NotFound


class Users(GatheringsHandler):
    """/api/users/?users=:id&users=:id"""

    @signed_in
    async def get(self) -> None:
        """Those of them who are here; unknown ids are left out."""
        ids = self.read_query(request_bodies.UsersQuery())["users"]
        self.reply(response_bodies.users(await self.services.visibility.seen_by_ids(self.me.id, ids)))


class User(GatheringsHandler):
    """/api/users/:id"""

    @signed_in
    async def get(self, user_id: str) -> None:
        seen = await self.services.visibility.seen_by_ids(self.me.id, [int(user_id)])
        if not seen:
            raise NotFound
        self.reply(response_bodies.user(seen[0]))


class Contacts(GatheringsHandler):
    """/api/contacts/"""

    @signed_in
    async def get(self) -> None:
        self.reply(response_bodies.users(await self.services.contacts.of(self.me)))

    @signed_in
    async def put(self) -> None:
        """Import numbers; the answer lists the people here who have them."""
        body = self.read(request_bodies.ContactsToAdd())
        self.reply(response_bodies.users(await self.services.contacts.add(self.me, **body)))

    @signed_in
    async def delete(self) -> None:
        body = self.read(request_bodies.ContactsToRemove())
        self.reply(response_bodies.users(await self.services.contacts.remove(self.me, **body)))


class Blacklist(GatheringsHandler):
    """/api/blacklist/"""

    @signed_in
    async def get(self) -> None:
        self.reply(response_bodies.users(await self.services.blacklist.of(self.me)))

    @signed_in
    async def put(self) -> None:
        user_id = self.read(request_bodies.OneUser())["user"]
        self.reply(response_bodies.users(await self.services.blacklist.add(self.me, user_id)))

    @signed_in
    async def delete(self) -> None:
        user_id = self.read(request_bodies.OneUser())["user"]
        self.reply(response_bodies.users(await self.services.blacklist.remove(self.me, user_id)))
