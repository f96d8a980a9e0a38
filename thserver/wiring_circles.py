"""How trusted circles and notices of passing are plugged together; the rest of the house is in `wiring`."""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import Settings
from store.database import Database
from thserver.domain.ports import Clock
from thserver.services.background import Background
from thserver.services.bookings import BookingService
from thserver.services.calendar_entries import CalendarEntries
from thserver.services.circle_accounts import CircleAccounts
from thserver.services.circles import Circles
from thserver.services.closing import Closing
from thserver.services.codes import Codes, TokenKinds
from thserver.services.confirmation_letters import ConfirmationLetters
from thserver.services.death_notices import DeathNotices
from thserver.services.invitations import Invitations
from thserver.services.media import Media
from thserver.services.notice_letters import NoticeLetters
from thserver.services.outbox import Outbox
from thserver.services.passwords import Passwords
from thserver.services.people import People
from thserver.services.sign_in import SignIn


@dataclass(frozen=True, kw_only=True)
class CircleServices:
    accounts: CircleAccounts
    circles: Circles
    invitations: Invitations
    death_notices: DeathNotices


def wire_circles(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    background: Background,
    sign_in: SignIn,
    codes: Codes,
    people: People,
    confirmations: ConfirmationLetters,
    passwords: Passwords,
    media: Media,
    outbox: Outbox,
    bookings: BookingService,
    calendar: CalendarEntries,
    closing: Closing,
    token_kinds: TokenKinds,
) -> CircleServices:
    circles = Circles(database=database, outbox=outbox, secret_key=settings.secret_key)
    invitations = Invitations(
        database=database,
        clock=clock,
        background=background,
        outbox=outbox,
        circles=circles,
        secret_key=settings.secret_key,
        web_domain=settings.web_domain,
        limit_per_person=settings.limit_invitations_per_person_day,
    )
    death_notices = DeathNotices(
        database=database,
        clock=clock,
        background=background,
        circles=circles,
        bookings=bookings,
        letters=NoticeLetters(
            database=database,
            outbox=outbox,
            calendar=calendar,
            web_domain=settings.web_domain,
            conference_number=settings.conference_number,
            secret_key=settings.secret_key,
        ),
    )
    circles.on_left(death_notices.left)
    sign_in.on_sign_in(death_notices.signed_in)
    # First the notices that this person has begun, while it can still be seen where he belongs.
    closing.also(death_notices.closed)
    closing.also(circles.closed)
    return CircleServices(
        accounts=CircleAccounts(
            database=database,
            clock=clock,
            background=background,
            sign_in=sign_in,
            codes=codes,
            people=people,
            confirmations=confirmations,
            passwords=passwords,
            media=media,
            outbox=outbox,
            invitations=invitations,
            closing=closing,
            token_kinds=token_kinds,
            web_domain=settings.web_domain,
        ),
        circles=circles,
        invitations=invitations,
        death_notices=death_notices,
    )
