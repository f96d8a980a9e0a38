"""phone_company  posts to us as the phone company does, signed
scene          a user, a hero and their agreed call, with the clock five minutes before it
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from tornado.ioloop import IOLoop

from tests.booking_makers import World, make_agreed_booking, make_caller, make_host
from tests.clients.phone_company import PhoneCompany
from tests.fakes.clock import FakeClock
from tests.handlers.phone.line import Heard, Line, Meeting
from thserver.domain.bookings import Booking
from thserver.domain.codes import pin_for
from thserver.domain.heroes import Hero
from thserver.domain.people import Person
from thserver.services.all import Services


@pytest.fixture
def phone_company(base_url: str, services: Services) -> PhoneCompany:
    return PhoneCompany(base_url, services.carrier.account_id, services.carrier.auth_tokens[0])


@dataclass
class Scene:
    world: World
    clock: FakeClock
    company: PhoneCompany
    guest: Person
    host: Person
    hero: Hero
    booking: Booking
    secret_key: str

    @property
    def starts(self) -> datetime:
        assert self.booking.starts is not None
        return self.booking.starts

    def line(self, caller: Person | str | None, **extra: str) -> Line:
        return Line(self.company, caller.phone if isinstance(caller, Person) else caller, **extra)

    async def ring(self, caller: Person | str | None, **extra: str) -> Heard:
        return await self.line(caller, **extra).ring()

    def pin_of(self, person: Person, booking: Booking | None = None) -> str:
        booking = booking or self.booking
        (pin,) = (pin for pin in booking.pins if pin.person_id == person.id)
        return pin_for(self.secret_key, booking.id, person.id, pin.attempt)

    def wrong_pin(self) -> str:
        right = {self.pin_of(self.guest), self.pin_of(self.host)}
        return next(str(number) for number in range(121212, 999999) if str(number) not in right)

    def meeting(self, booking: Booking | None = None) -> Meeting:
        booking = booking or self.booking
        return Meeting(self.company, booking.id, booking.room)

    async def settled(self) -> None:
        await self.world.services.background.idle()

    async def another(self, guest: Person | None = None, *, minutes_later: int = 60) -> Booking:
        """Another agreed call of the same hero, so much later than the first."""
        services = self.world.services
        guest = guest or await make_caller(self.world, first_name="Ann", last_name="Lee")
        booking = await services.bookings.request(guest, hero_id=self.hero.id, message="And me", minutes=30)
        starts = self.starts + timedelta(minutes=minutes_later)
        times = (starts, starts + timedelta(hours=5), starts + timedelta(hours=6))
        booking = await services.bookings.accept(booking, self.host.id, times)
        return await services.bookings.agree(booking, guest.id, starts)


@pytest.fixture
def scene(
    io_loop: IOLoop, world: World, clock: FakeClock, phone_company: PhoneCompany, settings: object
) -> Scene:
    async def make() -> Scene:
        guest = await make_caller(world)
        host, hero = await make_host(world)
        booking = await make_agreed_booking(world, guest, hero)
        assert booking.starts is not None
        clock.set(booking.starts - timedelta(minutes=5))
        secret: str = settings.secret_key  # type: ignore[attr-defined]
        return Scene(world, clock, phone_company, guest, host, hero, booking, secret)

    return io_loop.run_sync(make)
