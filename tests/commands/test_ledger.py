"""`thserver ledger check` as a process of its own: what adds up, and what was changed behind the ledger's back."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.connection import connect, database_name
from store.credit_accounts import NAME
from tests.booking_makers import World
from tests.meeting_makers import make_member
from tests.stories.fleet import fleet
from tests.stories.test_credits_under_fire import in_the_house


@pytest.mark.timeout(120)
async def test_a_difference_is_named_and_exit_code_1(mongo_uri: str, tmp_path: Path) -> None:
    async def make_people(world: World) -> None:
        await make_member(world, credits=5)

    async with fleet(mongo_uri, tmp_path, "ledger_check") as ships:
        await in_the_house(ships, make_people)
        code, said = await ships.command("ledger", "check")
        assert (code, said) == (0, "credits: everything adds up\nmoney: everything adds up\n")
        uri = ships.environment["DATABASE_URL"]
        async with connect(uri) as client:
            await client[database_name(uri)][NAME].update_one({}, {"$inc": {"free": 1}})
        code, said = await ships.command("ledger", "check")
        assert code == 1
        assert "6 free credits in the account, 5 by the entries" in said
        assert "money: everything adds up" in said
