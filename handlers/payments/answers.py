"""What the payment routes answer."""

from __future__ import annotations

from handlers.answers import Answer, flag, list_of, moment, one_of, paged, part, text, web_address, whole
from thserver.domain.charges import CURRENCY, Kind, State


class ClientSecret(Answer):
    client_secret = text(description="For the card company's script in the user's browser.")


class PayoutLink(Answer):
    url = web_address()


class CardShown(Answer):
    brand = text(null=True)
    last4 = text(null=True)


class Card(Answer):
    id = text()
    brand = text()
    last4 = text()
    exp_month = whole(minimum=1, maximum=12)
    exp_year = whole()
    is_default = flag()


class Interval(Answer):
    """A time in which both were on the line."""

    start = moment()
    end = moment()


class Charge(Answer):
    id = text()
    kind = one_of(*(kind.value for kind in Kind))
    state = one_of(*(state.value for state in State))
    reason = text(null=True, description="Why the card company would not take it.")
    call_request = whole(minimum=1)
    conference = text(null=True)
    currency = one_of(CURRENCY)
    rate_in_cents = whole(minimum=0)
    minutes = whole(minimum=0)
    intervals = list_of(Interval)
    price_in_cents = whole(minimum=0)
    already_charged_in_cents = whole(minimum=0)
    amount_in_cents = whole(minimum=0)
    carried_in_cents = whole(minimum=0)
    total_in_cents = whole(minimum=0)
    refunded_in_cents = whole(minimum=0)
    card = part(CardShown, null=True)
    created = moment()
    updated = moment()


CardPage = paged(Card)
ChargePage = paged(Charge)
