"""Accounts: phone tokens, registration, sign-in, the profile, passwords."""

from __future__ import annotations

from handlers.access import anyone, signed_in
from handlers.heroes import request_bodies, response_bodies
from handlers.heroes.base import HeroesHandler

CONTRACT = HeroesHandler.dialect.name


class PhoneToken(HeroesHandler):
    """/api/v1/accounts/phone-token"""

    @anyone
    async def post(self) -> None:
        """Text a code to a number that is about to be registered; the answer shows it under DEBUG only."""
        phone = self.read(request_bodies.PhoneToken())["phone"]
        code = await self.services.people.text_registration_code(phone, address=self.address)
        self.reply({"phone_token": code}, status=201)


class Register(HeroesHandler):
    """/api/v1/accounts/register"""

    @anyone
    async def post(self) -> None:
        body = self.read(request_bodies.Register())
        person, token = await self.services.people.register(**body, contract=CONTRACT, address=self.address)
        self.reply(response_bodies.signed_in_profile(person, token), status=201)


class Login(HeroesHandler):
    """/api/v1/accounts/login"""

    @anyone
    async def post(self) -> None:
        body = self.read(request_bodies.Login())
        person, token = await self.services.people.log_in(**body, contract=CONTRACT, address=self.address)
        self.reply(response_bodies.signed_in_profile(person, token))


class Logout(HeroesHandler):
    """/api/v1/accounts/logout"""

    @signed_in
    async def delete(self) -> None:
        """End this sign-in; others of the same person go on."""
        await self.services.sign_in.sign_out(self.token or "")
        self.reply(status=204)


class Profile(HeroesHandler):
    """/api/v1/accounts/profile"""

    @signed_in
    async def get(self) -> None:
        """The user's own profile."""
        self.reply(response_bodies.profile(self.me))

    @signed_in
    async def patch(self) -> None:
        changes = self.read(request_bodies.ProfileChanges())
        person = await self.services.people.change_profile(self.me, changes, address=self.address)
        self.reply(response_bodies.profile(person))


class VerifyEmail(HeroesHandler):
    """/api/v1/accounts/verify-email"""

    @signed_in
    async def post(self) -> None:
        token = self.read(request_bodies.VerifyEmail())["token"]
        self.reply(response_bodies.profile(await self.services.people.prove_email(self.me, token)))


class VerifyPhone(HeroesHandler):
    """/api/v1/accounts/verify-phone"""

    @signed_in
    async def post(self) -> None:
        code = self.read(request_bodies.VerifyPhone())["token"]
        person = await self.services.people.prove_phone(self.me, code, token=self.token)
        self.reply(response_bodies.profile(person))


class ChangePassword(HeroesHandler):
    """/api/v1/accounts/change-password"""

    @signed_in
    async def post(self) -> None:
        body = self.read(request_bodies.ChangePassword())
        await self.services.passwords.change(
            self.me,
            old=body["old_password"],
            new=body["new_password"],
            token=self.token,
            address=self.address,
        )
        self.reply_empty()


class RequestPassword(HeroesHandler):
    """/api/v1/accounts/request-password"""

    @anyone
    async def post(self) -> None:
        email = self.read(request_bodies.RequestPassword())["email"]
        await self.services.passwords.mail_reset(email, address=self.address)
        self.reply({"detail": "A reset code has been sent to your email address."})


class ResetPassword(HeroesHandler):
    """/api/v1/accounts/reset-password"""

    @anyone
    async def post(self) -> None:
        body = self.read(request_bodies.ResetPassword())
        person, token = await self.services.passwords.reset(
            body["token"], body["new_password"], contract=CONTRACT, address=self.address
        )
        self.reply(response_bodies.signed_in_profile(person, token))


class GetTime(HeroesHandler):
    """/api/v1/accounts/get-time"""

    @signed_in
    async def post(self) -> None:
        body = self.read(request_bodies.GetTime())
        local = await self.services.people.local_time(body["user_id"], body["utc_datetime"])
        self.reply({"user_local_datetime": response_bodies.wall_clock(local)})
