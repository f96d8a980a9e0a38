"""/console/rooms: who is on the line, who is awaited, who left and why, and what can be done about it.

A form that is sent without a script comes back to the page; one sent by a script gets JSON.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from handlers.access import console
from handlers.base import Handler
from handlers.console.base import ConsoleApi, ConsolePage
from handlers.console.room_words import DONE, KINDS, how_called, how_gone
from handlers.fields import Body, Text, utc_text
from thserver.services.live_rooms import LONGEST_ANNOUNCEMENT, LiveRoom, Overview

CONFERENCE = r"(CF[0-9A-Za-z]{1,64})"
CALL = r"(CA[0-9A-Za-z]{1,64})"


class AnnounceForm(Body):
    sentence = Text(required=True, longest=LONGEST_ANNOUNCEMENT)


class RoomsPage(ConsolePage):
    here = "/console/rooms"

    @console
    async def get(self) -> None:
        self.show(
            "rooms.html",
            overview=await self.services.live_rooms.overview(),
            notice=DONE.get(self.get_query_argument("done", ""), ""),
            how_gone=how_gone,
            how_called=how_called,
            kinds=KINDS,
            longest=LONGEST_ANNOUNCEMENT,
        )


class RoomsJson(ConsoleApi):
    """GET /console/api/rooms: the same as JSON; numbers masked as on the page."""

    @console
    async def get(self) -> None:
        self.reply(as_json(await self.services.live_rooms.overview()))


class RoomAction(ConsolePage):
    here = "/console/rooms"

    async def done(self, what: str, doing: Awaitable[None]) -> None:
        await doing
        if self.wants_json:
            self.reply({"detail": DONE[what]})
        else:
            self.redirect(f"/console/rooms?done={what}", status=303)


class Mute(RoomAction):
    @console
    async def post(self, conference_sid: str, call_sid: str, what: str) -> None:
        muted = what == "mute"
        await self.done(
            what, self.services.live_rooms.mute(self.actor, conference_sid, call_sid, muted=muted)
        )


class Remove(RoomAction):
    @console
    async def post(self, conference_sid: str, call_sid: str) -> None:
        await self.done("remove", self.services.live_rooms.remove(self.actor, conference_sid, call_sid))


class Announce(RoomAction):
    @console
    async def post(self, conference_sid: str) -> None:
        sentence = self.read(AnnounceForm())["sentence"]
        await self.done("announce", self.services.live_rooms.announce(self.actor, conference_sid, sentence))


class End(RoomAction):
    @console
    async def post(self, conference_sid: str) -> None:
        await self.done("end", self.services.live_rooms.end(self.actor, conference_sid))


class CallPerson(RoomAction):
    @console
    async def post(self, conference_sid: str, person_id: str) -> None:
        await self.done("call", self.services.live_rooms.call(self.actor, conference_sid, int(person_id)))


def as_json(overview: Overview) -> dict[str, Any]:
    return {
        name: [_room(room) for room in getattr(overview, name)] for name in ("live", "expected", "recent")
    }


def _room(room: LiveRoom) -> dict[str, Any]:
    def moment(name: str) -> str | None:
        found = getattr(room, name)
        return utc_text(found, 0) if found is not None else None

    return {
        "conference_sid": room.conference_sid,
        "booking_id": room.booking_id,
        "kind": room.kind.value,
        "host": room.host,
        **{name: moment(name) for name in ("starts", "ends", "created", "started", "ended")},
        "on_line": [
            {
                "call_sid": each.call_sid,
                "person_id": each.person_id,
                "name": each.name,
                "number_ends": each.number[-4:],
                "since": utc_text(each.since, 0),
                "muted": each.muted,
            }
            for each in room.on_line
        ],
        "missing": [
            {
                "person_id": each.person_id,
                "name": each.name,
                "left": utc_text(each.left, 0) if each.left is not None else None,
                "why": how_gone(each),
                "call": how_called(each),
            }
            for each in room.missing
        ],
    }


ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/console/rooms/?", RoomsPage),
    (r"/console/api/rooms/?", RoomsJson),
    (rf"/console/rooms/{CONFERENCE}/participants/{CALL}/(mute|unmute)", Mute),
    (rf"/console/rooms/{CONFERENCE}/participants/{CALL}/remove", Remove),
    (rf"/console/rooms/{CONFERENCE}/announce", Announce),
    (rf"/console/rooms/{CONFERENCE}/end", End),
    (rf"/console/rooms/{CONFERENCE}/call/([0-9]{{1,15}})", CallPerson),
]
