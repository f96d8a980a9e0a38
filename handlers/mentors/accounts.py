"""User endpoints: registering, signing in and out, one's own profile."""

from __future__ import annotations

from typing import Any

from handlers.access import anyone, signed_in
from handlers.bodies import MAX_BODY, MAX_UPLOAD
from handlers.descriptions import described
from handlers.mentors import answers, request_bodies, response_bodies
from handlers.mentors.base import MentorsHandler
from thserver.domain.errors import BadCredentials, CarrierRefused, CodeWrong, Throttled
from thserver.services.codes import NEW_PHONE_DIGITS

CONTRACT = MentorsHandler.dialect.name


class Users(MentorsHandler):
    """/auth/users/"""

    @anyone
    @described(body=request_bodies.NewUser, answers={201: answers.NewUser}, refuses=(Throttled,))
    async def post(self) -> None:
        """Register."""
        body = self.read()
        person = await self.services.usernames.register(**body, address=self.address)
        self.reply(response_bodies.new_user(person), status=201)


class Login(MentorsHandler):
    """/auth/token/login/"""

    @anyone
    @described(
        body=request_bodies.Login, answers={200: answers.AuthToken}, refuses=(BadCredentials, Throttled)
    )
    async def post(self) -> None:
        """Sign in."""
        body = self.read()
        token = await self.services.usernames.log_in(**body, contract=CONTRACT, address=self.address)
        self.reply({"auth_token": token})


class Logout(MentorsHandler):
    """/auth/token/logout/"""

    @signed_in
    @described(answers={204: None})
    async def post(self) -> None:
        """End this sign-in; the token says which, whatever the body."""
        await self.services.sign_in.sign_out(self.token or "")
        self.reply(status=204)


class Profile(MentorsHandler):
    """/myprofile/"""

    max_body = MAX_UPLOAD + MAX_BODY

    @signed_in
    @described(answers={200: answers.Profile})
    async def get(self) -> None:
        """One's own profile."""
        self.reply(response_bodies.profile(self.me))

    @signed_in
    @described(
        body=request_bodies.ProfileChanges,
        form=request_bodies.ProfileFields,
        files={"profile_photo": False},
        answers={200: answers.Profile},
        refuses=(Throttled, CarrierRefused),
    )
    async def patch(self) -> None:
        """Change what is given: as JSON, or as a form with a photo."""
        changes = self.read()
        person = await self.services.usernames.change_profile(self.me, changes, address=self.address)
        self.reply(response_bodies.profile(person))

    def raw_body(self) -> dict[str, Any]:
        body = super().raw_body()
        if uploads := self.request.files.get("profile_photo"):
            body["profile_photo"] = uploads[-1].body
        elif body.get("profile_photo") == "" and self.request.body_arguments:
            # A form in which no file was chosen.
            del body["profile_photo"]
        return body


class VerifyPhone(MentorsHandler):
    """/myprofile/verify-phone/"""

    @signed_in
    @described(body=request_bodies.Code, answers={200: answers.Profile}, refuses=(CodeWrong, Throttled))
    async def post(self) -> None:
        """Prove the number that was texted a code; other sign-ins end."""
        code = self.read()["code"]
        person = await self.services.people.prove_phone(
            self.me, code, token=self.token, kind=NEW_PHONE_DIGITS
        )
        self.reply(response_bodies.profile(person))
