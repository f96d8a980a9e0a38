"""The moments of a booking's story in plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from thserver.domain import ledger
from thserver.domain.bookings import Kind
from thserver.domain.outbox import OutboxRow, OutboxState
from thserver.services.call_story import Moment, Story
from thserver.wording import times
from thserver.wording.letters import dollars
from thserver.wording.reasons import in_words

KINDS = {
    Kind.CALL: "Call",
    Kind.SESSION: "Session",
    Kind.MEETING: "Meeting",
    Kind.GATHERING: "Gathering",
    Kind.MEMORIAL: "Memorial",
}
# What happened to a booking, as a sentence about whoever did it.
HAPPENED = {
    "requested": "asked for it",
    "accepted": "accepted",
    "new_times": "offered other times",
    "agreed": "agreed",
    "declined": "declined",
    "cancelled": "cancelled",
    "invited": "was invited",
    "time_set": "set the time",
    "left": "left it",
}
BY_ITSELF = {
    "agreed": "Agreed",
    "cancelled": "Cancelled",
    "lapsed": "Nobody answered in time, so the request ended",
    "held": "It took place",
    "missed": "The time passed without both on the line",
}
OUTCOMES = {
    "Welcome": "was let into the room",
    "TooEarly": "was too early and was told when to call",
    "RoomInUse": "held, because the call before was still on",
    "StillInUse": "had held long enough and was told to call later",
    "SeveralFit": "was asked which booking it was about",
    "PinNeeded": "was asked for the PIN",
    "NotVerified": "was asked for the PIN, because the number is not confirmed",
    "NothingScheduled": "has nothing scheduled now",
    "TooManyTries": "had no tries left",
    "Summoned": "was asked to press a key to join",
    "NotJoining": "pressed no key",
    "Sorry": "heard that something is wrong on our side",
}
# The steps of a call that we make begin so.
DIAL_OUT = "dial-out"
PURPOSES = {
    "code": "Code",
    "account": "About the account",
    "reminder": "Reminder",
    "receipt": "Receipt",
    "notice": "Notice",
}
SAID = {
    OutboxState.WAITING: "waits to be sent",
    OutboxState.SENDING: "is being sent",
    OutboxState.DONE: "sent",
    OutboxState.FAILED: "was refused",
    OutboxState.UNKNOWN: "may have been sent: the carrier is asked",
    OutboxState.SUPPRESSED: "was not sent on purpose",
    OutboxState.MISSED: "came too late to be of use",
    OutboxState.DEAD: "was given up after many tries",
}
ENTRIES = {
    "billed": "Entered as owed",
    "paid": "Entered as paid",
    "refunded": "Entered as given back",
    "refund_failed": "Entered: what was given back did not arrive",
    "dispute_lost": "Entered: the bank took it back",
    "dispute_won": "Entered: the bank gave it again",
}
CREDITS = {
    "hold": "A credit is held for the meeting",
    "release": "The held credit went back",
    "settle": "The credit was settled",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A moment as it is read: its number, when, what in a sentence, more about it, and a mark for trouble."""

    number: int
    at: datetime
    says: str
    more: str
    trouble: bool


