"""An outbox between scripted companies: what a test sees of everything said to the outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_companies import ScriptedCarrier, ScriptedMail
from thserver.domain.outbox import LetterDraft, OutboxRow
from thserver.sealing import Sealer
from thserver.services.background import Background
from thserver.services.outbox import Outbox

SECRET = "a-secret-for-tests-only"
PHONE = "+12025550123"


@dataclass
class Post:
    """The outbox, its companies, and short ways to use it."""

    outbox: Outbox
    carrier: ScriptedCarrier
    mail: ScriptedMail
    background: Background
    database: Database
    clock: FakeClock

    async def text(self, key: str = "notice:1", **known: Any) -> bool:
        return await self.outbox.add_text(
            **{
                "key": key,
                "to": PHONE,
                "person_id": None,
                "body": "Hello there",
                "purpose": "notice",
                **known,
            }
        )

    async def letter(self, key: str = "letter:1", **known: Any) -> bool:
        return await self.outbox.add_letter(
            **{
                "key": key,
                "to": "cam@example.com",
                "person_id": None,
                "template": "hero_accepted",
                "facts": {"title": "REST", "link": "https://example.com/tom"},
                **known,
            }
        )

    async def settle(self) -> None:
        """Wait until what was added has been tried."""
        await self.background.idle()

    async def sweep(self, **advance: float) -> int:
        if advance:
            self.clock.advance(**advance)
        done = await self.outbox.deliver_due()
        await self.settle()
        return done

    async def row(self, key: str = "notice:1") -> OutboxRow:
        row = await self.database.outbox.get(key)
        assert row is not None
        return row

    async def state(self, key: str = "notice:1") -> str:
        return (await self.row(key)).state.value


def make_post(
    database: Database,
    clock: FakeClock,
    *,
    carrier: ScriptedCarrier | None = None,
    mail: ScriptedMail | None = None,
) -> Post:
    """Another process on the same database, when it is given the same companies."""
    carrier, mail, background = carrier or ScriptedCarrier(), mail or ScriptedMail(), Background()
    outbox = Outbox(
        database=database,
        clock=clock,
        background=background,
        carrier=cast(Any, carrier),
        mail=mail,
        sealer=Sealer(SECRET),
        web_domain="www.example.com",
    )
    return Post(outbox, carrier, mail, background, database, clock)


def draft(to: str = "cam@example.com") -> LetterDraft:
    return LetterDraft(
        to=to, template="hero_accepted", facts={"title": "REST", "link": "https://example.com/tom"}
    )
