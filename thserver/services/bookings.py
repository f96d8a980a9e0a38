"""Bookings of every kind: asked for, answered, given a time, cancelled, held or missed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from store.database import Database
from thserver.domain import bookings as rules
from thserver.domain.bookings import Booking, Kind, News, State, Suggestion
from thserver.domain.errors import (
    Invalid,
    NotFound,
    NotVerified,
    PaymentMethodMissing,
    TooManyCancellations,
    WrongState,
)
from thserver.domain.heroes import Hero
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.booking_moves import BookingMoves
from thserver.services.cancellations import Cancellations


class Cards(Protocol):
    """Who has a confirmed card; billing's wallet."""

    async def has_card(self, person_id: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Parties:
    """The people in some bookings by their id, and the hosts' heroes by the host's id."""

    people: dict[int, Person]
    heroes: dict[int, Hero]


class BookingService:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        moves: BookingMoves,
        cancellations: Cancellations,
        cards: Cards,
        cancellation_fee_in_cents: int,
        admit_after: timedelta,
    ) -> None:
        self._bookings = database.bookings
        self._people = database.people
        self._heroes = database.heroes
        self._numbers = database.numbers
        self._clock = clock
        self._moves = moves
        self._cancellations = cancellations
        self._cards = cards
        self._cancellation_fee_in_cents = cancellation_fee_in_cents
        self._admit_after = admit_after

    # Reading.

    async def find(self, booking_id: int, person_id: int, kind: Kind) -> Booking:
        """One of this person's bookings of this kind. Raises NotFound, or NotAParticipant for somebody else's."""
        booking = await self._bookings.get(booking_id)
        if booking is None or booking.kind is not kind:
            raise NotFound
        booking.role_of(person_id)
        return booking

    async def of_person(
        self, person_id: int, kind: Kind, *, skip: int, limit: int
    ) -> tuple[int, list[Booking]]:
        """How many of this kind the person has a part in, as host or guest, and a page of them, newest first."""
        return await self._bookings.of_person(person_id, kind=kind, skip=skip, limit=limit)

    async def parties(self, bookings: Sequence[Booking]) -> Parties:
        people = {person_id for booking in bookings for person_id in booking.people_ids}
        people.update(suggestion.person_id for booking in bookings for suggestion in booking.suggestions)
        return Parties(
            await self._people.shown(people),
            await self._heroes.of_people({booking.host_id for booking in bookings}),
        )

    # Asking.

    async def request(self, guest: Person, *, hero_id: int | str, message: str, minutes: int) -> Booking:
        """Ask a hero, by his number or his person's UUID, for a call.

        Raises NotVerified, PaymentMethodMissing, Invalid, or AlreadyOpen while an earlier request waits.
        """
        if not (guest.email_verified and guest.phone_verified):
            raise NotVerified
        if not await self._cards.has_card(guest.id):
            raise PaymentMethodMissing
        rules.check_length(minutes)
        hero = await self._hero(hero_id)
        if hero.person_id == guest.id:
            raise Invalid(hero_id="oneself")
        now = self._clock.now()
        booking = Booking(
            id=await self._numbers.next("bookings"),
            kind=Kind.CALL,
            host_id=hero.person_id,
            guest_ids=(guest.id,),
            state=State.REQUESTED,
            room=hero.slug,
            message=message,
            minutes=minutes,
            news=(News("requested:0", "requested", guest.id, now),),
            created=now,
            updated=now,
        )
        return await self._moves.add(booking)

    async def propose(
        self,
        kind: Kind,
        *,
        host: Person,
        guest_ids: Sequence[int],
        by: int,
        starts: datetime,
        minutes: int,
        message: str = "",
        details: dict[str, Any] | None = None,
        firm: bool = False,
        keep: Callable[[Booking], Awaitable[None]] | None = None,
        booking_id: int | None = None,
    ) -> Booking:
        """A booking whose time is said at once: the host's time is held while it waits for his word, or `firm`
        from the beginning. Raises TimeTaken, or Invalid(starts=…) for a time that has passed; see BookingMoves.add
        for `keep`. With a `booking_id` of the caller's own, doing it twice raises AlreadyExists("_id")."""
        now = self._clock.now()
        if starts <= now:
            raise Invalid(starts="in_the_past")
        what = "agreed" if firm else "requested"
        booking = Booking(
            id=booking_id or await self._numbers.next("bookings"),
            kind=kind,
            host_id=host.id,
            guest_ids=tuple(guest_ids),
            state=State.AGREED if firm else State.REQUESTED,
            room=host.slug or await self._people.give_slug(host.id, host.full_name),
            message=message,
            minutes=minutes,
            starts=starts,
            details=details or {},
            news=(News(f"{what}:0", what, by, now),),
            created=now,
            updated=now,
        )
        return await self._moves.add(booking, keep)

    # Answering. `booking` is as `find` gave it; should it have changed since, it is read and checked again.

    async def accept(self, booking: Booking, person_id: int, times: tuple[datetime, ...]) -> Booking:
        """The host accepts and offers three times. Raises NotAllowed, WrongState or Invalid."""
        return await self._suggest("accept", "accepted", booking, person_id, times)

    async def decline(self, booking: Booking, person_id: int, reason: str) -> Booking:
        """The host declines and says why. Raises NotAllowed or WrongState."""
        return await self._moves.make("decline", "declined", booking, person_id, changes={"reason": reason})

    async def suggest(self, booking: Booking, person_id: int, times: tuple[datetime, ...]) -> Booking:
        """Either side offers three other times. Raises WrongState, Invalid or AlreadySuggested."""
        return await self._suggest("suggest", "new_times", booking, person_id, times)

    async def agree(self, booking: Booking, person_id: int, time: datetime) -> Booking:
        """Take one of the times that the other side offered last. The rate is fixed now, the PINs are made.

        Raises WrongState, Invalid(agreed_time=…), or TimeTaken when the host has another call then.
        """

        def check(seen: Booking) -> None:
            rules.check_agreement(seen, person_id, time, self._clock.now())

        rules.check_move(booking, "agree", booking.role_of(person_id))
        check(booking)
        changes: dict[str, Any] = {"starts": time}
        if booking.kind is Kind.CALL:
            hero = await self._heroes.of_person(booking.host_id)
            if hero is None:
                raise NotFound
            changes["rate_in_cents"] = hero.rate_in_cents
        return await self._moves.make("agree", "agreed", booking, person_id, check=check, changes=changes)

    async def confirm(self, booking: Booking, person_id: int) -> Booking:
        """The host says yes to a proposed time. Raises NotAllowed or WrongState."""

        def check(seen: Booking) -> None:
            if seen.starts is None:
                raise WrongState
            rules.check_not_begun(seen, self._clock.now())

        return await self._moves.make("confirm", "agreed", booking, person_id, check=check)

    async def cancel(
        self, booking: Booking, person_id: int, *, reason: str = "", force: bool = False
    ) -> Booking:
        """Either side withdraws, until the call begins.

        Of accepted calls so many are free; beyond that TooManyCancellations, or with `force` the fee.
        """

        def check(seen: Booking) -> None:
            rules.check_not_begun(seen, self._clock.now())

        rules.check_move(booking, "cancel", booking.role_of(person_id))
        check(booking)
        changes = {"cancel_reason": reason, "cancelled_by": person_id}
        if booking.kind is not Kind.CALL or booking.state is State.REQUESTED:
            return await self._moves.make(
                "cancel", "cancelled", booking, person_id, check=check, changes=changes
            )
        if not await self._cancellations.count(person_id, booking.id):
            if not force:
                raise TooManyCancellations
            fee = {"fee_in_cents": self._cancellation_fee_in_cents}
            return await self._moves.make(
                "cancel", "cancelled", booking, person_id, check=check, changes={**changes, **fee}
            )
        try:
            cancelled = await self._moves.make(
                "cancel", "cancelled", booking, person_id, check=check, changes=changes
            )
        except WrongState:
            await self._cancellations.forget_uncounted(person_id, {booking.id})
            raise
        await self._cancellations.keep(person_id, booking.id)
        return cancelled

    async def cancel_all_of(self, person_id: int) -> None:
        """Withdraw whatever this person has open, because the account is being closed: not counted, no fee.
        A booking with other guests goes on without him."""
        for booking in await self._bookings.open_of_person(person_id):
            if booking.host_id != person_id and len(booking.guest_ids) > 1:
                await self._bookings.leave(booking.id, person_id, now=self._clock.now())
                continue
            try:
                await self._moves.make(
                    "cancel", "cancelled", booking, person_id, changes={"cancelled_by": person_id}
                )
            except WrongState:
                continue  # It ended otherwise in the meantime.

    # What follows by itself.

    async def lapse_stale(self, now: datetime) -> int:
        """End what nobody answers any more: proposed times that have come, requests that lie untouched.
        Also frees the PINs of held calls that are long over. Says how many lapsed."""
        found = await self._bookings.proposed_before(now)
        found += await self._bookings.stale(
            rules.MOVES["lapse"].from_states, before=now - rules.LAPSES_AFTER, now=now
        )
        lapsed = 0
        for booking in {booking.id: booking for booking in found}.values():
            if rules.is_stale(booking, now):
                try:
                    await self._moves.make("lapse", "lapsed", booking, None)
                except WrongState:
                    continue
                lapsed += 1
        await self._bookings.release_past(before=now - self._admit_after)
        return lapsed

    async def mark_held(self, booking_id: int) -> Booking | None:
        """Host and guest were both on the line. The booking, or None when it cannot be held any more."""
        booking = await self._bookings.get(booking_id)
        if booking is None or booking.state is State.HELD:
            return booking
        try:
            return await self._moves.make("hold", "held", booking, None)
        except WrongState:
            booking = await self._bookings.get(booking_id)
            return booking if booking is not None and booking.state is State.HELD else None

    async def mark_missed(self, booking: Booking, *, came: Sequence[int] = ()) -> Booking | None:
        """The time is over and they were not both there; `came` are the ids of those who were on the line, kept
        in the booking's details. None when something else happened first."""
        try:
            return await self._moves.make(
                "miss", "missed", booking, None, changes={"details.came": list(came)}
            )
        except WrongState:
            return None

    async def _suggest(
        self, move: str, what: str, booking: Booking, person_id: int, times: tuple[datetime, ...]
    ) -> Booking:
        now = self._clock.now()

        def check(seen: Booking) -> None:
            rules.check_new_times(seen, times, now)

        suggestion = Suggestion(person_id, times, now)
        return await self._moves.make(move, what, booking, person_id, check=check, suggestion=suggestion)

    async def _hero(self, hero_id: int | str) -> Hero:
        """A hero who may be asked. Raises Invalid(hero_id=…)."""
        if isinstance(hero_id, int):
            hero = await self._heroes.get(hero_id)
        else:
            person = await self._people.with_uuid(hero_id)
            hero = await self._heroes.of_person(person.id) if person is not None else None
        if hero is None or not hero.listed:
            raise Invalid(hero_id="unknown")
        return hero