class Teller:
    """Words what happened, with everybody's names and times in one zone."""

    def __init__(self, story: Story, zone: tzinfo) -> None:
        self._story = story
        self._zone = zone

    def name(self, person_id: int | None) -> str:
        if person_id is None:
            return "Somebody"
        person = self._story.people.get(person_id)
        return (person.full_name if person is not None else "") or f"Person {person_id}"

    def told(self) -> list[Told]:
        found = []
        for number, moment in enumerate(self._story.moments, start=1):
            says, more, trouble = self._words(moment)
            found.append(Told(number, moment.at, says, more, trouble))
        return found

    def _words(self, moment: Moment) -> tuple[str, str, bool]:
        teller: Callable[[Moment], tuple[str, str, bool]] | None = {
            "text": self._outbox,
            "letter": self._outbox,
            "rang": self._ring,
            "joined": lambda _: (f"{self.name(moment.person_id)} came on the line", "", False),
            "left": lambda _: (f"{self.name(moment.person_id)} left the line", "", False),
            "conference_started": lambda _: ("The conference began", "", False),
            "conference_ended": lambda _: ("The conference ended", "", False),
            "billed": self._billed,
            "charged": self._charged,
            "entered": self._entered,
            "refund_asked": self._refund,
            "credits": self._credits,
        }.get(str(moment.what))
        return teller(moment) if teller is not None else self._happened(moment)

    def _happened(self, moment: Moment) -> tuple[str, str, bool]:
        what, facts = str(moment.what), moment.facts
        by_itself = BY_ITSELF.get(what)
        if moment.person_id is None and by_itself is not None:
            says = by_itself
        else:
            says = f"{self.name(moment.person_id)} {HAPPENED.get(what, what.replace('_', ' '))}"
            if moment.person_id is None:
                says = what.replace("_", " ").capitalize()
        more = ""
        if facts.get("times"):
            more = "Offered: " + " · ".join(times.short(each, self._zone) for each in facts["times"])
        elif facts.get("starts"):
            more = f"For {times.short(facts['starts'], self._zone)}"
        elif facts.get("reason"):
            more = f"“{facts['reason']}”"
        return says, more, what in ("missed", "lapsed")

    def _outbox(self, moment: Moment) -> tuple[str, str, bool]:
        row: OutboxRow = moment.facts["row"]
        purpose = PURPOSES.get(row.purpose.value, row.purpose.value)
        how = "by text" if moment.what == "text" else "by e-mail"
        says = f"{purpose} {how} to {self.name(moment.person_id)}"
        state = (
            row.delivery_status if row.state is OutboxState.DONE and row.delivery_status else SAID[row.state]
        )
        why = in_words(row.reason) if row.state is not OutboxState.DONE else ""
        troubles = (OutboxState.FAILED, OutboxState.DEAD, OutboxState.UNKNOWN)
        return says, f"{state}: {why}" if why else state, row.state in troubles

    def _ring(self, moment: Moment) -> tuple[str, str, bool]:
        who = self.name(moment.person_id) if moment.person_id is not None else "A caller"
        outcome = str(moment.facts["outcome"])
        step = str(moment.facts["step"])
        is_ours = step.startswith(DIAL_OUT)
        did = "rang" if not is_ours else "was called" if step == DIAL_OUT else "answered"
        says = f"{who} {did} and {OUTCOMES.get(outcome, outcome)}"
        number = f"{'At' if is_ours else 'From'} {moment.facts['caller']}"
        return says, number, outcome in ("Sorry", "StillInUse", "TooManyTries")

    def _billed(self, moment: Moment) -> tuple[str, str, bool]:
        charge = moment.facts["charge"]
        if not charge.amount_in_cents:
            return "Nothing to pay: less than a minute, or no price", "", False
        price = dollars(charge.amount_in_cents)
        if charge.minutes and charge.rate_in_cents:
            return f"Billed {price}", f"{charge.minutes} min × {dollars(charge.rate_in_cents)}", False
        return f"Billed {price}", "A fee for cancelling" if charge.kind == "cancelation" else "", False

    def _charged(self, moment: Moment) -> tuple[str, str, bool]:
        attempt = moment.facts["attempt"]
        card = f"{attempt.card_brand} ending {attempt.card_last4}".strip()
        result = {"succeeded": "paid", "failed": "declined", "open": "not known yet"}[attempt.result.value]
        why = in_words(attempt.reason)
        more = f"{result}: {why}" if why else result
        says = f"{dollars(attempt.total_in_cents)} asked of {self.name(moment.person_id)}'s card"
        return says, f"{card}, {more}", attempt.result.value != "succeeded"

    def _entered(self, moment: Moment) -> tuple[str, str, bool]:
        entry: ledger.Entry = moment.facts["entry"]
        legs = ", ".join(
            f"{account_words(leg.account, self.name)} {signed(leg.amount_in_cents)}" for leg in entry.legs
        )
        trouble = entry.what in ("refund_failed", "dispute_lost")
        return ENTRIES.get(entry.what, f"Entered: {entry.what.replace('_', ' ')}"), legs, trouble

    def _refund(self, moment: Moment) -> tuple[str, str, bool]:
        refund = moment.facts["refund"]
        says = f"{dollars(refund.amount_in_cents)} given back to {self.name(moment.person_id)}"
        if refund.is_open:
            return says, "the card company has not answered yet", True
        why = in_words(refund.reason)
        return says, f"refused: {why}" if why else "on its way to the card", bool(why)

    def _credits(self, moment: Moment) -> tuple[str, str, bool]:
        entry = moment.facts["entry"]
        says = CREDITS.get(entry.id.partition(":")[0], "Credits")
        return says, f"{self.name(entry.person_id)}: free {entry.free:+}, held {entry.held:+}", False


def account_words(account: str, name: Callable[[int | None], str]) -> str:
    """An account of the ledger as one would call it."""
    if account.startswith("person:"):
        _, person_id, kind = account.split(":")
        who = name(int(person_id))
        return {"due": f"{who} owes", "owed": f"kept for {who}", "transferred": f"passed on to {who}"}.get(
            kind, account
        )
    return {"card": "card company", "platform": "platform", "billed": "billed", "disputed": "disputed"}.get(
        account, account
    )


def signed(cents: int) -> str:
    return f"{'−' if cents < 0 else '+'}{dollars(abs(cents))}"
