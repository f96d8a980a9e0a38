"""Accounts: phone tokens, registration, sign-in, the profile, passwords."""

from __future__ import annotations

from handlers.access import anyone, signed_in
from handlers.descriptions import described
from handlers.heroes import answers, request_bodies, response_bodies
from handlers.heroes.base import HeroesHandler
from thserver.domain.errors import (
    AlreadyExists,
    BadCredentials,
    CarrierRefused,
    CodeStillGood,
    CodeWrong,
    NotFound,
    Throttled,
    TokenNotFound,
)

CONTRACT = HeroesHandler.dialect.name


class PhoneToken(HeroesHandler):
    """/api/v1/accounts/phone-token"""

    @anyone
    @described(
        body=request_bodies.PhoneToken,
        answers={201: answers.PhoneToken},
        refuses=(CodeStillGood, Throttled, CarrierRefused),
    )
    async def post(self) -> None:
        """Text a code to a number that is about to be registered; the answer shows it under DEBUG only."""
        phone = self.read()["phone"]
        code = await self.services.people.text_registration_code(phone, address=self.address)
        self.reply({"phone_token": code}, status=201)


class Register(HeroesHandler):
    """/api/v1/accounts/register"""

    @anyone
    @described(
        body=request_bodies.Register,
        answers={201: answers.SignedInProfile},
        refuses=(AlreadyExists, Throttled),
    )
    async def post(self) -> None:
        """Make an account for a number that was texted a phone token, and sign in."""
        body = self.read()
        person, token = await self.services.people.register(**body, contract=CONTRACT, address=self.address)
        self.reply(response_bodies.signed_in_profile(person, token), status=201)


class Login(HeroesHandler):
    """/api/v1/accounts/login"""

    @anyone
    @described(
        body=request_bodies.Login, answers={200: answers.SignedInProfile}, refuses=(BadCredentials, Throttled)
    )
    async def post(self) -> None:
        """Sign in with address and password."""
        body = self.read()
        person, token = await self.services.people.log_in(**body, contract=CONTRACT, address=self.address)
        self.reply(response_bodies.signed_in_profile(person, token))


class Logout(HeroesHandler):
    """/api/v1/accounts/logout"""

    @signed_in
    @described(answers={204: None})
    async def delete(self) -> None:
        """End this sign-in; others of the same person go on."""
        await self.services.sign_in.sign_out(self.token or "")
        self.reply(status=204)


class Profile(HeroesHandler):
    """/api/v1/accounts/profile"""

    @signed_in
    @described(answers={200: answers.Profile})
    async def get(self) -> None:
        """The user's own profile."""
        self.reply(response_bodies.profile(self.me))

    @signed_in
    @described(
        body=request_bodies.ProfileChanges,
        answers={200: answers.Profile},
        refuses=(CodeStillGood, Throttled, CarrierRefused),
    )
    async def patch(self) -> None:
        """Change what is given; a new address or number waits until it is proven."""
        changes = self.read()
        person = await self.services.people.change_profile(self.me, changes, address=self.address)
        self.reply(response_bodies.profile(person))


class VerifyEmail(HeroesHandler):
    """/api/v1/accounts/verify-email"""

    @signed_in
    @described(body=request_bodies.VerifyEmail, answers={200: answers.Profile}, refuses=(TokenNotFound,))
    async def post(self) -> None:
        """Prove the address with the token that was mailed to it."""
        token = self.read()["token"]
        self.reply(response_bodies.profile(await self.services.people.prove_email(self.me, token)))


class VerifyPhone(HeroesHandler):
    """/api/v1/accounts/verify-phone"""

    @signed_in
    @described(
        body=request_bodies.VerifyPhone, answers={200: answers.Profile}, refuses=(CodeWrong, Throttled)
    )
    async def post(self) -> None:
        """Prove the number with the code that was texted to it."""
        code = self.read()["token"]
        person = await self.services.people.prove_phone(self.me, code, token=self.token)
        self.reply(response_bodies.profile(person))


class ChangePassword(HeroesHandler):
    """/api/v1/accounts/change-password"""

    @signed_in
    @described(body=request_bodies.ChangePassword, answers={200: None}, refuses=(Throttled,))
    async def post(self) -> None:
        """Set a new password; other sign-ins end."""
        body = self.read()
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
    @described(
        body=request_bodies.RequestPassword, answers={200: answers.Detail}, refuses=(NotFound, Throttled)
    )
    async def post(self) -> None:
        """Mail a token with which a forgotten password is set anew."""
        email = self.read()["email"]
        await self.services.passwords.mail_reset(email, address=self.address)
        self.reply({"detail": "A reset code has been sent to your email address."})


class ResetPassword(HeroesHandler):
    """/api/v1/accounts/reset-password"""

    @anyone
    @described(
        body=request_bodies.ResetPassword,
        answers={200: answers.SignedInProfile},
        refuses=(TokenNotFound, Throttled),
    )
    async def post(self) -> None:
        """Set a new password with the token that was mailed, and sign in."""
        body = self.read()
        person, token = await self.services.passwords.reset(
            body["token"], body["new_password"], contract=CONTRACT, address=self.address
        )
        self.reply(response_bodies.signed_in_profile(person, token))


class GetTime(HeroesHandler):
    """/api/v1/accounts/get-time"""

    @signed_in
    @described(body=request_bodies.GetTime, answers={200: answers.UserLocalTime})
    async def post(self) -> None:
        """What another user's clock shows at a moment."""
        body = self.read()
        local = await self.services.people.local_time(body["user_id"], body["utc_datetime"])
        self.reply({"user_local_datetime": response_bodies.wall_clock(local)})
