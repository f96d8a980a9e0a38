"""How everything about ringing phones is plugged together; the rest of the house is in `wiring`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from config.settings import Settings
from store.database import Database
from thserver.domain.admissions import Window
from thserver.domain.ports import Carrier, Clock
from thserver.services.admissions import Admissions
from thserver.services.background import Background
from thserver.services.billing import Billing
from thserver.services.conference_records import ConferenceRecords
from thserver.services.conferences import Conferences
from thserver.services.rooms import RoomKeeper


@dataclass(frozen=True, kw_only=True)
class Phone:
    rooms: RoomKeeper
    admissions: Admissions
    conferences: Conferences
    conference_records: ConferenceRecords
    window: Window


def wire_phone(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    carrier: Carrier,
    background: Background,
    billing: Billing,
) -> Phone:
    """Who is let in, what is told of conferences, and what is looked up of them."""
    longest = timedelta(minutes=settings.max_conference_call_time_in_min)
    rooms = RoomKeeper(database=database, clock=clock, carrier=carrier, longest=longest)
    conferences = Conferences(database=database, clock=clock, background=background, rooms=rooms)
    conferences.on_ended(lambda: background.soon("settle-calls", billing.settle_due))
    window = Window(
        before=timedelta(minutes=settings.admit_before_min),
        after=timedelta(minutes=settings.admit_after_min),
    )
    return Phone(
        window=window,
        rooms=rooms,
        conferences=conferences,
        conference_records=ConferenceRecords(
            database=database, clock=clock, carrier=carrier, conferences=conferences, longest=longest
        ),
        admissions=Admissions(
            database=database,
            clock=clock,
            carrier=carrier,
            background=background,
            rooms=rooms,
            secret_key=settings.secret_key,
            window=window,
            longest=longest,
        ),
    )
