"""/console/money: the numbers of the day, what is owed to whom and why, and what was not paid, given back and sold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from markupsafe import Markup

from handlers.access import console
from handlers.console import drawing
from handlers.console.base import ConsolePage
from handlers.fields import Body, Text, WholeNumber
from thserver.domain.errors import Refusal
from thserver.domain.payouts import Payout
from thserver.domain.payouts import State as PayoutState
from thserver.services.overview import Numbers, Overview
from thserver.wording.letters import dollars
from thserver.wording.reasons import in_words

# Less than the deadline of a request; what takes longer goes on by itself.
PATIENCE_S = 2.5
WHY = {
    "no_account": "has no payout account yet",
    "not_ready": "has not finished setting up his payout account",
    "refused": "the card company refused the last payout",
    "reversed": "a payout was taken back from him; pay it by hand",
    "in_doubt": "a payout was sent and not confirmed; it is asked about",
    "on_its_way": "a payout is on its way",
    "soon": "is paid with the next run",
    "paid_too_much": "was paid out what was given back to the caller later; the next shares make up for it",
}
STATES = {
    "due": "not tried yet",
    "charging": "being charged",
    "unknown": "in doubt",
    "declined": "declined, tried again",
    "needs_cardholder": "the bank wants to see the card holder",
    "dead": "given up until there is another card",
}
NOTICES = {
    "counted": ("good", "Counted again: everything adds up."),
    "differences": ("bad", "Counted again: not everything adds up. What does not stands below."),
    "counting": ("warn", "The count is still running. What it comes to stands below when it is through."),
    "paid": ("good", "Paid: the money is on its way to the payout account."),
    "in_doubt": (
        "warn",
        "The card company has not answered yet. The payout is asked about, never sent twice.",
    ),
    "refused": ("bad", "The card company refused the payout."),
    "nothing": (
        "warn",
        "Nothing was sent: there is nothing to pay, or the payout account can not take money yet.",
    ),
    "failed": ("bad", "This could not be done now. Try it in a minute."),
}


class MoneyQuery(Body):
    said = Text(blank=True, longest=40, load_default="")


class PayForm(Body):
    host_id = WholeNumber(required=True, least=1)


class MoneyPage(ConsolePage):
    here = "/console/money"

    @console
    async def get(self) -> None:
        given = self.read_query(MoneyQuery())
        view = await self.services.money_desk.view()
        overview = await self.services.overviews.numbers(self.zone)

        def name(person_id: int | None) -> str:
            person = view.people.get(person_id or 0)
            return (person.full_name if person is not None else "") or f"Person {person_id}"

        self.show(
            "money.html",
            view=view,
            today=overview.today,
            overview=overview,
            charts=_charts(overview),
            name=name,
            why=in_words,
            whys=WHY,
            states=STATES,
            zone_name=str(self.zone),
            notice=NOTICES.get(given["said"]),
        )


class CountAgain(ConsolePage):
    """POST /console/money/count"""

    here = "/console/money"

    @console
    async def post(self) -> None:
        try:
            async with self.services.staff_actions.recorded(
                actor=self.actor, action="count again", subject="money and credits"
            ):
                ran = await self.services.sweeps.run_now("count-money")
            if ran is None:
                said = "counting"
            else:
                said = "failed" if ran.outcome == "failed" else "differences" if ran.done else "counted"
        except Refusal:
            said = "failed"
        self.redirect(f"/console/money?{urlencode({'said': said})}#count", status=303)


class PayNow(ConsolePage):
    """POST /console/money/pay"""

    here = "/console/money"

    @console
    async def post(self) -> None:
        host_id = self.read(PayForm())["host_id"]

        async def pay() -> Payout | None:
            async with self.services.staff_actions.recorded(
                actor=self.actor, action="pay out", subject=f"person {host_id}"
            ):
                return await self.services.billing.payouts.pay(host_id)

        try:
            payout = await self.services.background.through(
                f"pay out person {host_id}", pay, patience_s=PATIENCE_S
            )
        except TimeoutError:
            said = "in_doubt"
        except Refusal:
            said = "failed"
        else:
            said = "nothing" if payout is None else _SAID[payout.state]
        self.redirect(f"/console/money?{urlencode({'said': said})}#kept", status=303)


_SAID = {
    PayoutState.PAID: "paid",
    PayoutState.DUE: "in_doubt",
    PayoutState.UNKNOWN: "in_doubt",
    PayoutState.FAILED: "refused",
}


def _charts(overview: Overview) -> list[tuple[str, str, Markup]]:
    """What each shows, what the lower part of its bars is, and its drawing."""
    hours, days = overview.hours, overview.days
    hour_names = [
        f"{each.start.astimezone(overview.today.start.tzinfo):%H}:00"
        for each in (hours[0], hours[12], hours[-1])
    ]
    day_names = [f"{each.start:%b} {each.start.day}" for each in (days[0], days[7], days[-1])]

    def chart(
        name: str,
        span: Sequence[Numbers],
        labels: list[str],
        value: Callable[[Numbers], float],
        words: Callable[[float], str],
        lower: Callable[[Numbers], float] | None = None,
        lower_name: str = "",
    ) -> tuple[str, str, Markup]:
        values = [value(each) for each in span]
        lowers = [lower(each) for each in span] if lower is not None else None
        title = f"{name}: {words(sum(values))} in all, at most {words(max(values))}"
        if lowers is not None:
            title += f"; {lower_name} {words(sum(lowers))}"
        drawn = drawing.bars(values, labels, title=title, top=words(max(values)), lower=lowers)
        return name, lower_name if lowers is not None and any(lowers) else "", drawn

    def whole(value: float) -> str:
        return f"{value:.0f}"

    def money(value: float) -> str:
        return dollars(round(value))

    found: list[tuple[str, str, Markup]] = [
        chart("Calls by hour", hours, hour_names, lambda each: each.calls, whole),
        chart("Calls by day", days, day_names, lambda each: each.calls, whole),
        chart("Minutes on the line by day", days, day_names, lambda each: each.minutes, whole),
        chart(
            "Money taken by day", days, day_names, lambda each: each.taken_in_cents, money,
            lambda each: each.given_back_in_cents, "given back",
        ),
        chart("Texts by hour", hours, hour_names, lambda each: each.texts_sent + each.texts_failed, whole, lambda each: each.texts_failed, "not sent"),
        chart("Texts by day", days, day_names, lambda each: each.texts_sent + each.texts_failed, whole, lambda each: each.texts_failed, "not sent"),
    ]  # fmt: skip
    return found
