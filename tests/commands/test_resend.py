"""`thserver resend`: lists what could not be said, and says it again."""

from __future__ import annotations

import json

import pytest

from store.database import Database
from tests.commands.conftest import Command
from tests.outbox_makers import PHONE, SECRET
from thserver.domain.outbox import OutboxKind, OutboxRow, OutboxState, Purpose, ref_of
from thserver.sealing import Sealer
from thserver.services.all import Services


async def row(services: Services, database: Database, key: str, **known: object) -> None:
    now = services.clock.now()
    facts = {
        "key": key,
        "ref": ref_of(key),
        "kind": OutboxKind.TEXT,
        "state": OutboxState.DEAD,
        "purpose": Purpose.NOTICE,
        "to": PHONE,
        "person_id": None,
        "sealed": Sealer(SECRET).seal({"body": "Hello there"}),
        "due": now,
        "created": now,
        "updated": now,
        **known,
    }
    await database.outbox.add(OutboxRow(**facts))  # type: ignore[arg-type]


async def state(database: Database, key: str) -> str:
    found = await database.outbox.get(key)
    assert found is not None
    return found.state.value


async def test_what_could_not_be_said_is_listed_and_said_again(
    services: Services, database: Database, command: Command
) -> None:
    await row(services, database, "notice:1", state=OutboxState.FAILED, reason="30003")
    await row(services, database, "notice:2", state=OutboxState.DONE)
    code, out, _ = await command("resend")
    assert code == 0
    assert [line.split("\t")[:5] for line in out.splitlines()[1:]] == [
        ["notice:1", "text", "failed", "30003", "xxx-xxx-0123"]
    ]
    assert (await command("resend", "notice:1"))[:2] == (0, "notice:1: sent.\n")
    assert await state(database, "notice:1") == "done"
    (action,) = (await services.staff_actions.page()).actions
    assert (action.action, action.details["key"], action.state) == ("send again", "notice:1", "done")


async def test_all_that_is_dead_of_one_kind_is_sent_again(
    services: Services, database: Database, command: Command
) -> None:
    for number in range(3):
        await row(services, database, f"notice:{number}")
    await row(services, database, "letter:1", kind=OutboxKind.LETTER, to="cam@example.com")
    code, out, _ = await command("resend", "--all-dead", "--kind", "text", "--json")
    assert (code, json.loads(out)) == (0, {"done": 3})
    assert await state(database, "letter:1") == "dead"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nothing:1",), 1, "nothing in the outbox"),
        (("done:1",), 1, "done:1 is done"),
        (("code:1",), 1, "was a code"),
        (("done:1", "--kind", "text"), 2, "--kind goes with"),
        (("done:1", "--all-dead"), 2, "not allowed with"),
        (("--kind", "pigeon"), 2, "invalid choice"),
    ],
)
async def test_what_cannot_be_sent_again_is_said_in_a_sentence(
    services: Services, database: Database, command: Command, words: tuple[str, ...], code: int, said: str
) -> None:
    await row(services, database, "done:1", state=OutboxState.DONE)
    await row(services, database, "code:1", state=OutboxState.FAILED, purpose=Purpose.CODE, sealed=None)
    printed = await command("resend", *words)
    assert (printed.code, said in printed.err, "Traceback" in printed.err) == (code, True, False)
