"""One's own profile, and closing the account."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.bodies import MAX_BODY, MAX_UPLOAD
from handlers.circles import answers, request_bodies, response_bodies
from handlers.circles.base import CirclesHandler
from handlers.descriptions import described
from thserver.domain.circles import WrongPassword
from thserver.domain.errors import Throttled

AVATAR = ("user[avatar]", "avatar")


class Me(CirclesHandler):
    """/api/v1/user/profile/me"""

    @signed_in
    @described(answers={200: answers.OwnProfile})
    async def get(self) -> None:
        """One's own profile."""
        known = await self.services.circle_accounts.profile(self.me)
        self.reply({"http_status_code": 200, "user": response_bodies.profile(self.me, known)})


class Update(CirclesHandler):
    """/api/v1/user/profile/update"""

    failure = "Failed to update profile. Please check for form errors"
    max_body = MAX_UPLOAD + MAX_BODY

    @signed_in
    @described(
        body=request_bodies.Profile,
        under="user",
        form=request_bodies.ProfileForm,
        files={AVATAR[0]: False},
        answers={200: answers.OwnProfile},
        refuses=(Throttled,),
    )
    async def post(self) -> None:
        """Change one's own profile, the whole of it; as a form it may carry a picture."""
        body = self.read()
        if "last_name" in body:
            body["last_name"] = body["last_name"] or ""
        person, known = await self.services.circle_accounts.update_profile(
            self.me, body, avatar=self.avatar(), address=self.address
        )
        self.reply({"http_status_code": 200, "user": response_bodies.profile(person, known)})

    def avatar(self) -> bytes | None:
        for name in AVATAR:
            for file in self.request.files.get(name, []):
                return file.body
        return None


class CloseAccount(CirclesHandler):
    """/api/v1/user/profile/close_account"""

    @signed_in
    @described(
        body=request_bodies.OwnPassword, answers={200: answers.Done}, refuses=(WrongPassword, Throttled)
    )
    async def post(self) -> None:
        """Close the account; the password may stand under `user` as well."""
        parameters = self.parameters()
        user = parameters.get("user")
        given = parameters.get("password", user.get("password") if isinstance(user, dict) else None)
        # Whatever is no password is a wrong one.
        if not isinstance(given, str):
            raise WrongPassword
        await self.services.circle_accounts.close(self.me, given, address=self.address)
        self.done("You account has been closed. Thank you for use DSRT")
