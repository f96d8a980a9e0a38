"""`thserver refund`: gives back what was paid, once, with who did it and why."""

from __future__ import annotations

import argparse

import pytest

from config.settings import Settings
from tests.booking_makers import World
from tests.money_makers import Call, charge_of, make_call, settle
from thserver.commands import refund
from thserver.commands.inside import CommandProblem, Inside
from thserver.commands.output import Output
from thserver.domain.staff_actions import Actor


async def give_back(world: World, settings: Settings, *words: str) -> int:
    """The command on the services of this test, whose card company knows the payment."""
    parser = argparse.ArgumentParser()
    refund.arguments(parser)
    inside = Inside(
        settings=settings,
        database=world.database,
        services=world.services,
        output=Output(),
        actor=Actor(None, "command line (test)"),
    )
    code = await refund._run(inside, parser.parse_args(words))
    await world.services.background.idle()
    return code


async def paid_call(world: World) -> Call:
    call = await make_call(world, rate_in_cents=100)
    await settle(world)
    return call


async def test_a_part_is_given_back_once_however_often_the_command_is_typed(
    world: World, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    call = await paid_call(world)
    words = (str(call.booking.id), "--amount", "12.50", "--reason", "bad line", "--yes")
    for _ in range(2):
        assert await give_back(world, settings, *words) == 0
        assert "$12.50 of charge" in capsys.readouterr().out
    charge = await charge_of(world, call.charge_id)
    assert (charge.refunded_in_cents, len(charge.refunds)) == (1250, 1)
    actions = (await world.services.staff_actions.page()).actions
    assert {action.subject for action in actions} == {f"charge {charge.id}"}
    assert actions[0].details["reason"] == "bad line"
    assert await world.services.billing.check() == []


async def test_without_amount_all_that_is_left_is_given_back(world: World, settings: Settings) -> None:
    call = await paid_call(world)
    await give_back(world, settings, call.charge_id, "--amount", "10", "--reason", "a part", "--yes")
    assert await give_back(world, settings, call.charge_id, "--reason", "the rest", "--yes") == 0
    charge = await charge_of(world, call.charge_id)
    assert charge.refunded_in_cents == charge.total_in_cents == 3000
    with pytest.raises(CommandProblem, match=r"only \$0\.00 is left"):
        await give_back(world, settings, call.charge_id, "--reason", "more", "--yes")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--reason", "x"), 1, "answer y"),
        (("--amount", "30.01", "--reason", "x", "--yes"), 1, r"only \$30\.00 is left"),
        (("--amount", "1.5", "--reason", "x", "--yes"), 2, "dollars like 12.50"),
        (("--amount", "0.00", "--reason", "x", "--yes"), 2, "more than nothing"),
        (("--amount", "-5", "--reason", "x", "--yes"), 2, "dollars like 12.50"),
        (("--reason", " ", "--yes"), 2, "must say why"),
        (("--reason", "x", "--key", "a b", "--yes"), 2, "--key must be"),
    ],
)
async def test_what_is_not_possible_gives_nothing_back(
    world: World, settings: Settings, words: tuple[str, ...], code: int, said: str
) -> None:
    call = await paid_call(world)
    with pytest.raises(CommandProblem, match=said) as refused:
        await give_back(world, settings, call.charge_id, *(f"{word}" for word in words))
    assert refused.value.exit_code == code
    assert (await charge_of(world, call.charge_id)).refunds == ()


@pytest.mark.parametrize("what", ["999", "call:1:CF1", "9" * 30, "x" * 300])
async def test_a_charge_that_is_not_there_is_one_sentence(
    world: World, settings: Settings, what: str
) -> None:
    with pytest.raises(CommandProblem, match="there is no charge"):
        await give_back(world, settings, what, "--reason", "x", "--yes")
