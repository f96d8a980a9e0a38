"""`thserver refund CHARGE|BOOKING`: gives money of a paid charge back, once for each key."""

from __future__ import annotations

import argparse
import hashlib
import re

from thserver.commands.inside import NOT_DONE, WRONG_INPUT, CommandProblem, Inside, carry_out
from thserver.commands.output import confirmed, dollars
from thserver.domain.charges import Charge
from thserver.domain.errors import Conflict, Invalid, PaymentRefused, WrongState

HELP = "give money of a charge back"
EXAMPLES = """\
  thserver refund 7 --amount 12.50 --reason "the line was bad"
  thserver refund call:7:CF0123 --reason "he never came" --yes"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        metavar="CHARGE|BOOKING",
        help="a charge's id, or a booking's number where it has one paid charge",
    )
    parser.add_argument("--amount", metavar="DOLLARS", help="like 12.50; without it all that is left")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; kept with who did it")
    parser.add_argument(
        "--key",
        metavar="KEY",
        help="the same key never gives money twice; without it, the same reason and amount are the same refund",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask whether that is right")


def run(given: argparse.Namespace) -> int:
    return carry_out(lambda inside: _run(inside, given), given)


def cents(text: str) -> int:
    """`12.50` → 1250. Raises CommandProblem."""
    if not re.fullmatch(r"\$?[0-9]{1,7}(\.[0-9]{2})?", text):
        raise CommandProblem(f"--amount must be dollars like 12.50, not {text[:40]!r}.", WRONG_INPUT)
    whole, _, rest = text.lstrip("$").partition(".")
    amount = int(whole) * 100 + int(rest or 0)
    if amount == 0:
        raise CommandProblem("--amount must be more than nothing.", WRONG_INPUT)
    return amount


async def _run(inside: Inside, given: argparse.Namespace) -> int:
    amount = cents(given.amount) if given.amount is not None else None
    reason = given.reason.strip()
    if not reason or len(reason) > 500:
        raise CommandProblem("--reason must say why, in at most 500 characters.", WRONG_INPUT)
    if given.key is not None and not re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", given.key):
        raise CommandProblem(
            "--key must be letters, digits, dots and dashes, at most 80 of them.", WRONG_INPUT
        )
    charge = await _charge(inside, given.what)
    key = f"staff-{given.key}" if given.key else _key(reason, amount)
    known = next((refund for refund in charge.refunds if refund.key == key), None)
    if known is not None:
        inside.output.say(f"This refund of {dollars(known.amount_in_cents)} was asked for before.")
    else:
        left = charge.refundable_in_cents
        back = amount if amount is not None else left
        if charge.payment_id is None:
            raise CommandProblem(f"charge {charge.id} is {charge.state}: only what was paid is given back.")
        if not left or back > left:
            raise CommandProblem(f"of charge {charge.id} only {dollars(left)} is left to give back.")
        if not given.yes and not confirmed(
            f"Give {dollars(back)} of {dollars(charge.total_in_cents)} back to person {charge.payer_id}?"
        ):
            raise CommandProblem("nothing was given back: answer y, or say --yes.")
    return await _give_back(inside, charge, amount, key, reason)


async def _give_back(inside: Inside, charge: Charge, amount: int | None, key: str, reason: str) -> int:
    async with inside.services.staff_actions.recorded(
        actor=inside.actor,
        action="refund",
        subject=f"charge {charge.id}",
        details={"reason": reason, "amount": dollars(amount) if amount else "all that is left", "key": key},
    ):
        try:
            after = await inside.services.billing.refund(charge.id, amount, key=key)
        except PaymentRefused as refused:
            raise CommandProblem(
                f"the card company would not give it back: {refused.reason}; to try that again, give another --key."
            ) from None
        except (Conflict, Invalid):
            raise CommandProblem(
                "so much is not left to give back, or the key was another amount's."
            ) from None
        except WrongState:
            raise CommandProblem(f"charge {charge.id} was not paid.") from None
    refund = next(each for each in after.refunds if each.key == key)
    if refund.is_open:
        inside.output.say(
            f"The card company has not said yet whether it gave {dollars(refund.amount_in_cents)} back: "
            "the service asks again by itself."
        )
        return NOT_DONE
    inside.output.say(
        f"{dollars(refund.amount_in_cents)} of charge {after.id} was given back to person {after.payer_id} "
        f"({dollars(after.refunded_in_cents)} of {dollars(after.total_in_cents)} in all), refund "
        f"{refund.payment_refund_id}."
    )
    return 0


async def _charge(inside: Inside, what: str) -> Charge:
    charges = inside.database.charges
    charge = await charges.get(what)
    if charge is not None:
        return charge
    if not (what.isascii() and what.isdecimal() and len(what) < 19):
        raise CommandProblem(f"there is no charge {what[:120]!r}.")
    of_booking = await charges.of_booking(int(what))
    if not of_booking:
        raise CommandProblem(f"there is no charge for a booking {what}.")
    paid = [each for each in of_booking if each.payment_id is not None]
    if len(paid) > 1:
        names = ", ".join(f"{each.id} ({dollars(each.refundable_in_cents)} left)" for each in paid)
        raise CommandProblem(f"booking {what} has {len(paid)} paid charges, name one: {names}.", WRONG_INPUT)
    return paid[0] if paid else of_booking[-1]


def _key(reason: str, amount: int | None) -> str:
    """Typing the same command twice is one refund; another reason or amount is another one."""
    said = f"{reason.casefold()}|{amount if amount is not None else 'all'}"
    return f"staff-{hashlib.sha256(said.encode()).hexdigest()[:16]}"
