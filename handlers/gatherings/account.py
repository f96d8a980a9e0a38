"""One's own account."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described
from handlers.gatherings import answers, request_bodies, response_bodies
from handlers.gatherings.base import UploadHandler


class Account(UploadHandler):
    """/api/account/"""

    @signed_in
    @described(answers={200: answers.Account})
    async def get(self) -> None:
        """One's own account."""
        self.reply(response_bodies.account(self.me))

    @signed_in
    @described(body=request_bodies.AccountChanges, files={"avatar": False}, answers={200: answers.Account})
    async def patch(self) -> None:
        """Change the name, the picture, or who sees the number."""
        changes, avatar = await self.read_with_picture("avatar", required=False)
        person = await self.services.own_account.change(self.me, changes, avatar)
        self.reply(response_bodies.account(person))

    @signed_in
    @described(answers={204: None})
    async def delete(self) -> None:
        """Close the account."""
        await self.services.closing.close(self.me)
        self.reply(status=204)
