"""The one place where everything is plugged together: what is built from what."""

from __future__ import annotations

from pathlib import Path

from config.settings import Settings
from store.database import Database
from thserver.companies import (
    make_carrier,
    make_clock,
    make_mail,
    make_payments,
    make_records,
    practice_among,
)
from thserver.domain.ports import Carrier, Clock, Mail, Payments
from thserver.gateways.password_hasher import PasswordHasher
from thserver.sealing import Sealer
from thserver.services.all import Services
from thserver.services.availability import AvailabilityService
from thserver.services.background import Background
from thserver.services.blacklist import Blacklist
from thserver.services.booking_recount import BookingRecount
from thserver.services.calendar_feeds import CalendarFeeds
from thserver.services.closing import Closing
from thserver.services.contacts import Contacts
from thserver.services.examples import ExampleMaker
from thserver.services.leases import Leases
from thserver.services.mentors import Mentors
from thserver.services.news import NewsDesk
from thserver.services.person_import import PersonImport
from thserver.services.personal_data import PersonalData
from thserver.services.readiness import Readiness
from thserver.services.request_limits import RequestLimits
from thserver.services.retention import Retention
from thserver.services.sessions import Sessions
from thserver.services.sweeps import Sweeps
from thserver.services.visibility import Visibility
from thserver.wiring_accounts import wire_accounts, wire_sign_in
from thserver.wiring_billing import wire_money, wire_wallet
from thserver.wiring_bookings import wire_bookings
from thserver.wiring_circles import wire_circles
from thserver.wiring_console import wire_console
from thserver.wiring_gatherings import wire_gatherings
from thserver.wiring_meetings import wire_meetings
from thserver.wiring_messages import wire_messages
from thserver.wiring_outbox import wire_outbox
from thserver.wiring_phone import wire_phone
from thserver.wiring_webhooks import wire_webhooks


