"""The one place where everything is plugged together: what is built from what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from config.settings import Settings
from store.database import Database
from thserver.companies import Practice, make_carrier, make_clock, make_mail, make_payments, make_records
from thserver.domain.bookings import Kind
from thserver.domain.notification_settings import SESSION_LEADS_IN_MIN
from thserver.domain.ports import Carrier, Clock, Mail, Payments
from thserver.gateways.clock import PracticeClock
from thserver.gateways.images import Images
from thserver.gateways.password_hasher import PasswordHasher
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.gateways.simulated_payments import SimulatedPayments
from thserver.sealing import Sealer
from thserver.services.all import Services
from thserver.services.availability import AvailabilityService
from thserver.services.background import Background
from thserver.services.blacklist import Blacklist
from thserver.services.booking_moves import BookingMoves
from thserver.services.booking_recount import BookingRecount
from thserver.services.bookings import BookingService
from thserver.services.calendar_entries import CalendarEntries
from thserver.services.calendar_feeds import CalendarFeeds
from thserver.services.call_story import CallStories
from thserver.services.cancellations import Cancellations
from thserver.services.closing import Closing
from thserver.services.codes import Codes, TokenKinds
from thserver.services.console_live import ConsoleLive
from thserver.services.console_sign_in import ConsoleSignIn
from thserver.services.contacts import Contacts
from thserver.services.dial_outs import DialOuts
from thserver.services.examples import ExampleMaker
from thserver.services.heroes import Heroes
from thserver.services.leases import Leases
from thserver.services.letters import Letters
from thserver.services.live_rooms import LiveRooms
from thserver.services.media import Media
from thserver.services.mentors import Mentors
from thserver.services.money_desk import MoneyDesk
from thserver.services.news import NewsDesk
from thserver.services.notification_settings import NotificationSettingsService
from thserver.services.outbox import Outbox
from thserver.services.outbox_desk import OutboxDesk
from thserver.services.overview import Overviews
from thserver.services.own_account import OwnAccount
from thserver.services.passwords import Passwords
from thserver.services.people import People
from thserver.services.people_desk import PeopleDesk
from thserver.services.person_import import PersonImport
from thserver.services.personal_data import PersonalData
from thserver.services.phone_sign_in import PhoneSignIn
from thserver.services.practice_board import PracticeBoard
from thserver.services.readiness import Readiness
from thserver.services.reminders import Reminders
from thserver.services.request_limits import RequestLimits
from thserver.services.retention import Retention
from thserver.services.sessions import Sessions
from thserver.services.sign_in import SignIn
from thserver.services.staff_actions import StaffActions
from thserver.services.sweeps import Sweeps
from thserver.services.texts import Texts
from thserver.services.usernames import Usernames
from thserver.services.visibility import Visibility
from thserver.wiring_billing import wire_money, wire_wallet
from thserver.wiring_circles import wire_circles
from thserver.wiring_gatherings import wire_gatherings
from thserver.wiring_meetings import wire_meetings
from thserver.wiring_messages import wire_messages
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
    practice = Practice(
        clock=clock if isinstance(clock, PracticeClock) else None,
        carrier=carrier if isinstance(carrier, SimulatedCarrier) else None,
        payments=payments if isinstance(payments, SimulatedPayments) else None,
        mail=mail if isinstance(mail, SimulatedMail) else None,
    )
    sign_in = SignIn(
        database=database,
        clock=clock,
        hasher=hasher,
        token_life=timedelta(days=settings.auth_token_exp_in_days),
        limit_per_address=settings.limit_auth_per_address_min,
    )
    background = Background()
    news = NewsDesk(database=database, clock=clock, background=background)
    outbox = Outbox(
        database=database,
        clock=clock,
        background=background,
        carrier=carrier,
        mail=mail,
        sealer=Sealer(settings.secret_key),
        web_domain=settings.web_domain,
    )
    texts = Texts(
        database=database,
        clock=clock,
        outbox=outbox,
        web_domain=settings.web_domain,
        contact="" if settings.server_email.startswith("no-reply@") else settings.server_email,
        conference_number=settings.conference_number,
        admit_after=timedelta(minutes=settings.admit_after_min),
    )
    notification_settings = NotificationSettingsService(database=database)
    calendar_entries = CalendarEntries(
        clock=clock,
        organizer=settings.sender,
        conference_number=settings.conference_number,
        secret_key=settings.secret_key,
    )
    letters = Letters(
        database=database,
        outbox=outbox,
        calendar=calendar_entries,
        wishes=notification_settings,
        web_domain=settings.web_domain,
        conference_number=settings.conference_number,
        secret_key=settings.secret_key,
    )
    news.subscribe(letters.heard)
    reminders = Reminders(
        database=database,
        clock=clock,
        outbox=outbox,
        wishes=notification_settings,
        leads_in_min={Kind.SESSION: SESSION_LEADS_IN_MIN},
        other_leads_in_min=(settings.sms_reminder_time_in_min,),
        grace=timedelta(minutes=settings.admit_after_min),
        conference_number=settings.conference_number,
        secret_key=settings.secret_key,
    )
    news.subscribe(reminders.heard)
    codes = Codes(
        database=database,
        clock=clock,
        sender=outbox,
        secret_key=settings.secret_key,
        web_domain=settings.web_domain,
        countries=settings.sms_countries,
        limit_per_phone=settings.limit_codes_per_phone_hour,
        limit_per_address=settings.limit_codes_per_address_hour,
        limit_in_all=settings.limit_codes_all_hour,
    )
    token_kinds = TokenKinds.lasting(timedelta(days=settings.verification_token_exp_in_days))
    heroes = Heroes(
        database=database,
        clock=clock,
        background=background,
        outbox=outbox,
        web_domain=settings.web_domain,
    )
    database.people.base_url = settings.base_url
    media = Media(database=database, clock=clock, images=Images())
    people = People(
        database=database,
        clock=clock,
        sign_in=sign_in,
        codes=codes,
        heroes=heroes,
        outbox=outbox,
        media=media,
        token_kinds=token_kinds,
        web_domain=settings.web_domain,
        reveal_codes=settings.debug,
    )
    passwords = Passwords(
        database=database,
        clock=clock,
        sign_in=sign_in,
        codes=codes,
        outbox=outbox,
        token_kinds=token_kinds,
        web_domain=settings.web_domain,
    )
    wallet = wire_wallet(settings, database, clock=clock, payments=payments)
    moves = BookingMoves(database=database, clock=clock, news=news, secret_key=settings.secret_key)
    bookings = BookingService(
        database=database,
        clock=clock,
        moves=moves,
        cancellations=Cancellations(database=database, clock=clock, allowed=settings.allowed_cancelations),
        cards=wallet,
        cancellation_fee_in_cents=settings.cancelation_fee_in_cents,
        admit_after=timedelta(minutes=settings.admit_after_min),
    )
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
        codes=codes,
        token_kinds=token_kinds,
        media=media,
    )
    calendar_feeds = CalendarFeeds(database=database, clock=clock, entries=calendar_entries)
    closing.also(calendar_feeds.forget)
    circle = wire_circles(
        settings,
        database,
        clock=clock,
        background=background,
        sign_in=sign_in,
        codes=codes,
        people=people,
        passwords=passwords,
        media=media,
        outbox=outbox,
        bookings=bookings,
        calendar=calendar_entries,
        closing=closing,
        token_kinds=token_kinds,
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
        calendar=calendar_entries,
        media=media,
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
        reminders=reminders,
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

    staff_actions = StaffActions(database=database, clock=clock)

    dial_outs = DialOuts(database=database, clock=clock, carrier=carrier, admissions=phone.admissions)

    console_live = ConsoleLive(database=database, sign_in=sign_in)

    async def close_hasher() -> None:
        hasher.close()

    services = Services(
        clock=clock,
        carrier=carrier,
        readiness=Readiness(database),
        background=background,
        news=news,
        outbox=outbox,
        outbox_desk=OutboxDesk(database=database, clock=clock, outbox=outbox),
        leases=leases,
        sweeps=Sweeps(database=database, clock=clock, background=background, leases=leases),
        texts=texts,
        letters=letters,
        calendar_feeds=calendar_feeds,
        reminders=reminders,
        practice=practice,
        sign_in=sign_in,
        codes=codes,
        phone_sign_in=PhoneSignIn(
            database=database,
            clock=clock,
            codes=codes,
            sign_in=sign_in,
            media=media,
            takes_master_code=settings.debug,
        ),
        people=people,
        people_desk=PeopleDesk(database=database, clock=clock),
        retention=Retention(database=database, clock=clock, keep_days=settings.keep_calls_days),
        person_import=PersonImport(
            database=database, clock=clock, media=media, categories=meeting.categories
        ),
        personal_data=PersonalData(database=database, sealer=Sealer(settings.secret_key)),
        passwords=passwords,
        media=media,
        visibility=visibility,
        contacts=Contacts(database=database, clock=clock, visibility=visibility),
        blacklist=blacklist,
        own_account=OwnAccount(people=people, media=media),
        closing=closing,
        heroes=heroes,
        bookings=bookings,
        usernames=Usernames(database=database, clock=clock, sign_in=sign_in, people=people, media=media),
        mentors=mentors,
        availability=availability,
        sessions=Sessions(database=database, clock=clock, availability=availability, bookings=bookings),
        gatherings=gatherings,
        notification_settings=notification_settings,
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
        money_desk=MoneyDesk(database=database, payouts=money.billing.payouts),
        call_stories=CallStories(database=database, people=PeopleDesk(database=database, clock=clock)),
        overviews=Overviews(database=database, clock=clock),
        card_events=money.card_events,
        admissions=phone.admissions,
        conferences=phone.conferences,
        conference_records=phone.conference_records,
        webhooks=webhook.webhooks,
        webhook_deliveries=webhook.deliveries,
        staff_actions=staff_actions,
        dial_outs=dial_outs,
        console_live=console_live,
        live_rooms=LiveRooms(
            database=database,
            clock=clock,
            carrier=carrier,
            staff_actions=staff_actions,
            dial_outs=dial_outs,
            window=phone.window,
            secret_key=settings.secret_key,
        ),
        console_sign_in=ConsoleSignIn(
            database=database,
            background=background,
            codes=codes,
            sign_in=sign_in,
            staff_actions=staff_actions,
        ),
        practice_board=PracticeBoard(database=database, clock=clock, window=phone.window),
        closers=[
            messaging.live.close,
            console_live.close,
            webhook.deliveries.close,
            # What is being sent needs the carrier; hanging up may bring work of its own.
            background.close,
            carrier.close,
            background.close,
            close_hasher,
            webhook.sender.close,
            media.close,
            payments.close,
            mail.close,
        ],
    )
    services.examples = ExampleMaker(database=database, services=services)
    return services
