"""What callers hear: every outcome has its step, and each step's whole document is fixed here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from thserver.domain import admissions
from thserver.domain.admissions import (
    Admission,
    CallerView,
    LiveConference,
    NothingScheduled,
    NotJoining,
    NotVerified,
    PinNeeded,
    PinReason,
    RoomInUse,
    RoomState,
    SeveralFit,
    Slot,
    Sorry,
    Stay,
    StillInUse,
    Summoned,
    TooEarly,
    TooManyTries,
    Tries,
    Waiting,
    Welcome,
)
from thserver.domain.bookings import Kind, State
from thserver.gateways import callback_overrides
from twiml import addresses, conversation

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
GUEST, HOST, THIRD = 5, 9, 12
BASE = "https://api.example.com"
OVERRIDES = "#rc=1&amp;rp=5xx,ct,rt&amp;ct=2000&amp;rt=5000"
CAM = CallerView(person_id=GUEST, first_name="Cam", timezone="America/Chicago")


def slot(
    *,
    starts: datetime = NOW + timedelta(minutes=5),
    present: tuple[int, ...] = (),
    kind: Kind = Kind.CALL,
    names: dict[int, str] | None = None,
    booking_id: int = 7,
) -> Slot:
    names = names or {GUEST: "Cam Newton", HOST: "Tom Brady"}
    live = LiveConference("CF1", booking_id, NOW, tuple(Stay(each, f"CA{each}") for each in present))
    return Slot(
        booking_id=booking_id,
        kind=kind,
        state=State.AGREED,
        host_id=HOST,
        people_ids=(HOST, *(each for each in names if each != HOST)),
        names=names,
        room="tom-brady",
        starts=starts,
        ends=starts + timedelta(minutes=30),
        room_state=RoomState(booking_id, NOW + timedelta(hours=1), live=live) if present else None,
    )


def welcome(**changes: Any) -> Welcome:
    return Welcome(
        caller=CAM,
        slot=slot(**changes),
        now=NOW,
        label="7-5-abc",
        longest=timedelta(hours=2),
    )


CONFERENCE = (
    '<Dial timeLimit="7200"><Conference beep="true" endConferenceOnExit="false" maxParticipants="{seats}"'
    ' participantLabel="7-5-abc" startConferenceOnEnter="true"'
    f' statusCallback="{BASE}/phone/conferences/7/events{OVERRIDES}"'
    ' statusCallbackEvent="start end join leave" statusCallbackMethod="POST" waitMethod="POST"'
    f' waitUrl="{BASE}/phone/wait/7/5{OVERRIDES}">tom-brady</Conference></Dial>'
    "<Say>This call has ended. If you were cut off, please dial again. Goodbye.</Say><Hangup />"
)
FOR_TWO = "<Say>Your time counts only while you are both on the line.</Say>"
HELLO = '<Pause length="1" /><Say>Hello Cam. It is 9:30 AM where you are.</Say>'
GATHER_PIN = (
    '<Gather action="' + BASE + "/phone/voice/pin/{number}" + OVERRIDES + '" actionOnEmptyResult="true"'
    ' finishOnKey="#" method="POST" numDigits="6" timeout="15">{said}</Gather>'
)
PLEASE = "<Say>Please enter the six digit PIN from your reminder, and then press pound.</Say>"


def gather_pin(said: str, number: int = 1) -> str:
    pause = '<Pause length="1" />' if number == 1 else ""
    return pause + GATHER_PIN.format(number=number, said=said)


EXPECTED: list[tuple[Admission, str]] = [
    (
        welcome(),
        HELLO
        + "<Say>You are about to talk with Tom Brady, who is not here yet. Please stay on the line.</Say>"
        + FOR_TWO
        + CONFERENCE.format(seats=2),
    ),
    (
        welcome(present=(HOST,)),
        HELLO
        + "<Say>You are about to talk with Tom Brady, who is on the line already.</Say>"
        + FOR_TWO
        + CONFERENCE.format(seats=2),
    ),
    (
        welcome(
            kind=Kind.GATHERING,
            present=(HOST,),
            names={GUEST: "Cam Newton", HOST: "Tom Brady", THIRD: "Ann Lee"},
        ),
        HELLO
        + "<Say>Tom Brady is on the line already. Ann Lee is not here yet.</Say>"
        + CONFERENCE.format(seats=50),
    ),
    (
        TooEarly(
            caller=CAM,
            slot=slot(starts=NOW + timedelta(minutes=35)),
            now=NOW,
            opens=NOW + timedelta(minutes=25),
        ),
        HELLO + "<Say>Your call with Tom Brady is today at 10:05 AM. "
        "You can dial in 25 minutes from now, at 9:55 AM.</Say><Say>Goodbye.</Say><Hangup />",
    ),
    (
        TooEarly(
            caller=CAM,
            slot=slot(starts=NOW + timedelta(days=3)),
            now=NOW,
            opens=NOW + timedelta(days=3, minutes=-10),
        ),
        HELLO + "<Say>Your call with Tom Brady is on Thursday, March 5, at 9:30 AM. "
        "You can dial in from 10 minutes before.</Say><Say>Goodbye.</Say><Hangup />",
    ),
    (
        RoomInUse(caller=CAM, slot=slot(), now=NOW, try_number=1),
        HELLO + "<Say>Your call with Tom Brady comes next. The call before it "
        "is still going on. Please hold on, and you will be let in as soon as it is over.</Say>"
        f'<Pause length="10" /><Redirect method="POST">{BASE}/phone/voice/hold/7/1{OVERRIDES}</Redirect>',
    ),
    (
        RoomInUse(caller=CAM, slot=slot(), now=NOW, try_number=2),
        f'<Pause length="10" /><Redirect method="POST">{BASE}/phone/voice/hold/7/2{OVERRIDES}</Redirect>',
    ),
    (
        RoomInUse(caller=CAM, slot=slot(), now=NOW, try_number=4),
        "<Say>The call before yours is still going on. Please hold on.</Say>"
        f'<Pause length="10" /><Redirect method="POST">{BASE}/phone/voice/hold/7/4{OVERRIDES}</Redirect>',
    ),
    (
        StillInUse(caller=CAM),
        "<Say>The call before yours is still going on, and we do not want to keep you waiting any longer. "
        "Please dial again in a few minutes. Goodbye.</Say><Hangup />",
    ),
    (
        SeveralFit(
            caller=CAM,
            slots=(
                slot(),
                slot(starts=NOW + timedelta(minutes=15), names={GUEST: "Cam Newton", HOST: "Ann Lee"}),
            ),
            now=NOW,
            try_number=1,
        ),
        HELLO
        + f'<Gather action="{BASE}/phone/voice/choice/1{OVERRIDES}" actionOnEmptyResult="true" method="POST"'
        ' numDigits="1" timeout="10"><Say>For your call with Tom Brady, at 9:35 AM, press 1. '
        "For your call with Ann Lee, at 9:45 AM, press 2.</Say></Gather>",
    ),
    (
        PinNeeded(reason=PinReason.UNKNOWN),
        gather_pin("<Say>Hello. We do not know the number that you are calling from.</Say>" + PLEASE),
    ),
    (
        PinNeeded(reason=PinReason.HIDDEN),
        gather_pin("<Say>Hello. Your number is hidden.</Say>" + PLEASE),
    ),
    (
        PinNeeded(reason=PinReason.UNATTESTED),
        gather_pin(
            "<Say>Hello. We could not make sure of the number that you are calling from.</Say>" + PLEASE
        ),
    ),
    (
        PinNeeded(reason=PinReason.WRONG, try_number=2),
        gather_pin(
            "<Say>That PIN is not right. Please try again. Enter six digits, and then press pound.</Say>", 2
        ),
    ),
    (
        PinNeeded(reason=PinReason.NOT_A_PIN, try_number=3),
        gather_pin(
            "<Say>We did not get six digits. Please enter your six digit PIN, and then press pound.</Say>", 3
        ),
    ),
    (
        NotVerified(),
        gather_pin(
            "<Say>Hello. The number that you are calling from has not been confirmed yet. "
            "You can confirm it with the code that we sent you.</Say>" + PLEASE
        ),
    ),
    (
        NothingScheduled(caller=CAM, now=NOW),
        HELLO + "<Say>You have no call at this time. "
        "When a time has been agreed on, dial this number again. Goodbye.</Say><Hangup />",
    ),
    (
        TooManyTries(tries=Tries.PIN),
        "<Say>That was not right either. Please look up the PIN in your reminder, and then dial again. "
        "Goodbye.</Say><Hangup />",
    ),
    (
        TooManyTries(tries=Tries.LOCKED),
        "<Say>There have been too many wrong PINs. Please dial from the phone that you registered with us, "
        "or try again in an hour. Goodbye.</Say><Hangup />",
    ),
    (
        TooManyTries(tries=Tries.CHOICE),
        "<Say>We did not understand which call you want. Please dial again. Goodbye.</Say><Hangup />",
    ),
    (
        Summoned(caller=CAM, slot=slot(present=(HOST,)), number=3),
        f'<Pause length="1" /><Gather action="{BASE}/phone/dial-out/7/5/3/key/1{OVERRIDES}"'
        ' actionOnEmptyResult="true" method="POST" numDigits="1" timeout="8"><Say>Hello Cam.</Say>'
        "<Say>This is Tech Heroes, about your call with Tom Brady, set for 9:35 AM. "
        "Tom Brady is on the line, waiting for you.</Say>"
        "<Say>To join now, press 1. If you cannot, just hang up.</Say></Gather>",
    ),
    (
        Summoned(caller=CAM, slot=slot(), number=3, try_number=2),
        f'<Pause length="1" /><Gather action="{BASE}/phone/dial-out/7/5/3/key/2{OVERRIDES}"'
        ' actionOnEmptyResult="true" method="POST" numDigits="1" timeout="8">'
        "<Say>To join now, press 1. If you cannot, just hang up.</Say></Gather>",
    ),
    (
        NotJoining(),
        "<Say>We got no answer, so you are not being connected. You can dial in with the number in your "
        "reminder. Goodbye.</Say><Hangup />",
    ),
    (
        Sorry(),
        '<Pause length="1" /><Say>We are sorry. Something is not working on our side just now. '
        "Please hang up and dial again in a minute. Goodbye.</Say><Hangup />",
    ),
]


def document(inside: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'


@pytest.mark.parametrize(
    ("outcome", "inside"), EXPECTED, ids=[f"{type(one).__name__}-{n}" for n, (one, _) in enumerate(EXPECTED)]
)
def test_each_outcome_is_told_in_exactly_these_words(outcome: Admission, inside: str) -> None:
    assert conversation.answer(outcome, BASE) == document(inside)


def test_every_outcome_of_a_ring_has_a_step_and_is_among_the_documents_above() -> None:
    outcomes = {
        each
        for each in vars(admissions).values()
        if isinstance(each, type) and issubclass(each, Admission) and each is not Admission
    }
    assert set(conversation.STEPS) == outcomes
    assert {type(outcome) for outcome, _ in EXPECTED} == outcomes
    assert {one.reason for one, _ in EXPECTED if isinstance(one, PinNeeded)} >= set(PinReason) - {
        PinReason.UNVERIFIED
    }
    assert {one.tries for one, _ in EXPECTED if isinstance(one, TooManyTries)} == set(Tries)


def test_who_waits_hears_for_whom_and_when() -> None:
    chicago = CAM.zone
    said = {
        Waiting(absent=("Tom Brady",), starts=NOW, zone=chicago, time_counts=True): (
            "Tom Brady is not here yet. Please stay on the line. Your call is set for 9:30 AM. "
            "Your time counts only while you are both on the line."
        ),
        Waiting(absent=("Tom Brady",)): "Tom Brady is not here yet. Please stay on the line.",
        Waiting(absent=("Tom Brady", "Ann Lee"), is_group=True): (
            "Nobody else is here yet. We are waiting for Tom Brady and Ann Lee."
        ),
        Waiting(): "Please stay on the line. The call begins as soon as somebody else is here.",
    }
    for outcome, sentence in said.items():
        assert conversation.wait(outcome, booking_id=7, person_id=5, base_url=BASE) == document(
            f'<Say>{sentence}</Say><Pause length="30" />'
            f'<Redirect method="POST">{BASE}/phone/wait/7/5{OVERRIDES}</Redirect>'
        )


@pytest.mark.parametrize("kind", Kind)
def test_only_who_pays_by_the_minute_hears_when_his_time_counts(kind: Kind) -> None:
    said = conversation.answer(welcome(kind=kind), BASE)
    assert ("time counts" in said.lower()) is (kind is Kind.CALL)


def test_both_ways_of_asking_the_phone_company_for_another_try_are_the_same() -> None:
    assert addresses.CONNECTION_OVERRIDES == callback_overrides.CONNECTION_OVERRIDES


HOSTILE = [
    "</Say><Dial>+1900555</Dial><Say>",
    "]]>",
    "a\x00b\x07c",
    "\u202eesrever\u2066",
    "\ud800",
    "\U0001f600" * 1600,
    '{"$gt":""}',
    "&lt;&amp;\"'",
    "\n\t  ",
    "",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_only_ever_read_out(name: str) -> None:
    cam = CallerView(person_id=GUEST, first_name=name, timezone="UTC")
    names = {GUEST: "Cam", HOST: name, THIRD: name}
    heard = slot(names=names, kind=Kind.GATHERING)
    for outcome in (
        Welcome(caller=cam, slot=heard, now=NOW, label="x", longest=timedelta(hours=1)),
        TooEarly(caller=cam, slot=heard, now=NOW, opens=NOW),
        RoomInUse(caller=cam, slot=heard, now=NOW, try_number=1),
        SeveralFit(caller=cam, slots=(heard, heard), now=NOW, try_number=1),
        NothingScheduled(caller=cam, now=NOW),
    ):
        twiml = conversation.answer(outcome, BASE)
        root = ElementTree.fromstring(twiml.encode())
        verbs = {element.tag for element in root.iter()}
        assert verbs <= {"Response", "Pause", "Say", "Dial", "Conference", "Redirect", "Gather", "Hangup"}
        assert len(list(root.iter("Dial"))) <= 1
        assert len(twiml) < 3000
    ElementTree.fromstring(
        conversation.wait(Waiting(absent=(name, name)), booking_id=1, person_id=2, base_url=BASE).encode()
    )


def test_many_names_are_not_all_read_out() -> None:
    names = {HOST: "Tom Brady", GUEST: "Cam Newton", **{n: f"Guest {n}" for n in range(20, 40)}}
    twiml = conversation.answer(welcome(kind=Kind.GATHERING, names=names), BASE)
    assert "You are meeting Tom Brady, Guest 20, Guest 21, and 18 others. Nobody else is here yet." in twiml
