"""How the working of a price is written: `6:02–6:20 PM and 6:24–6:48 PM CST, 42 min × $1.00 = $42.00`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from thserver.domain.charges import Charge, Kind, State
from thserver.domain.conferences import Interval
from thserver.wording.letters import dollars
from thserver.wording.times import MONTHS, WEEKDAYS, abbreviation

MOST_SPANS_IN_TEXT = 4
LONGEST_NAME_IN_TEXT = 30


def spans(intervals: Sequence[Interval], zone: tzinfo, *, most: int | None = None) -> str:
    """`6:02–6:20 PM and 6:24–6:48 PM CST`; with `most`, the rest is only counted."""
    shown = intervals if most is None or len(intervals) <= most else intervals[: most - 1]
    parts = [_span(start, end, zone) for start, end in shown]
    if len(shown) < len(intervals):
        parts.append(f"{len(intervals) - len(shown)} more")
    text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{text} {abbreviation(intervals[-1][1].astimezone(zone))}"


def day(moment: datetime, zone: tzinfo) -> str:
    """`Monday, March 2, 2026`."""
    local = moment.astimezone(zone)
    return f"{WEEKDAYS[local.weekday()]}, {MONTHS[local.month - 1]} {local.day}, {local.year}"


def short_day(moment: datetime, zone: tzinfo) -> str:
    """`Mon Mar 2`."""
    local = moment.astimezone(zone)
    return f"{WEEKDAYS[local.weekday()][:3]} {MONTHS[local.month - 1][:3]} {local.day}"


def working(charge: Charge) -> str:
    """`42 min × $1.00 = $42.00`, and what was charged before where the call fell into several parts."""
    text = f"{charge.minutes} min × {dollars(charge.rate_in_cents)} = {dollars(charge.price_in_cents)}"
    if charge.already_charged_in_cents:
        text += (
            f", of which {dollars(charge.already_charged_in_cents)} was charged before"
            f" and {dollars(charge.amount_in_cents)} now"
        )
    return text


def guest_text(charge: Charge, host_name: str, zone: tzinfo) -> str:
    """The receipt as an SMS to who paid."""
    lines = [f"Tech Heroes receipt: {_call(charge, host_name, zone)}, {_working_in_text(charge)}."]
    if charge.state is State.FREE:
        lines = [f"Tech Heroes receipt: {_call(charge, host_name, zone)}. Nothing was charged."]
    elif charge.is_too_small:
        lines.append("Too little to charge by itself: it is added to your next call.")
    elif charge.attempts:
        also = f" (with {dollars(charge.carried_in_cents)} from before)" if charge.carried_in_cents else ""
        lines.append(f"Charged {dollars(charge.total_in_cents)}{also} to {card(charge)}.")
    return " ".join(lines)


def host_text(charge: Charge, guest_name: str, zone: tzinfo) -> str:
    """The receipt as an SMS to the host: his share after the fee."""
    call = f"Tech Heroes receipt: {_call(charge, guest_name, zone)}"
    if charge.state is State.FREE:
        return f"{call}. Nothing was charged."
    text = f"{call}, {_working_in_text(charge)}. Your share: {dollars(charge.host_share_in_cents)}."
    return f"{text} It is yours once it could be charged." if charge.is_too_small else text


def fee_text(charge: Charge) -> str:
    """The receipt for a cancellation fee."""
    if charge.is_too_small:
        return (
            f"Tech Heroes receipt: cancelation fee {dollars(charge.amount_in_cents)}."
            " Too little to charge by itself: it is added to your next call."
        )
    return (
        f"Tech Heroes receipt: cancelation fee {dollars(charge.amount_in_cents)}, charged to {card(charge)}."
    )


def declined_text(charge: Charge, web_domain: str) -> str:
    """What who owes is told by SMS when his card was not taken."""
    what = "fee" if charge.kind is Kind.CANCELATION else "call"
    amount = dollars(charge.total_in_cents)
    if charge.state is State.NEEDS_CARDHOLDER:
        why = f"Your bank wants you to confirm {amount} for your {what}."
    elif charge.reason == "no_card":
        why = f"There is no card to charge {amount} for your {what} to."
    else:
        why = f"Your card was declined for {amount} for your {what}."
    return f"Tech Heroes: {why} Please give a card at https://{web_domain}/payments"


def card(charge: Charge) -> str:
    """`visa ending 4242`."""
    last = charge.attempts[-1]
    return f"{last.card_brand} ending {last.card_last4}".strip()


def _call(charge: Charge, other_name: str, zone: tzinfo) -> str:
    when = spans(charge.intervals, zone, most=MOST_SPANS_IN_TEXT)
    name = " ".join(other_name.split())[:LONGEST_NAME_IN_TEXT].strip()
    # A text stays within the alphabet in which 160 characters fit into one part.
    return f"call with {name}, {short_day(charge.intervals[0][0], zone)}, {when}".replace("–", "-")


def _working_in_text(charge: Charge) -> str:
    return working(charge).replace("×", "x")


def _span(start: datetime, end: datetime, zone: tzinfo) -> str:
    first, last = start.astimezone(zone), end.astimezone(zone)
    if (first.hour < 12) == (last.hour < 12) and first.date() == last.date():
        return f"{_time(first)}–{_time(last)} {_half(last)}"
    return f"{_time(first)} {_half(first)}–{_time(last)} {_half(last)}"


def _time(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local.minute:02}"


def _half(local: datetime) -> str:
    return "AM" if local.hour < 12 else "PM"
