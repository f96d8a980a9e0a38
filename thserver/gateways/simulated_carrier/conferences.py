"""The rooms in which calls meet, their events in order, and the records that outlive them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from thserver.domain.ports import Clock
from thserver.gateways.simulated_carrier.calls import SimulatedCall
from thserver.gateways.simulated_carrier.webhooks import Callbacks, Posting, new_sid
from thserver.gateways.simulated_records import Records

KIND = "conference"
LABEL_IN_USE = 16025
LABEL_INVALID = 16023
ROOM_FULL = 16020
WANTED_AS = {
    "conference-start": "start",
    "conference-end": "end",
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-mute": "mute",
    "participant-unmute": "mute",
}


class NotLetIn(Exception):
    """A call was not added to the conference. `code` is the carrier's error code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        super().__init__(reason)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """The attributes of `<Conference>`; of the callback's, only the first participant's count."""

    room: str
    label: str = ""
    max_participants: int = 250
    start_on_enter: bool = True
    end_on_exit: bool = False
    beep: str = "true"
    muted: bool = False
    wait_url: str | None = None
    wait_method: str = "POST"
    callback_url: str = ""
    callback_method: str = "POST"
    callback_events: frozenset[str] = frozenset()


@dataclass(eq=False)
class Party:
    """One call in one conference. `left` is set when it is no longer there, for whatever reason."""

    call: SimulatedCall
    wish: Wish
    room: Room
    muted: bool = False
    left: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Room:
    sid: str
    name: str
    callback_url: str
    callback_method: str
    callback_events: frozenset[str]
    parties: list[Party] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    sequence_number: int = 0


