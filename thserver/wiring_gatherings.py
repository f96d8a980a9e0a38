"""How signing in by phone and gatherings are plugged together; the rest of the house is in `wiring`."""

from __future__ import annotations

from config.settings import Settings
from store.database import Database
from thserver.domain.ports import Clock
from thserver.services.background import Background
from thserver.services.blacklist import Blacklist
from thserver.services.booking_moves import BookingMoves
from thserver.services.calendar_entries import CalendarEntries
from thserver.services.closing import Closing
from thserver.services.gathering_texts import GatheringTexts
from thserver.services.gatherings import Gatherings
from thserver.services.media import Media
from thserver.services.news import NewsDesk
from thserver.services.outbox import Outbox
from thserver.services.rooms import RoomKeeper


def wire_gatherings(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    background: Background,
    moves: BookingMoves,
    news: NewsDesk,
    outbox: Outbox,
    calendar: CalendarEntries,
    media: Media,
    blacklist: Blacklist,
    closing: Closing,
    rooms: RoomKeeper,
) -> Gatherings:
    texts = GatheringTexts(
        database=database,
        clock=clock,
        outbox=outbox,
        calendar=calendar,
        conference_number=settings.conference_number,
        secret_key=settings.secret_key,
        limit_per_person=settings.limit_invitation_texts_per_person_hour,
    )
    gatherings = Gatherings(
        database=database,
        clock=clock,
        background=background,
        moves=moves,
        news=news,
        media=media,
        blacklist=blacklist,
        rooms=rooms,
        texts=texts,
        secret_key=settings.secret_key,
    )
    news.subscribe(texts.heard)
    media.shown_as("logo", gatherings.logos_in_use)
    closing.also(gatherings.closed)
    return gatherings
