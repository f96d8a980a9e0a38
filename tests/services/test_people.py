"""Registering, proving addresses and numbers, and passwords, where many do so at once and whatever goes wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from store.database import Database
from tests.account_makers import ADDRESS, again
from tests.fakes.clock import FakeClock
from tests.makers import PASSWORD, mailed_token, make_person, texted_code, token_of
from thserver.domain.errors import (
    AlreadyExists,
    BadCredentials,
    BadToken,
    CarrierRefused,
    CodeWrong,
    Invalid,
    NotFound,
    Throttled,
    TokenNotFound,
)
from thserver.domain.people import Person
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.services.all import Services

# The simulated carrier reports on its texts to a server that answers.
pytestmark = pytest.mark.usefixtures("http_server")
# The simulated carrier refuses it, as Twilio does.
REFUSED_NUMBER = "+15005550001"


def application(phone: str, code: str, email: str) -> dict[str, Any]:
    return {
        "first_name": "Cam",
        "last_name": "Newton",
        "email": email,
        "password": PASSWORD,
        "phone": phone,
        "phone_token": code,
        "timezone": "America/Chicago",
        "contract": "heroes",
        "address": ADDRESS,
    }


async def code_for(services: Services, phone: str) -> str:
    code = await services.people.text_registration_code(phone, address=ADDRESS)
    assert code is not None
    return code


async def signed_in(services: Services, token: str) -> bool:
    try:
        await services.sign_in.who(token)
    except BadToken:
        return False
    return True


async def test_of_ten_who_register_one_address_at_once_one_gets_it(services: Services) -> None:
    phones = [f"+1202555012{n}" for n in range(10)]
    codes = [await code_for(services, phone) for phone in phones]
    results = await asyncio.gather(
        *(
            services.people.register(**application(phone, code, "cam@example.com"))
            for phone, code in zip(phones, codes, strict=True)
        ),
        return_exceptions=True,
    )
    refusals = [result for result in results if isinstance(result, BaseException)]
    assert len(refusals) == 9
    assert all(isinstance(refusal, AlreadyExists) and refusal.field == "email" for refusal in refusals)


async def test_a_code_is_not_lost_to_an_address_that_is_taken(services: Services) -> None:
    await make_person(services, email="taken@example.com")
    code = await code_for(services, "+12025550121")
    with pytest.raises(AlreadyExists):
        await services.people.register(**application("+12025550121", code, "taken@example.com"))
    person, _ = await services.people.register(**application("+12025550121", code, "free@example.com"))
    assert person.phone == "+12025550121"


async def test_one_code_makes_one_account_however_often_it_is_sent_at_once(
    services: Services, database: Database
) -> None:
    code = await code_for(services, "+12025550121")
    results = await asyncio.gather(
        *(
            services.people.register(**application("+12025550121", code, f"cam{n}@example.com"))
            for n in range(10)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, tuple) for result in results) == 1
    for result in results:
        assert isinstance(result, (tuple, Invalid))
        if isinstance(result, Invalid):
            assert result.problems in ({"phone_token": "code_wrong"}, {"phone": "taken"})


async def test_a_number_that_was_proven_elsewhere_meanwhile_is_taken(services: Services) -> None:
    code = await code_for(services, "+12025550121")
    other = await make_person(services)
    await services.people.change_phone(other, "+12025550121", address=ADDRESS)
    other = await services.people.prove_phone(
        await again(services, other), texted_code(services, "+12025550121"), token=None
    )
    assert other.phone == "+12025550121"
    with pytest.raises(Invalid) as refused:
        await services.people.register(**application("+12025550121", code, "cam@example.com"))
    assert refused.value.problems == {"phone": "taken"}
    with pytest.raises(Invalid):
        await services.people.text_registration_code("+12025550121", address=ADDRESS)


async def test_of_two_who_prove_one_number_one_gets_it(services: Services) -> None:
    wanted = "+12025550121"
    people, codes = [], []
    for _ in range(2):
        person = await make_person(services)
        people.append(await services.people.change_phone(person, wanted, address=ADDRESS))
        codes.append(texted_code(services, wanted))
    results = await asyncio.gather(
        *(
            services.people.prove_phone(person, code, token=None)
            for person, code in zip(people, codes, strict=True)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Person) for result in results) == 1
    assert [result.problems for result in results if isinstance(result, Invalid)] == [{"phone": "taken"}]


async def test_of_two_who_prove_one_address_one_gets_it(services: Services) -> None:
    wanted = "wanted@example.com"
    people, tokens = [], []
    for _ in range(2):
        person = await make_person(services)
        people.append(await services.people.change_profile(person, {"email": wanted}, address=ADDRESS))
        tokens.append(await mailed_token(services, wanted, length=10))
    with pytest.raises(TokenNotFound):
        await services.people.prove_email(people[0], tokens[1])
    results = await asyncio.gather(
        *(services.people.prove_email(person, token) for person, token in zip(people, tokens, strict=True)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Person) for result in results) == 1
    assert [result.problems for result in results if isinstance(result, Invalid)] == [{"email": "taken"}]


async def test_a_new_number_is_told_to_the_old_one_and_ends_other_sign_ins_once_proven(
    services: Services, carrier: SimulatedCarrier
) -> None:
    person = await make_person(services, phone="+12025550121")
    mine, other = await token_of(services, person), await token_of(services, person)
    person = await services.people.change_phone(person, "+12025550122", address=ADDRESS)
    assert (person.phone, person.phone_pending) == (None, "+12025550122")
    await services.background.idle()
    notice = carrier.texts_to("+12025550121")[-1]["body"]
    assert "xxx-xxx-0122" in notice
    assert "+12025550122" not in notice
    person = await services.people.prove_phone(person, texted_code(services, "+12025550122"), token=mine)
    assert (person.phone, person.phone_pending) == ("+12025550122", None)
    assert await signed_in(services, mine)
    assert not await signed_in(services, other)


async def test_nothing_is_changed_when_the_carrier_refuses_the_new_number(services: Services) -> None:
    person = await make_person(services)
    with pytest.raises(CarrierRefused):
        await services.people.change_profile(
            person, {"phone": REFUSED_NUMBER, "first_name": "Tom"}, address=ADDRESS
        )
    assert await again(services, person) == person


async def test_asking_twice_for_the_same_number_sends_one_text(
    services: Services, carrier: SimulatedCarrier
) -> None:
    person = await make_person(services)
    for _ in range(3):
        person = await services.people.change_profile(person, {"phone": "+12025550122"}, address=ADDRESS)
    assert len(carrier.texts_to("+12025550122")) == 1
    assert person.phone_pending == "+12025550122"


async def test_nobody_without_a_pending_number_can_prove_one(services: Services) -> None:
    with pytest.raises(CodeWrong):
        await services.people.prove_phone(await make_person(services), "abc123", token=None)


async def test_a_confirmation_can_be_asked_for_again_but_not_every_second(
    services: Services, mail: SimulatedMail, clock: FakeClock
) -> None:
    person = await make_person(services, verified=False, email="cam@example.com")
    for _ in range(3):
        await services.people.change_profile(person, {"email": "cam@example.com"}, address=ADDRESS)
    await services.background.idle()
    assert len(mail.letters_to("cam@example.com")) == 1
    clock.advance(minutes=1)
    await services.people.change_profile(person, {"email": "cam@example.com"}, address=ADDRESS)
    token = await mailed_token(services, "cam@example.com", length=10)
    assert len(mail.letters_to("cam@example.com")) == 2
    assert (await services.people.prove_email(person, token)).email_verified


async def test_an_address_can_be_changed_back_before_it_is_proven(services: Services) -> None:
    person = await make_person(services, email="old@example.com")
    person = await services.people.change_profile(person, {"email": "new@example.com"}, address=ADDRESS)
    stale = await mailed_token(services, "new@example.com", length=10)
    person = await services.people.change_profile(person, {"email": "old@example.com"}, address=ADDRESS)
    with pytest.raises(TokenNotFound):
        await services.people.prove_email(person, stale)
    token = await mailed_token(services, "old@example.com", length=10)
    person = await services.people.prove_email(person, token)
    assert (person.email, person.email_verified, person.email_pending) == ("old@example.com", True, None)


async def test_letters_to_new_addresses_are_limited(services: Services) -> None:
    person = await make_person(services)
    for n in range(4):
        await services.people.change_profile(person, {"email": f"new{n}@example.com"}, address=ADDRESS)
    await services.people.change_profile(person, {"email": "new4@example.com"}, address=ADDRESS)
    with pytest.raises(Throttled):
        await services.people.change_profile(person, {"email": "new5@example.com"}, address=ADDRESS)
    assert (await again(services, person)).email_pending == "new4@example.com"


async def test_what_was_mailed_to_the_old_address_opens_nothing_any_more(services: Services) -> None:
    person = await make_person(services, email="old@example.com")
    await services.passwords.mail_reset("old@example.com", address=ADDRESS)
    reset = await mailed_token(services, "old@example.com", length=8)
    person = await services.people.change_profile(person, {"email": "new@example.com"}, address=ADDRESS)
    await services.people.prove_email(person, await mailed_token(services, "new@example.com", length=10))
    with pytest.raises(TokenNotFound):
        await services.passwords.reset(reset, "another-password2", contract="heroes", address=ADDRESS)


async def test_a_new_password_ends_other_sign_ins_and_what_was_mailed(services: Services) -> None:
    person = await make_person(services, email="cam@example.com")
    await services.passwords.mail_reset("cam@example.com", address=ADDRESS)
    reset = await mailed_token(services, "cam@example.com", length=8)
    mine, other = await token_of(services, person), await token_of(services, person, "mentors")
    await services.passwords.change(
        person, old=PASSWORD, new="another-password2", token=mine, address=ADDRESS
    )
    assert await signed_in(services, mine)
    assert not await signed_in(services, other)
    with pytest.raises(TokenNotFound):
        await services.passwords.reset(reset, "another-password3", contract="heroes", address=ADDRESS)
    with pytest.raises(BadCredentials):
        await services.people.log_in(
            email="cam@example.com", password=PASSWORD, contract="heroes", address=ADDRESS
        )


async def test_a_reset_token_sent_ten_times_at_once_works_once(services: Services) -> None:
    await make_person(services, email="cam@example.com")
    await services.passwords.mail_reset("cam@example.com", address=ADDRESS)
    reset = await mailed_token(services, "cam@example.com", length=8)
    results = await asyncio.gather(
        *(
            services.passwords.reset(reset, f"another-password{n}", contract="heroes", address=ADDRESS)
            for n in range(10)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, tuple) for result in results) == 1


async def test_unknown_and_known_addresses_cost_the_same_work(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_person(services, email="cam@example.com")
    hasher = services.sign_in._hasher
    verified: list[bool] = []
    verify = hasher.verify

    async def counted(stored: str | None, password: str) -> bool:
        verified.append(stored is not None)
        return await verify(stored, password)

    monkeypatch.setattr(hasher, "verify", counted)
    for email in ("cam@example.com", "nobody@example.com"):
        with pytest.raises(BadCredentials):
            await services.people.log_in(
                email=email, password="wrong-password1", contract="heroes", address=ADDRESS
            )
    assert verified == [True, False]


async def test_the_same_letters_typed_another_way_are_the_same_password(services: Services) -> None:
    await make_person(services, email="cam@example.com", password="caf\u00e9-latte1")
    person, _ = await services.people.log_in(
        email="cam@example.com", password="cafe\u0301-latte1", contract="heroes", address=ADDRESS
    )
    assert person.email == "cam@example.com"


async def test_staff_is_made_of_somebody_who_is_registered(services: Services) -> None:
    person = await make_person(services, email="cam@example.com")
    assert (await services.people.make_staff(" Cam@Example.com")).is_staff
    assert (await again(services, person)).is_staff
    with pytest.raises(NotFound):
        await services.people.make_staff("nobody@example.com")
