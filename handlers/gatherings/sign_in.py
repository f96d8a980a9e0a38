"""Signing in and up with a code that is texted."""

from __future__ import annotations

from typing import Any

from handlers.access import anyone
from handlers.bodies import FieldErrors
from handlers.descriptions import described
from handlers.gatherings import answers, request_bodies, response_bodies
from handlers.gatherings.base import GatheringsHandler, UploadHandler
from handlers.gatherings.dialect import DIALECT
from thserver.domain.errors import AlreadyExists, CarrierRefused, CodeDead, CodeWrong, NotFound, Throttled
from thserver.domain.media import Picture


class SendCode(GatheringsHandler):
    """/api/auth/code/"""

    @anyone
    @described(
        body=request_bodies.SendCode, answers={201: answers.IsNew}, refuses=(Throttled, CarrierRefused)
    )
    async def post(self) -> None:
        """Text a code to a number."""
        phone = self.read()["phone"]
        is_new = await self.services.phone_sign_in.text_code(phone, address=self.address)
        self.reply({"is_new": is_new}, status=201)


class ConfirmCode(UploadHandler):
    """/api/auth/users/: for who is here already, and with `is_new` for who is not."""

    @anyone
    @described(
        body=request_bodies.ConfirmCode,
        form=request_bodies.NewUser,
        files={"avatar": True},
        answers={201: answers.SignedIn},
        refuses=(NotFound, AlreadyExists, CodeWrong, CodeDead, Throttled),
    )
    async def post(self) -> None:
        """Sign in with the code; with `is_new`, sign up with a name and a picture."""
        door = self.services.phone_sign_in
        # Before the upload of a stranger is decoded.
        await door.check_address(self.address)
        body, picture = await self._read()
        if picture is None:
            person, token = await door.enter(body["phone"], body["code"], contract=DIALECT.name)
        else:
            person, token = await door.join(
                body["phone"], body["code"], name=body["name"], picture=picture, contract=DIALECT.name
            )
        self.reply(response_bodies.signed_in(person, token), status=201)

    async def _read(self) -> tuple[dict[str, Any], Picture | None]:
        """The fields; the picture only of somebody new, who must have one."""
        if self._says_new():
            return await self.read_with_picture("avatar", required=True)
        return self.read(), None

    def _says_new(self) -> bool:
        try:
            return bool(self.load(request_bodies.IsNew(), self.raw_body()).get("is_new"))
        except FieldErrors:
            return False  # Said together with whatever else is wrong.
