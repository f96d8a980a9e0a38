"""What of letters is shown again: never what opens something, wherever in it that stands."""

from __future__ import annotations

import json
from typing import Any

from store.database import Database
from tests.makers import make_person, register_person
from tests.outbox_makers import SECRET
from thserver.sealing import Sealer
from thserver.services.all import Services
from thserver.services.personal_data import PersonalData

TOKEN = "k3y0fth3h0us3"


async def outbox_of(services: Services, person_id: int) -> list[dict[str, Any]]:
    subject = await services.personal_data.subject(person_id)
    (rows,) = [part.rows async for part in services.personal_data.parts(subject) if part.name == "outbox"]
    return rows


async def test_a_token_is_taken_out_of_every_fact_and_a_pin_out_of_every_word(services: Services) -> None:
    person = await make_person(services)
    await services.outbox.add_letter(
        key="invitation",
        to=person.email or "",
        person_id=None,
        template="circle_invitation",
        facts={
            "token": TOKEN,
            "link": f"https://www.example.com/invitations/{TOKEN}",
            "deep": [{"pin": "482913", "tap": "tel:+12025550100,,482913#"}],
        },
    )
    await services.background.idle()
    (row,) = [row for row in await outbox_of(services, person.id) if row["id"] == "invitation"]
    assert row["facts"] == {
        "link": "https://www.example.com/invitations/······",
        "deep": [{"tap": "tel:+12025550100,,······#"}],
    }
    whole = json.dumps(await outbox_of(services, person.id))
    assert TOKEN not in whole
    assert "482913" not in whole


async def test_what_was_sealed_under_another_key_is_said_to_be_so(
    services: Services, database: Database
) -> None:
    person = await make_person(services)
    await services.outbox.add_text(
        key="notice:1", to=person.phone or "", person_id=person.id, body="Hello", purpose="notice"
    )
    other = PersonalData(database=database, sealer=Sealer(f"not {SECRET}"))
    subject = await other.subject(person.id)
    parts = {part.name: part.rows async for part in other.parts(subject)}
    (row,) = [row for row in parts["outbox"] if row["id"] == "notice:1"]
    assert row["left_out"] == "sealed under another SECRET_KEY"
    assert "body" not in row


async def test_letters_about_the_account_are_there_without_their_words(services: Services) -> None:
    person = await register_person(services)
    rows = [row for row in await outbox_of(services, person.id) if row["purpose"] == "account"]
    assert rows
    assert not any("facts" in row or "body" in row for row in rows)
