"""The letter that confirms an address: written once, even where a process died between registering and writing it."""

from __future__ import annotations

import pytest

from store.database import Database
from tests.fakes.clock import FakeClock
from tests.makers import mailed_token, register_person
from thserver import kill_points
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.services.all import Services

ADDRESS = "ann@example.com"


class Died(BaseException):
    """In the place of SIGKILL."""


@pytest.mark.parametrize("point", [None, "person.added", "person.letter_written"])
async def test_whoever_is_registered_gets_his_letter_once(
    services: Services,
    database: Database,
    clock: FakeClock,
    mail: SimulatedMail,
    monkeypatch: pytest.MonkeyPatch,
    point: str | None,
) -> None:
    def reached(name: str) -> None:
        if name == point:
            raise Died

    monkeypatch.setattr(kill_points, "reached", reached)
    if point is None:
        await register_person(services, email=ADDRESS, verified=False)
    else:
        with pytest.raises(Died):
            await register_person(services, email=ADDRESS, verified=False)
    monkeypatch.undo()
    clock.advance(seconds=31)
    assert await services.confirmations.mail_left_over() == (0 if point is None else 1)
    assert await services.confirmations.mail_left_over() == 0
    person = await database.people.with_email(ADDRESS)
    assert person is not None
    token = await mailed_token(services, ADDRESS, length=10)
    assert len(mail.letters_to(ADDRESS)) == 1
    assert (await services.people.prove_email(person, token)).email_verified


async def test_whoever_has_proven_his_address_meanwhile_gets_no_letter(
    services: Services, database: Database, clock: FakeClock, mail: SimulatedMail
) -> None:
    person = await register_person(services, email=ADDRESS)
    await database.people.change(person.id, {"letter_due": clock.now()})
    clock.advance(seconds=31)
    assert await services.confirmations.mail_left_over() == 1
    await services.background.idle()
    assert len(mail.letters_to(ADDRESS)) == 1


@pytest.mark.parametrize("contract", ["mentors", "experts"])
async def test_whoever_registers_with_a_username_gets_his_letter_at_once(
    services: Services, mail: SimulatedMail, contract: str
) -> None:
    who = {"username": "annlee", "email": ADDRESS, "password": "a-good-password-7"}
    if contract == "mentors":
        await services.usernames.register(**who, repeated=who["password"], address="198.51.100.1")
    else:
        await services.usernames.register_by_name(
            **who, first_name="Ann", last_name="Lee", contract="experts"
        )
    await services.background.idle()
    assert len(mail.letters_to(ADDRESS)) == 1
    await mailed_token(services, ADDRESS, length=10)
