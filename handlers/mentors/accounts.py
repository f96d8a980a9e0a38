"""User endpoints: registering, signing in and out, one's own profile."""

from __future__ import annotations

from typing import Any

from handlers.access import anyone, signed_in
from handlers.base import MAX_BODY, MAX_UPLOAD
from handlers.mentors import request_bodies, response_bodies
from handlers.mentors.base import MentorsHandler
from thserver.services.codes import NEW_PHONE_DIGITS

CONTRACT = MentorsHandler.dialect.name


class Users(MentorsHandler):
    """/auth/users/"""

    @anyone
    async def post(self) -> None:
        body = self.read(request_bodies.NewUser())
        person = await self.services.usernames.register(**body, address=self.address)
        self.reply(response_bodies.new_user(person), status=201)


class Login(MentorsHandler):
    """/auth/token/login/"""

    @anyone
    async def post(self) -> None:
        body = self.read(request_bodies.Login())
        token = await self.services.usernames.log_in(**body, contract=CONTRACT, address=self.address)
        self.reply({"auth_token": token})


class Logout(MentorsHandler):
    """/auth/token/logout/"""

    @signed_in
    async def post(self) -> None:
        """End this sign-in; the token says which, whatever the body."""
        await self.services.sign_in.sign_out(self.token or "")
        self.reply(status=204)


class Profile(MentorsHandler):
    """/myprofile/"""

    max_body = MAX_UPLOAD + MAX_BODY

    @signed_in
    async def get(self) -> None:
        self.reply(response_bodies.profile(self.me))

    @signed_in
    async def patch(self) -> None:
        """Change what is given: as JSON, or as a form with a photo."""
        changes = self.read(request_bodies.ProfileChanges())
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
    async def post(self) -> None:
        """Prove the number that was texted a code; other sign-ins end."""
        code = self.read(request_bodies.Code())["code"]
        person = await self.services.people.prove_phone(
            self.me, code, token=self.token, kind=NEW_PHONE_DIGITS
        )
        self.reply(response_bodies.profile(person))
