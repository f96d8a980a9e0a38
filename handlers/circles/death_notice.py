"""The notice of passing: what the account holder has written, and what his trusted friends do with it."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.circles import answers, request_bodies, response_bodies
from handlers.circles.base import CirclesHandler
from handlers.descriptions import described
from thserver.domain.death_notices import (
    AlreadyAuthorised,
    AlreadyInitiated,
    DetailsSent,
    NotATrustedFriend,
    NotAuthorised,
    NotInitiated,
    OwnInitiation,
    TooFewFriends,
)
from thserver.domain.errors import TimeTaken


class Info(CirclesHandler):
    """/api/v1/user/death_notice/info"""

    @signed_in
    @described(answers={200: answers.OwnNotice})
    async def get(self) -> None:
        """What one has written oneself."""
        said = await self.services.death_notices.setting(self.me)
        self.reply({"http_status_code": 200, "death_notice": response_bodies.setting(said)})


class Save(CirclesHandler):
    """/api/v1/user/death_notice/save"""

    failure = "Failed to save death notice"

    @signed_in
    @described(
        body=request_bodies.DeathNotice,
        under="death_notice",
        answers={200: answers.Done},
        refuses=(AlreadyAuthorised,),
    )
    async def post(self) -> None:
        """Write it."""
        said = request_bodies.setting_of(self.read())
        await self.services.death_notices.save(self.me, said)
        self.done("The death notice has been saved")


class Initiate(CirclesHandler):
    """/api/v1/user/death_notice/initiate"""

    failure = "Failed to initiate death notice"

    @signed_in
    @described(
        body=request_bodies.Initiation,
        under="initiation",
        answers={200: answers.Done},
        refuses=(NotATrustedFriend, TooFewFriends, AlreadyInitiated, AlreadyAuthorised),
    )
    async def post(self) -> None:
        """Say, as a trusted friend, that the account holder with this address has died."""
        body = self.read()
        await self.services.death_notices.initiate(
            self.me,
            email=body["email"],
            date_of_death=request_bodies.day_of(body),
            given=request_bodies.confirmations_of(body),
        )
        self.done("The death notice has been initiated")


class Authorise(CirclesHandler):
    """/api/v1/user/death_notice/authorise"""

    failure = "Failed to authorise death notice"

    @signed_in
    @described(
        body=request_bodies.Authorisation,
        under="authorisation",
        answers={200: answers.Done},
        refuses=(NotATrustedFriend, NotInitiated, OwnInitiation, AlreadyAuthorised),
    )
    async def post(self) -> None:
        """Confirm it as a second trusted friend."""
        body = self.read()
        await self.services.death_notices.authorise(
            self.me, email=body["email"], given=request_bodies.confirmations_of(body)
        )
        self.done("The death notice has been authorised")


class SendFuneralDetails(CirclesHandler):
    """/api/v1/user/death_notice/send_funeral_details"""

    failure = "Failed to send funeral details"

    @signed_in
    @described(
        body=request_bodies.FuneralDetails,
        under="funeral_details",
        answers={200: answers.Done},
        refuses=(NotATrustedFriend, NotAuthorised, DetailsSent, TimeTaken),
    )
    async def post(self) -> None:
        """Tell the circle, once, where and when; who cannot come may dial in."""
        body = self.read()
        await self.services.death_notices.send_funeral_details(
            self.me,
            email=body["email"],
            time=body["time"],
            location=body["location"],
            details=body.get("details"),
        )
        self.done("The funeral details have been sent")
