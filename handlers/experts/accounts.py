"""Accounts: registration, sign-in, one's own profile, proving a phone number."""

from __future__ import annotations

from handlers.access import anyone, signed_in
from handlers.descriptions import described
from handlers.experts import answers, request_bodies, response_bodies
from handlers.experts.base import ExpertsHandler, SignInHandler
from thserver.domain.errors import BadCredentials, CarrierRefused, CodeWrong
from thserver.services.codes import NEW_PHONE_DIGITS

CONTRACT = ExpertsHandler.dialect.name


class Register(SignInHandler):
    """/api/users/register/"""

    @anyone
    @described(body=request_bodies.Register, answers={201: answers.SignedIn})
    async def post(self) -> None:
        """A new account, signed in at once, with its first credit."""
        body = self.read()
        person, token = await self.services.usernames.register_by_name(**body, contract=CONTRACT)
        self.services.credits.welcome(person.id)
        self.reply(response_bodies.signed_in(person, token), status=201)


class Login(SignInHandler):
    """/api/users/login/"""

    @anyone
    @described(body=request_bodies.Login, answers={200: answers.SignedIn}, refuses=(BadCredentials,))
    async def post(self) -> None:
        """Sign in."""
        body = self.read()
        person, token = await self.services.usernames.enter(**body, contract=CONTRACT)
        self.reply(response_bodies.signed_in(person, token))


class Logout(ExpertsHandler):
    """/api/users/logout/"""

    @signed_in
    @described(answers={200: answers.Said})
    async def post(self) -> None:
        """End this sign-in; others of the same person go on."""
        await self.services.sign_in.sign_out(self.token or "")
        self.reply({"success": True, "message": "Logged out successfully"})


class Me(ExpertsHandler):
    """/api/users/me/"""

    @signed_in
    @described(answers={200: answers.Profile})
    async def get(self) -> None:
        """One's own profile."""
        self.reply(response_bodies.profile(self.me))

    @signed_in
    @described(body=request_bodies.ProfileChanges, answers={200: answers.Profile}, refuses=(CarrierRefused,))
    async def put(self) -> None:
        """Change what is sent; a new `phone` is texted its code."""
        changes = self.read()
        person = await self.services.people.change_profile(
            self.me, changes, address=self.address, phone_kind=NEW_PHONE_DIGITS
        )
        self.reply(response_bodies.profile(person))


class VerifyPhone(ExpertsHandler):
    """/api/users/verify-phone/"""

    @signed_in
    @described(body=request_bodies.VerifyPhone, answers={200: answers.Said}, refuses=(CodeWrong,))
    async def post(self) -> None:
        """Prove the number that the profile was given last."""
        code = self.read()["code"]
        await self.services.people.prove_phone(self.me, code, token=self.token, kind=NEW_PHONE_DIGITS)
        self.reply({"success": True, "message": "Phone verified successfully"})
