"""What the business needs from the world outside: clock, phone company, card company, mail.

Each port has one real gateway and one simulated in `thserver/gateways/`. No port's method raises a
vendor's exception: an outcome that is not plain success is one of the values below.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Outcome(StrEnum):
    """How something said to the outside ended."""

    DONE = "done"
    FAILED = "failed"  # surely not done, and trying again the same way is useless
    RETRY = "retry"  # surely not done, trying again may help (429, connection refused)
    UNKNOWN = "unknown"  # may have been done: never blindly repeated, resolved by callback or by asking


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome of a text or e-mail. `provider_id` is the SM… sid or Message-ID; `reason` the vendor's code."""

    outcome: Outcome
    provider_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CarrierMessage:
    """A text as the carrier's own list shows it."""

    sid: str
    to: str
    body: str
    status: str
    sent_at: datetime | None
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """A call leg as the carrier's own record shows it. Times are aware UTC; `ended_at` None while it lasts."""

    sid: str
    from_number: str
    to_number: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class CarrierConference:
    """A conference as the carrier's own record shows it; `status` is init, in-progress or completed."""

    sid: str
    room: str
    status: str
    created_at: datetime
    updated_at: datetime
    reason_ended: str | None = None


class Carrier(Protocol):
    """The phone company. `account_id` and `auth_tokens` are what its webhooks are checked with."""

    account_id: str
    auth_tokens: tuple[str, ...]

    async def send_text(
        self, to: str, body: str, *, callback_path: str, valid_for_s: int | None = None
    ) -> Sent:
        """Send an SMS from the service's texting number; the carrier posts its progress to `callback_path`."""
        ...

    async def find_text(self, to: str, body: str, *, since: datetime) -> CarrierMessage | None:
        """The newest text to this number with this body since then, from the carrier's own list."""
        ...

    async def call_record(self, call_sid: str) -> CarrierCall | None: ...

    async def conference_record(self, conference_sid: str) -> CarrierConference | None: ...

    async def conferences_named(self, room: str, *, since: datetime) -> list[CarrierConference]:
        """Every conference of that name created since then, newest first."""
        ...

    async def end_conference(self, conference_sid: str) -> bool:
        """Hang everybody up. True when the carrier did it or it was over already."""
        ...

    async def remove_participant(self, conference_sid: str, call_sid: str) -> bool: ...

    async def mute_participant(self, conference_sid: str, call_sid: str, *, muted: bool) -> bool:
        """Whether the carrier has done it; not when the call is not in the conference any more."""
        ...

    async def announce(self, conference_sid: str, *, path: str) -> bool:
        """Have what our `path` answers (TwiML) spoken to everybody in the conference. True when the carrier will."""
        ...

    async def place_call(self, to: str, *, path: str, status_path: str, ring_for_s: int) -> Sent:
        """Call this number from the one that people dial. When it is answered the carrier does what our `path` says
        (TwiML), and it posts how the call ended to `status_path`. `provider_id` is the CallSid. There is no key
        against a second call: an unknown outcome must not be tried again."""
        ...

    async def close(self) -> None: ...


class ChargeState(StrEnum):
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    NEEDS_CARDHOLDER = "needs_cardholder"  # authentication_required: bring the customer back on line
    RETRY = "retry"  # surely not taken, try again with the same key
    UNKNOWN = "unknown"  # may have been taken: ask again with the same key


@dataclass(frozen=True, slots=True)
class ChargeOutcome:
    """`charge_id` is the PaymentIntent's id; `reason` the card company's own code."""

    state: ChargeState
    charge_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it may be shown: never its number."""

    id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """An authentic event from the card company. `object` is its `data.object`."""

    id: str
    type: str
    livemode: bool
    created: datetime
    object: dict[str, object] = field(default_factory=dict)


class Payments(Protocol):
    """The card company. Amounts are whole US cents. Errors that need a person raise errors.PaymentRefused."""

    publishable_key: str

    async def create_customer(self, person_id: int, *, email: str | None, key: str) -> str:
        """A customer's id; the same key gives the same customer."""
        ...

    async def create_setup_intent(self, customer_id: str) -> str:
        """A client secret with which the card holder's browser confirms a card for use when he is off line."""
        ...

    async def confirm_card(self, customer_id: str, payment_method: str) -> Card:
        """Confirm the card for off-line use and attach it. Raises PaymentRefused, or Invalid(payment_method=…)."""
        ...

    async def cards(self, customer_id: str) -> list[Card]: ...

    async def detach_card(self, payment_method: str) -> None: ...

    async def charge(
        self,
        *,
        amount_in_cents: int,
        customer_id: str,
        payment_method: str,
        description: str,
        key: str,
        metadata: dict[str, str],
        payout_account: str | None = None,
        platform_fee_in_cents: int = 0,
        first_tried_at: datetime | None = None,
    ) -> ChargeOutcome:
        """Take the money off session. `key` is the Idempotency-Key; when the first try is older than the key's
        life (24 h) the charge is looked up by `metadata` before anything new is made."""
        ...

    async def refund(self, charge_id: str, *, amount_in_cents: int, key: str) -> ChargeOutcome: ...

    async def transfer(
        self,
        *,
        amount_in_cents: int,
        account: str,
        description: str,
        key: str,
        first_tried_at: datetime | None = None,
    ) -> ChargeOutcome:
        """Send money of ours to a payout account; the outcome's `charge_id` is the transfer's own id. `key` is the
        Idempotency-Key; a transfer first tried longer ago than the key's life is looked up before one is made."""
        ...

    async def create_payout_account(self, person_id: int, *, email: str | None, key: str) -> str: ...

    async def payout_onboarding_url(self, account_id: str, *, return_url: str) -> str: ...

    async def payout_account_ready(self, account_id: str) -> bool:
        """Whether money can be sent there now."""
        ...

    def read_event(self, body: bytes, signature: str | None, now: datetime) -> PaymentEvent | None:
        """The authentic event in a webhook's raw body, or None when anything about it is wrong."""
        ...

    async def close(self) -> None: ...


INVITE_NAME = "invite.ics"


@dataclass(frozen=True, slots=True)
class Invite:
    """What a letter does to its reader's calendar: an iCalendar object, whose method (REQUEST puts an entry there or
    changes it, CANCEL takes it away) the mail must name as well."""

    method: str
    content: str


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail ready to go. `message_id` is fixed by its outbox key, so that a repeat is the same mail.

    `attachments` are (file name, MIME type, content)."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    invite: Invite | None = None


class Mail(Protocol):
    async def send(self, letter: Letter) -> Sent: ...

    async def close(self) -> None: ...
