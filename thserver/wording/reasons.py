"""Why something was not sent or not paid, in words: the codes of the phone, mail and card companies, and our own."""

from __future__ import annotations

WORDS = {
    # The phone company's errors.
    "20003": "our credentials were refused",
    "20429": "too many requests at once",
    "21211": "this is not a phone number",
    "21408": "texts to this country are not enabled in our account",
    "21610": "the reader has texted STOP",
    "21612": "this number can not be reached from ours",
    "21614": "this number can not receive texts",
    "30001": "the phone company's queue is full",
    "30002": "our account with the phone company is suspended",
    "30003": "the phone is off or out of reach",
    "30004": "the text was blocked by the receiver or his network",
    "30005": "nobody has this number any more",
    "30006": "a landline, or a network that takes no texts",
    "30007": "the network took the text for unwanted and filtered it",
    "30008": "the network gives no reason",
    "30010": "the text would have cost more than we allow",
    "30032": "our toll-free number is not verified",
    "30034": "our number is not registered for texts to the United States",
    "undelivered": "it did not arrive",
    "failed": "it could not be sent",
    "canceled": "it was called off",
    "no_sid": "the phone company's answer could not be read",
    # A mail server's answers.
    "421": "the mail server is not available now",
    "450": "the mailbox is busy",
    "451": "the mail server has trouble of its own",
    "452": "the mail server is full",
    "550": "there is no such mailbox, or it refuses us",
    "551": "the reader is not at this server",
    "552": "the mailbox is full",
    "553": "this is not an address",
    "554": "the mail server refused it",
    # Our own.
    "opted_out": "the reader has texted STOP",
    "not_active": "the reader's account is not active",
    "unwanted": "the reader does not want e-mail",
    "booking_changed": "the booking has changed since it was written",
    "too_late": "it would have come too late",
    "lease_ran_out": "the process that sent it died",
    "not_listed": "the phone company does not know it, so it was never sent",
    "not_confirmed": "the phone company never said what became of it",
    "unavailable": "the other side could not be reached",
    "timeout": "no answer came in time",
    "no_answer_yet": "no answer has come yet",
    "no_card": "there is no card to charge",
    "lookup_failed": "the card company could not be asked",
    "another_amount": "the card company knows it with another amount",
    # The card company's.
    "card_declined": "the card was declined",
    "generic_decline": "the bank declined without a reason",
    "insufficient_funds": "there is not enough money on the card",
    "lost_card": "the card is reported lost",
    "stolen_card": "the card is reported stolen",
    "expired_card": "the card has expired",
    "incorrect_cvc": "the security code is wrong",
    "processing_error": "the bank could not process it",
    "authentication_required": "the bank wants to see the card holder",
    "do_not_honor": "the bank declined without a reason",
    "fraudulent": "the bank suspects fraud",
    "rate_limit": "too many requests at once",
    "idempotency_error": "the same request was made before with other contents",
    "resource_missing": "the card company does not know it",
    "balance_insufficient": "not enough of our money has arrived at the card company yet",
    "insufficient_capabilities_for_transfer": "the payout account can not take money yet",
    "account_invalid": "the payout account is closed or not ours to pay",
    "transfers_not_allowed": "the payout account may not take money",
    "charge_already_refunded": "it was given back already",
    "amount_too_small": "the amount is too small",
    "amount_too_large": "the amount is too large",
}


def in_words(reason: str | None) -> str:
    """A half sentence; a code that nobody has worded is shown as it is."""
    if not reason:
        return ""
    code = reason.removeprefix("smtp_")
    return WORDS.get(code) or (f"code {code}" if code.isdecimal() else code.replace("_", " "))
