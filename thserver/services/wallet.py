"""A person's cards and a host's payout account, as the card company knows them. No card number ever comes here."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from store.database import Database
from store.wallets import WalletRecord
from thserver.domain.errors import AlreadyExists, Invalid, NotAllowed, NotFound, Refusal
from thserver.domain.people import Person
from thserver.domain.ports import Card, Clock, Payments

log = logging.getLogger("thserver.wallet")

CardGiven = Callable[[int], Awaitable[None]]


class Wallet:
    def __init__(self, *, database: Database, clock: Clock, payments: Payments, web_domain: str) -> None:
        self._wallets = database.wallets
        self._heroes = database.heroes
        self._clock = clock
        self._payments = payments
        self._return_url = f"https://{web_domain}/payouts"
        self._card_given: CardGiven | None = None

    @property
    def publishable_key(self) -> str:
        """What a browser shows the card company."""
        return self._payments.publishable_key

    def when_card_given(self, act: CardGiven) -> None:
        """What is to be done when a person has given a new card."""
        self._card_given = act

    async def has_card(self, person_id: int) -> bool:
        """Whether a confirmed card is there to be charged."""
        return (await self._wallets.get(person_id)).default_card is not None

    async def cards(self, person_id: int) -> WalletRecord:
        return await self._wallets.get(person_id)

    async def setup(self, person: Person) -> str:
        """A client secret with which the person's browser confirms a card. Raises Unavailable."""
        return await self._payments.create_setup_intent(await self._customer(person))

    async def add_card(self, person: Person, payment_method: str) -> Card:
        """Confirm a card for use while its holder is off line, and make it the default.

        Raises PaymentRefused, Invalid(payment_method=…) or Unavailable.
        """
        customer_id = await self._customer(person)
        card = await self._payments.confirm_card(customer_id, payment_method)
        try:
            await self._wallets.add_card(person.id, card, now=self._clock.now())
        except AlreadyExists as error:
            raise Invalid(payment_method="unknown") from error
        if self._card_given is not None:
            await self._card_given(person.id)
        return card

    async def remove_card(self, person: Person, card_id: str) -> None:
        """Raises NotFound for a card that is not this person's."""
        wallet = await self._wallets.get(person.id)
        if card_id not in {card.id for card in wallet.cards}:
            raise NotFound
        await self._payments.detach_card(card_id)
        await self._wallets.remove_card(card_id, person_id=person.id, now=self._clock.now())

    async def payout_url(self, person: Person) -> str:
        """Where a hero gives the card company what it needs to pay him. Raises NotAllowed for others."""
        if await self._heroes.of_person(person.id) is None:
            raise NotAllowed
        wallet = await self._wallets.get(person.id)
        account_id = wallet.payout_account
        if account_id is None:
            # The key is the person's, so that whoever asks twice gets one account.
            made = await self._payments.create_payout_account(
                person.id, email=person.email, key=f"payout:{person.id}"
            )
            account_id = await self._wallets.give_payout_account(person.id, made, now=self._clock.now())
        return await self._payments.payout_onboarding_url(account_id, return_url=self._return_url)

    async def payout_account(self, person_id: int) -> str | None:
        """The account that this host's share can be sent to now; None when it is kept for him instead."""
        wallet = await self._wallets.get(person_id)
        if wallet.payout_account is None:
            return None
        try:
            is_ready = await self._payments.payout_account_ready(wallet.payout_account)
        except Refusal as refusal:
            log.warning("whether payout account of person %s is ready is not known: %s", person_id, refusal)
            is_ready = wallet.payout_ready
        else:
            if is_ready != wallet.payout_ready:
                await self._wallets.set_payout_ready(wallet.payout_account, is_ready, now=self._clock.now())
        return wallet.payout_account if is_ready else None

    async def _customer(self, person: Person) -> str:
        wallet = await self._wallets.get(person.id)
        if wallet.customer_id is not None:
            return wallet.customer_id
        made = await self._payments.create_customer(
            person.id, email=person.email, key=f"customer:{person.id}"
        )
        return await self._wallets.give_customer(person.id, made, now=self._clock.now())
