"""Everything that is kept about one person, part by part, without any secret."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from store.database import Database
from store.personal_data import HELD, Holding, without
from store.personal_data_shapes import Subject, shown
from thserver.domain.errors import NotFound
from thserver.domain.outbox import ALWAYS_SAID, OutboxKind, Purpose
from thserver.sealing import Sealer, Unreadable

# Facts of letters that open something; their values are taken out of all other facts, too.
SECRET_FACTS = frozenset({"token", "invite_token", "pin", "code", "secret", "calendar"})
HIDDEN = "······"
# A PIN in a text, and in what a telephone dials.
SIX_DIGITS = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")
NO_BODY = "left out: it held a code or a link that opens the account"
UNREADABLE = "sealed under another SECRET_KEY"


@dataclass(frozen=True, slots=True)
class Part:
    """One collection's part: for JSON, every row with its `id`."""

    name: str
    about: str
    rows: list[dict[str, Any]]


class PersonalData:
    def __init__(self, *, database: Database, sealer: Sealer) -> None:
        self._data = database.personal_data
        self._sealer = sealer

    @staticmethod
    def part_names() -> list[str]:
        return [name for name, held in HELD.items() if isinstance(held, Holding)]

    @staticmethod
    def left_out() -> dict[str, str]:
        """What is not exported, with the reason."""
        return dict(without())

    async def subject(self, person_id: int) -> Subject:
        """Raises NotFound."""
        subject = await self._data.subject(person_id)
        if subject is None:
            raise NotFound
        return subject

    async def parts(self, subject: Subject) -> AsyncIterator[Part]:
        """Every part, also those with nothing in them."""
        for name in self.part_names():
            held = HELD[name]
            assert isinstance(held, Holding)
            rows = await self._data.part(subject, name)
            if name == "outbox":
                rows = [{**row, **self._contents(row)} for row in rows]
            yield Part(name, held.about, [shown(row) for row in rows])

    async def pictures(self, subject: Subject) -> AsyncIterator[tuple[str, bytes]]:
        """Name and content of each, after all parts were read."""
        async for picture in self._data.pictures(subject):
            yield picture

    async def counts(self, person_id: int) -> dict[str, int]:
        """How much there is in each part."""
        subject = await self.subject(person_id)
        return {part.name: len(part.rows) async for part in self.parts(subject)}

    def _contents(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What was said, as far as it may be read again."""
        if row.get("sealed") is None or row["purpose"] in ALWAYS_SAID or row["purpose"] == Purpose.CODE:
            return {"left_out": NO_BODY}
        try:
            content = self._sealer.open(row["sealed"])
        except Unreadable:
            return {"left_out": UNREADABLE}
        if row["kind"] == OutboxKind.TEXT:
            return {"body": SIX_DIGITS.sub(HIDDEN, content["body"])}
        facts = content.get("facts", {})
        secrets = [str(facts[name]) for name in SECRET_FACTS if facts.get(name)]
        return {"template": content.get("template"), "facts": _clean(facts, secrets)}


def _clean(value: Any, secrets: list[str]) -> Any:
    match value:
        case dict():
            return {name: _clean(item, secrets) for name, item in value.items() if name not in SECRET_FACTS}
        case list() | tuple():
            return [_clean(item, secrets) for item in value]
        case str():
            for secret in secrets:
                value = value.replace(secret, HIDDEN)
            return SIX_DIGITS.sub(HIDDEN, value)
        case _:
            return value
