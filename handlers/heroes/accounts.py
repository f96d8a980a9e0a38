"""Accounts: phone tokens, registration, sign-in, the profile, passwords."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.heroes import response_bodies
from handlers.heroes.base import HeroesHandler


class Profile(HeroesHandler):
    """/api/v1/accounts/profile"""

    @signed_in
    async def get(self) -> None:
        """The user's own profile."""
        self.reply(response_bodies.profile(self.me))