class Rooms:
    """The conferences that are live now, by name."""

    def __init__(self, *, account_id: str, records: Records, clock: Clock, callbacks: Callbacks) -> None:
        self._account_id = account_id
        self._records = records
        self._clock = clock
        self._callbacks = callbacks
        self._live: dict[str, Room] = {}

    def close_forgotten(self) -> None:
        """Those that were live when the company went away: their lines dropped, and nobody was told."""
        for record in self._records.all(KIND):
            if record["status"] != "completed":
                now = self._clock.now().isoformat()
                for participant in record["participants"]:
                    participant["left_at"] = participant["left_at"] or now
                record.update(status="completed", updated_at=now, reason_ended="last-participant-left")
                self._records.put(KIND, record["sid"], record)

    def would_wait(self, wish: Wish) -> bool:
        """Whether a call that comes in now has to wait for the start."""
        room = self._live.get(wish.room)
        if room is None:
            return True
        starter = wish.start_on_enter or any(party.wish.start_on_enter for party in room.parties)
        return not (room.started.is_set() or starter)

    def join(self, call: SimulatedCall, wish: Wish) -> Party:
        """Raises NotLetIn: the room is full, or the label is bad or taken."""
        if len(wish.label) > 128 or "/" in unquote(wish.label) or re.fullmatch("CA[0-9a-f]{32}", wish.label):
            raise NotLetIn(LABEL_INVALID, "participant label is invalid")
        room = self._live.get(wish.room)
        if room is not None:
            if wish.label and any(party.wish.label == wish.label for party in room.parties):
                raise NotLetIn(LABEL_IN_USE, "participant label is in use")
            if len(room.parties) >= wish.max_participants:
                raise NotLetIn(ROOM_FULL, "the conference is full")
        else:
            room = Room(
                sid=new_sid("CF"),
                name=wish.room,
                callback_url=wish.callback_url,
                callback_method=wish.callback_method,
                callback_events=wish.callback_events,
            )
            self._live[wish.room] = room
            self._first_record(room)
        party = Party(call, wish, room, muted=wish.muted)
        room.parties.append(party)
        self._remember_join(party)
        call.happen("joined", room=room.name, conference_sid=room.sid)
        self._beep(room, wish, "onEnter")
        self._tell(room, "participant-join", self._of(party))
        if (
            not room.started.is_set()
            and len(room.parties) >= 2
            and any(party.wish.start_on_enter for party in room.parties)
        ):
            room.started.set()
            self._records.update(KIND, room.sid, status="in-progress", updated_at=self._now())
            self._tell(room, "conference-start", {})
        return party

    def leave(self, party: Party, *, kicked: bool = False) -> None:
        """Nothing happens when the party is not there any more."""
        room = party.room
        if party not in room.parties:
            return
        how = "kicked" if kicked else "left"
        self._let_out(party, "participant_updated_via_api" if kicked else "participant_hung_up")
        if party.wish.end_on_exit:
            for other in list(room.parties):
                self._let_out(other, "moderator_ended_conference")
            self._end(room, f"participant-with-end-conference-on-exit-{how}", party)
        elif not room.parties:
            self._end(room, f"last-participant-{how}", party)
        else:
            self._beep(room, party.wish, "onExit")

    def leave_everywhere(self, call: SimulatedCall) -> None:
        for room in list(self._live.values()):
            for party in [party for party in room.parties if party.call is call]:
                self.leave(party)

    def end(self, conference_sid: str) -> bool:
        """Hang everybody up. False when it is not live."""
        room = self._by_sid(conference_sid)
        if room is None:
            return False
        for party in list(room.parties):
            self._let_out(party, "conference_ended_via_api")
        self._end(room, "conference-ended-via-api", None)
        return True

    def is_live(self, conference_sid: str) -> bool:
        return self._by_sid(conference_sid) is not None

    def mute(self, conference_sid: str, call_sid: str, *, muted: bool) -> bool:
        """False when the call is not there."""
        room = self._by_sid(conference_sid)
        for party in room.parties if room else ():
            if party.call.sid == call_sid:
                if party.muted is not muted:
                    party.muted = muted
                    party.call.happen("muted" if muted else "unmuted")
                    self._tell(
                        party.room, "participant-mute" if muted else "participant-unmute", self._of(party)
                    )
                return True
        return False

    def say(self, conference_sid: str, text: str, *, language: str) -> None:
        room = self._by_sid(conference_sid)
        for party in room.parties if room else ():
            party.call.happen("said", text=text, language=language)

    def remove(self, conference_sid: str, call_sid: str) -> bool:
        room = self._by_sid(conference_sid)
        for party in room.parties if room else ():
            if party.call.sid == call_sid:
                self.leave(party, kicked=True)
                return True
        return False

    def _by_sid(self, conference_sid: str) -> Room | None:
        return next((room for room in self._live.values() if room.sid == conference_sid), None)

    def _let_out(self, party: Party, reason: str) -> None:
        room = party.room
        room.parties.remove(party)
        self._remember_leave(party, reason)
        self._tell(
            room,
            "participant-leave",
            {
                **self._of(party),
                "ParticipantCallStatus": party.call.status,
                "ReasonParticipantLeft": reason,
                "Reason": f"Participant left: {reason}",
            },
        )
        party.call.happen("left", room=room.name, reason=reason)
        party.left.set()

    def _end(self, room: Room, reason: str, by: Party | None) -> None:
        del self._live[room.name]
        self._records.update(KIND, room.sid, status="completed", updated_at=self._now(), reason_ended=reason)
        extra = {"ReasonConferenceEnded": reason, "Reason": f"Conference ended: {reason}"}
        if by is not None:
            extra |= {"CallSidEndingConference": by.call.sid}
            extra |= {"ParticipantLabelEndingConference": by.wish.label} if by.wish.label else {}
        self._tell(room, "conference-end", extra)

    def _tell(self, room: Room, event: str, extra: dict[str, str]) -> None:
        if not room.callback_url or WANTED_AS[event] not in room.callback_events:
            return
        room.sequence_number += 1
        params = {
            "ConferenceSid": room.sid,
            "FriendlyName": room.name,
            "AccountSid": self._account_id,
            "SequenceNumber": str(room.sequence_number),
            "Timestamp": format_datetime(self._clock.now()),
            "StatusCallbackEvent": event,
            **extra,
        }
        self._callbacks.post(room.sid, Posting(room.callback_url, params, room.callback_method))

    @staticmethod
    def _of(party: Party) -> dict[str, str]:
        def said(flag: bool) -> str:
            return "true" if flag else "false"

        return {
            "CallSid": party.call.sid,
            "Muted": said(party.muted),
            "Hold": "false",
            "Coaching": "false",
            "EndConferenceOnExit": said(party.wish.end_on_exit),
            "StartConferenceOnEnter": said(party.wish.start_on_enter),
            **({"ParticipantLabel": party.wish.label} if party.wish.label else {}),
        }

    @staticmethod
    def _beep(room: Room, wish: Wish, when: str) -> None:
        if wish.beep in ("true", when):
            for party in room.parties:
                party.call.happen("beep")

    def _now(self) -> str:
        return self._clock.now().isoformat()

    def _first_record(self, room: Room) -> None:
        now = self._now()
        record: dict[str, Any] = {
            "sid": room.sid,
            "room": room.name,
            "status": "init",
            "created_at": now,
            "updated_at": now,
            "reason_ended": None,
            "participants": [],
        }
        self._records.put(KIND, room.sid, record)

    def _remember_join(self, party: Party) -> None:
        entry = {
            "call_sid": party.call.sid,
            "label": party.wish.label,
            "joined_at": self._now(),
            "left_at": None,
            "reason": None,
        }
        record = self._records.get(KIND, party.room.sid) or {"participants": []}
        self._records.update(KIND, party.room.sid, participants=[*record["participants"], entry])

    def _remember_leave(self, party: Party, reason: str) -> None:
        record = self._records.get(KIND, party.room.sid) or {"participants": []}
        for entry in record["participants"]:
            if entry["call_sid"] == party.call.sid and entry["left_at"] is None:
                entry.update(left_at=self._now(), reason=reason)
        self._records.update(KIND, party.room.sid, participants=record["participants"])
