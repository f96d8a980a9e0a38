"""`thserver recount`: exit code 1 with a line for each difference, and what may be repaired is."""

from __future__ import annotations

import json

from store.database import Database
from tests.booking_makers import World
from tests.commands.conftest import Command
from tests.meeting_makers import make_member


async def test_a_difference_is_named_and_a_credit_account_repaired_by_its_entries(
    world: World, database: Database, command: Command
) -> None:
    person = await make_member(world, credits=5)
    code, out, _ = await command("recount")
    assert (code, out.splitlines()) == (
        0,
        ["credits: everything adds up", "money: everything adds up", "bookings: everything adds up"],
    )
    await database.credit_accounts._collection.update_one({}, {"$inc": {"free": 2}})
    code, out, _ = await command("recount", "--json")
    assert (code, len(json.loads(out)["credits"])) == (1, 1)
    code, out, _ = await command("recount")
    assert (code, "credits\tperson" in out) == (1, True)
    code, out, _ = await command("recount", "--repair")
    assert code == 0
    assert f"repaired: person {person.id} has 5 free credits by the entries, not 7" in out
    assert (await command("recount")).code == 0
