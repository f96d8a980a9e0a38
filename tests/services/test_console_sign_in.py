"""Failed sign-ins to the console are among the actions of staff; those of strangers leave nothing."""

from __future__ import annotations

import contextlib

import pytest

from tests.makers import PASSWORD, make_person, make_staff
from thserver.domain.errors import BadCredentials, CodeWrong, Refusal
from thserver.domain.staff_actions import ActionState
from thserver.services.all import Services
from thserver.services.console_sign_in import FAILURES_PER_HOUR


async def failures(services: Services) -> list[tuple[int | None, dict[str, str]]]:
    await services.background.idle()
    return [
        (action.actor.person_id, dict(action.details))
        for action in (await services.staff_actions.page(limit=200)).actions
        if (action.action, action.state) == ("failed sign in", ActionState.REFUSED)
    ]


async def test_a_wrong_password_and_a_wrong_code_are_written_down(services: Services) -> None:
    staff = await make_staff(services)
    with pytest.raises(BadCredentials):
        await services.console_sign_in.with_password(staff.email or "", "wrong", address="198.51.100.1")
    with pytest.raises(CodeWrong):
        await services.console_sign_in.with_code(staff.phone or "", "000000", address="198.51.100.1")
    assert await failures(services) == [(staff.id, {"with": "code"}), (staff.id, {"with": "password"})]


async def test_a_good_sign_in_and_guesses_at_people_who_are_not_staff_are_no_failures_of_staff(
    services: Services,
) -> None:
    staff, person = await make_staff(services), await make_person(services)
    await services.console_sign_in.with_password(staff.email or "", PASSWORD, address="198.51.100.1")
    for name in (person.email or "", "nobody@example.com"):
        with pytest.raises(BadCredentials):
            await services.console_sign_in.with_password(name, PASSWORD, address="198.51.100.1")
    assert await failures(services) == []


async def test_guesses_without_end_do_not_fill_the_list(services: Services) -> None:
    staff = await make_staff(services)
    for number in range(FAILURES_PER_HOUR + 10):
        # From everywhere, and with codes that nobody has asked for.
        with contextlib.suppress(Refusal):
            await services.console_sign_in.with_code(
                staff.phone or "", "000000", address=f"203.0.113.{number}"
            )
        await services.background.idle()
    assert len(await failures(services)) == FAILURES_PER_HOUR
