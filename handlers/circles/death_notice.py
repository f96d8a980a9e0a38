"""The notice of passing: what the account holder has written, and what his trusted friends do with it."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.circles import request_bodies, response_bodies
from handlers.circles.base import CirclesHandler


class Info(CirclesHandler):
    """/api/v1/user/death_notice/info"""

    @signed_in
    async def get(self) -> None:
        said = await self.services.death_notices.setting(self.me)
        self.reply({"http_status_code": 200, "death_notice": response_bodies.setting(said)})


class Save(CirclesHandler):
    """/api/v1/user/death_notice/save"""

    failure = "Failed to save death notice"

    @signed_in
    async def post(self) -> None:
        said = request_bodies.setting_of(self.section("death_notice", request_bodies.DeathNotice()))
        await self.services.death_notices.save(self.me, said)
        self.done("The death notice has been saved")


class Initiate(CirclesHandler):
    """/api/v1/user/death_notice/initiate"""

    failure = "Failed to initiate death notice"

    @signed_in
    async def post(self) -> None:
        body = self.section("initiation", request_bodies.Initiation())
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
    async def post(self) -> None:
        body = self.section("authorisation", request_bodies.Authorisation())
        await self.services.death_notices.authorise(
            self.me, email=body["email"], given=request_bodies.confirmations_of(body)
        )
        self.done("The death notice has been authorised")


class SendFuneralDetails(CirclesHandler):
    """/api/v1/user/death_notice/send_funeral_details"""

    failure = "Failed to send funeral details"

    @signed_in
    async def post(self) -> None:
        body = self.section("funeral_details", request_bodies.FuneralDetails())
        await self.services.death_notices.send_funeral_details(
            self.me,
            email=body["email"],
            time=body["time"],
            location=body["location"],
            details=body.get("details"),
        )
        self.done("The funeral details have been sent")
