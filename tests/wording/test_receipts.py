"""The working of a price as people read it, in letters and in texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from thserver.domain.charges import Attempt, Charge, Kind, State
from thserver.wording import letters, receipts

CHICAGO = ZoneInfo("America/Chicago")
SIX = datetime(2026, 3, 3, 0, 2, tzinfo=UTC)
DROP_AND_REJOIN = (
    (SIX, SIX + timedelta(minutes=18)),
    (SIX + timedelta(minutes=22), SIX + timedelta(minutes=46)),
)
ATTEMPT = Attempt(
    number=1, customer_id="cus", card_id="pm", card_brand="visa", card_last4="4242", total_in_cents=4200, started=SIX
)  # fmt: skip
CHARGE = Charge(
    id="call:12:CF1",
    kind=Kind.CALL,
    state=State.SUCCEEDED,
    payer_id=7,
    host_id=9,
    booking_id=12,
    conference_sid="CF1",
    rate_in_cents=100,
    minutes=42,
    intervals=DROP_AND_REJOIN,
    price_in_cents=4200,
    amount_in_cents=4200,
    platform_fee_in_cents=630,
    attempts=(ATTEMPT,),
    created=SIX,
    updated=SIX,
)


def test_the_intervals_are_in_the_readers_zone() -> None:
    assert receipts.spans(DROP_AND_REJOIN, CHICAGO) == "6:02–6:20 PM and 6:24–6:48 PM CST"
    assert receipts.spans(DROP_AND_REJOIN, UTC) == "12:02–12:20 AM and 12:24–12:48 AM UTC"
    assert receipts.day(SIX, CHICAGO) == "Monday, March 2, 2026"
    assert receipts.day(SIX, UTC) == "Tuesday, March 3, 2026"


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        (datetime(2026, 3, 2, 17, 50, tzinfo=UTC), 20, "11:50 AM–12:10 PM CST"),
        (datetime(2026, 3, 3, 5, 50, tzinfo=UTC), 20, "11:50 PM–12:10 AM CST"),
        (datetime(2026, 3, 8, 7, 50, tzinfo=UTC), 20, "1:50–3:10 AM CDT"),  # the clocks go forward
    ],
)
def test_noon_midnight_and_the_change_of_clocks(start: datetime, minutes: int, expected: str) -> None:
    assert receipts.spans([(start, start + timedelta(minutes=minutes))], CHICAGO) == expected


def test_many_drops_are_counted_in_a_text() -> None:
    many = [(SIX + timedelta(minutes=5 * n), SIX + timedelta(minutes=5 * n + 3)) for n in range(9)]
    assert receipts.spans(many, CHICAGO, most=4) == "6:02–6:05 PM, 6:07–6:10 PM, 6:12–6:15 PM and 6 more CST"


def test_the_working_says_what_was_charged_before() -> None:
    assert receipts.working(CHARGE) == "42 min × $1.00 = $42.00"
    second = replace(CHARGE, amount_in_cents=2400)
    assert receipts.working(second) == (
        "42 min × $1.00 = $42.00, of which $18.00 was charged before and $24.00 now"
    )


def test_a_receipt_by_text_fits_the_plain_alphabet_of_texts() -> None:
    text = receipts.guest_text(CHARGE, "Tom Brady", CHICAGO)
    assert text == (
        "Tech Heroes receipt: call with Tom Brady, Mon Mar 2, 6:02-6:20 PM and 6:24-6:48 PM CST,"
        " 42 min x $1.00 = $42.00. Charged $42.00 to visa ending 4242."
    )
    assert text.isascii()
    host = receipts.host_text(CHARGE, "Cam Newton", CHICAGO)
    assert host.endswith("42 min x $1.00 = $42.00. Your share: $35.70.")


def test_a_receipt_says_what_is_free_carried_or_a_fee() -> None:
    free = replace(CHARGE, state=State.FREE, attempts=())
    assert receipts.guest_text(free, "Tom", CHICAGO).endswith("CST. Nothing was charged.")
    carried = replace(CHARGE, state=State.CARRIED, attempts=())
    assert "added to your next call" in receipts.guest_text(carried, "Tom", CHICAGO)
    assert "once it could be charged" in receipts.host_text(carried, "Cam", CHICAGO)
    with_before = replace(CHARGE, carried_in_cents=30)
    assert "Charged $42.30 (with $0.30 from before) to visa" in receipts.guest_text(with_before, "T", CHICAGO)
    fee = replace(CHARGE, kind=Kind.CANCELATION, amount_in_cents=500, intervals=())
    assert (
        receipts.fee_text(fee) == "Tech Heroes receipt: cancelation fee $5.00, charged to visa ending 4242."
    )


def test_who_owes_is_told_what_to_do() -> None:
    declined = replace(CHARGE, state=State.DECLINED, reason="generic_decline")
    text = receipts.declined_text(declined, "www.techheroes.xyz")
    assert text == (
        "Tech Heroes: Your card was declined for $42.00 for your call."
        " Please give a card at https://www.techheroes.xyz/payments"
    )
    assert "Your bank wants" in receipts.declined_text(replace(declined, state=State.NEEDS_CARDHOLDER), "w")
    assert "There is no card" in receipts.declined_text(replace(declined, reason="no_card"), "w")


def test_a_long_name_does_not_make_a_long_text() -> None:
    assert len(receipts.guest_text(CHARGE, "N" * 2000, CHICAGO)) < 250


FACTS = {
    "first_name": "Cam",
    "web_url": "https://www.techheroes.xyz",
    "charge": "call:12:CF1",
    "kind": "call",
    "state": "succeeded",
    "reason": None,
    "booking_id": 12,
    "other_name": "Tom <b>Brady</b>\r\nBcc: x@example.com",
    "day": "Monday, March 2, 2026",
    "spans": "6:02–6:20 PM CST",
    "working": "18 min × $1.00 = $18.00",
    "minutes": 18,
    "rate_in_cents": 100,
    "amount_in_cents": 1800,
    "carried_in_cents": 0,
    "total_in_cents": 1800,
    "fee_in_cents": 270,
    "share_in_cents": 1530,
    "is_too_small": False,
    "is_passed_on": False,
    "card": "visa ending 4242",
    "payments_url": "https://www.techheroes.xyz/payments",
    "given_back_in_cents": 300,
    "altogether_in_cents": 500,
}


@pytest.mark.parametrize(
    "name", ["receipt_guest", "receipt_host", "receipt_fee", "card_declined", "refunded"]
)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"state": "free", "card": ""},
        {"state": "carried", "is_too_small": True, "card": ""},
        {"state": "dead", "reason": "no_card", "card": "", "carried_in_cents": 30},
        {"state": "needs_cardholder", "kind": "cancelation", "is_passed_on": True},
    ],
    ids=["paid", "free", "carried", "dead", "fee"],
)
def test_every_letter_about_money_can_be_written(name: str, changes: dict[str, object]) -> None:
    letter = letters.render(name, {**FACTS, **changes}, zone=CHICAGO)
    assert "\n" not in letter.subject
    assert "$" in letter.subject or "free" in letter.subject or "nothing to pay" in letter.subject
    assert "<b>" not in letter.html
    assert letter.text.startswith("Hello Cam,")