async def wire(
    settings: Settings,
    database: Database,
    *,
    clock: Clock | None = None,
    carrier: Carrier | None = None,
    payments: Payments | None = None,
    mail: Mail | None = None,
    hasher: PasswordHasher | None = None,
    records_path: Path | None = None,
    practice_speed: float = 1.0,
) -> Services:
    """Everything that the business needs. What is not given is built as the settings say.

    The simulated companies remember in the file `records_path`, or in memory only;
    `practice_speed` is how many seconds of a simulated call pass in one second.
    """
    records = make_records(records_path)
    clock = clock or make_clock(settings, records)
    hasher = hasher or PasswordHasher()
    carrier = carrier or make_carrier(settings, clock, records, speed=practice_speed)
    payments = payments or make_payments(settings, clock, records)
    mail = mail or make_mail(settings, records)
    practice = practice_among(clock, carrier, payments, mail)
    sign_in = wire_sign_in(settings, database, clock=clock, hasher=hasher)
    background = Background()
    news = NewsDesk(database=database, clock=clock, background=background)
    outside = wire_outbox(
        settings,
        database,
        clock=clock,
        background=background,
        carrier=carrier,
        mail=mail,
        news=news,
    )
    outbox = outside.outbox
    accounts = wire_accounts(
        settings,
        database,
        clock=clock,
        background=background,
        sign_in=sign_in,
        outbox=outbox,
    )
    wallet = wire_wallet(settings, database, clock=clock, payments=payments)
    moves, bookings = wire_bookings(settings, database, clock=clock, news=news, wallet=wallet)
    money = wire_money(
        settings,
        database,
        clock=clock,
        background=background,
        payments=payments,
        outbox=outbox,
        wallet=wallet,
        bookings=bookings,
        news=news,
    )
    meeting = wire_meetings(
        settings,
        database,
        clock=clock,
        background=background,
        payments=payments,
        wallet=wallet,
        bookings=bookings,
        moves=moves,
        news=news,
        is_simulated=practice.payments is not None,
    )
    money.card_events.when_other_payment(meeting.purchases.heard)
    visibility = Visibility(database=database)
    closing = Closing(
        database=database,
        clock=clock,
        bookings=bookings,
        news=news,
        codes=accounts.codes,
        token_kinds=accounts.token_kinds,
        media=accounts.media,
    )
    calendar_feeds = CalendarFeeds(database=database, clock=clock, entries=outside.calendar_entries)
    closing.also(calendar_feeds.forget)
    circle = wire_circles(
        settings,
        database,
        clock=clock,
        background=background,
        sign_in=sign_in,
        codes=accounts.codes,
        people=accounts.people,
        confirmations=accounts.confirmations,
        passwords=accounts.passwords,
        media=accounts.media,
        outbox=outbox,
        bookings=bookings,
        calendar=outside.calendar_entries,
        closing=closing,
        token_kinds=accounts.token_kinds,
    )
    availability = AvailabilityService(database=database, clock=clock)
    mentors = Mentors(database=database, availability=availability)
    closing.also(mentors.forget)

    phone = wire_phone(
        settings,
        database,
        clock=clock,
        carrier=carrier,
        background=background,
        billing=money.billing,
    )

    blacklist = Blacklist(database=database, clock=clock, visibility=visibility)
    gatherings = wire_gatherings(
        settings,
        database,
        clock=clock,
        background=background,
        moves=moves,
        news=news,
        outbox=outbox,
        calendar=outside.calendar_entries,
        media=accounts.media,
        blacklist=blacklist,
        closing=closing,
        rooms=phone.rooms,
    )

    messaging = wire_messages(
        settings,
        database,
        clock=clock,
        sign_in=sign_in,
        news=news,
        reminders=outside.reminders,
        conferences=phone.conferences,
        credits=meeting.credits,
        billing=money.billing,
        closing=closing,
    )

    webhook = wire_webhooks(
        settings,
        database,
        clock=clock,
        background=background,
        outbox=outbox,
        news=news,
        conferences=phone.conferences,
        billing=money.billing,
    )

    leases = Leases(database=database, clock=clock)

    console = wire_console(
        settings,
        database,
        clock=clock,
        carrier=carrier,
        background=background,
        sign_in=sign_in,
        codes=accounts.codes,
        outbox=outbox,
        billing=money.billing,
        phone=phone,
    )

    async def close_hasher() -> None:
        hasher.close()

    services = Services(
        clock=clock,
        carrier=carrier,
        readiness=Readiness(database),
        background=background,
        news=news,
        outbox=outbox,
        outbox_desk=console.outbox_desk,
        leases=leases,
        sweeps=Sweeps(database=database, clock=clock, background=background, leases=leases),
        texts=outside.texts,
        letters=outside.letters,
        calendar_feeds=calendar_feeds,
        reminders=outside.reminders,
        practice=practice,
        sign_in=sign_in,
        codes=accounts.codes,
        phone_sign_in=accounts.phone_sign_in,
        people=accounts.people,
        confirmations=accounts.confirmations,
        people_desk=console.people_desk,
        retention=Retention(database=database, clock=clock, keep_days=settings.keep_calls_days),
        person_import=PersonImport(
            database=database, clock=clock, media=accounts.media, categories=meeting.categories
        ),
        personal_data=PersonalData(database=database, sealer=Sealer(settings.secret_key)),
        passwords=accounts.passwords,
        media=accounts.media,
        visibility=visibility,
        contacts=Contacts(database=database, clock=clock, visibility=visibility),
        blacklist=blacklist,
        own_account=accounts.own_account,
        closing=closing,
        heroes=accounts.heroes,
        bookings=bookings,
        usernames=accounts.usernames,
        mentors=mentors,
        availability=availability,
        sessions=Sessions(database=database, clock=clock, availability=availability, bookings=bookings),
        gatherings=gatherings,
        notification_settings=outside.notification_settings,
        categories=meeting.categories,
        skills=meeting.skills,
        weekly_availability=meeting.weekly_availability,
        meetings=meeting.meetings,
        reviews=meeting.reviews,
        credits=meeting.credits,
        purchases=meeting.purchases,
        credit_recount=meeting.recount,
        booking_recount=BookingRecount(database=database, clock=clock),
        request_limits=RequestLimits(clock=clock, limit=settings.limit_requests_per_person_min),
        messages=messaging.messages,
        notifications=messaging.notifications,
        live=messaging.live,
        circle_accounts=circle.accounts,
        circles=circle.circles,
        invitations=circle.invitations,
        death_notices=circle.death_notices,
        wallet=wallet,
        billing=money.billing,
        money_desk=console.money_desk,
        call_stories=console.call_stories,
        overviews=console.overviews,
        card_events=money.card_events,
        admissions=phone.admissions,
        conferences=phone.conferences,
        conference_records=phone.conference_records,
        webhooks=webhook.webhooks,
        webhook_deliveries=webhook.deliveries,
        staff_actions=console.staff_actions,
        dial_outs=console.dial_outs,
        console_live=console.console_live,
        live_rooms=console.live_rooms,
        console_sign_in=console.console_sign_in,
        practice_board=console.practice_board,
        closers=[
            messaging.live.close,
            console.console_live.close,
            webhook.deliveries.close,
            # What is being sent needs the carrier; hanging up may bring work of its own.
            background.close,
            carrier.close,
            background.close,
            close_hasher,
            webhook.sender.close,
            accounts.media.close,
            payments.close,
            mail.close,
        ],
    )
    services.examples = ExampleMaker(database=database, services=services)
    return services
