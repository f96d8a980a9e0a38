"""One's own account."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.gatherings import request_bodies, response_bodies
from handlers.gatherings.base import UploadHandler


class Account(UploadHandler):
    """/api/account/"""

    @signed_in
    async def get(self) -> None:
        self.reply(response_bodies.account(self.me))

    @signed_in
    async def patch(self) -> None:
        changes, avatar = await self.read_with_picture(
            request_bodies.AccountChanges(), "avatar", required=False
        )
        person = await self.services.own_account.change(self.me, changes, avatar)
        self.reply(response_bodies.account(person))

    @signed_in
    async def delete(self) -> None:
        await self.services.closing.close(self.me)
        self.reply(status=204)
