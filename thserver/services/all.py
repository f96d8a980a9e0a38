"""The services of the business, by name: what the ways in (HTTP, phone, clock) are handed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from thserver.domain.ports import Carrier, Clock
from thserver.services.admissions import Admissions
from thserver.services.availability import AvailabilityService
from thserver.services.background import Background
from thserver.services.billing import Billing
from thserver.services.blacklist import Blacklist
from thserver.services.booking_recount import BookingRecount
from thserver.services.bookings import BookingService
from thserver.services.calendar_feeds import CalendarFeeds
from thserver.services.call_story import CallStories
from thserver.services.card_events import CardEventDesk
from thserver.services.categories import CategoryService
from thserver.services.circle_accounts import CircleAccounts
from thserver.services.circles import Circles
from thserver.services.closing import Closing
from thserver.services.codes import Codes
from thserver.services.conference_records import ConferenceRecords
from thserver.services.conferences import Conferences
from thserver.services.confirmation_letters import ConfirmationLetters
from thserver.services.console_live import ConsoleLive
from thserver.services.console_sign_in import ConsoleSignIn
from thserver.services.contacts import Contacts
from thserver.services.credit_recount import CreditRecount
from thserver.services.credits import Credits
from thserver.services.death_notices import DeathNotices
from thserver.services.dial_outs import DialOuts
from thserver.services.examples import ExampleMaker
from thserver.services.gatherings import Gatherings
from thserver.services.heroes import Heroes
from thserver.services.invitations import Invitations
from thserver.services.leases import Leases
from thserver.services.letters import Letters
from thserver.services.live import Live
from thserver.services.live_rooms import LiveRooms
from thserver.services.media import Media
from thserver.services.meetings import Meetings
from thserver.services.mentors import Mentors
from thserver.services.messages import Messages
from thserver.services.money_desk import MoneyDesk
from thserver.services.news import NewsDesk
from thserver.services.notification_settings import NotificationSettingsService
from thserver.services.notifications import Notifications
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
from thserver.services.purchases import Purchases
from thserver.services.readiness import Readiness
from thserver.services.reminders import Reminders
from thserver.services.request_limits import RequestLimits
from thserver.services.retention import Retention
from thserver.services.reviews import Reviews
from thserver.services.sessions import Sessions
from thserver.services.sign_in import SignIn
from thserver.services.skills import Skills
from thserver.services.staff_actions import StaffActions
from thserver.services.sweeps import Sweeps
from thserver.services.texts import Texts
from thserver.services.usernames import Usernames
from thserver.services.visibility import Visibility
from thserver.services.wallet import Wallet
from thserver.services.webhook_deliveries import WebhookDeliveries
from thserver.services.webhooks import Webhooks
from thserver.services.weekly_availability import WeeklyAvailabilityService


@dataclass(kw_only=True)
class Services:
    clock: Clock
    # Its account and tokens are what its webhooks are checked with.
    carrier: Carrier
    readiness: Readiness
    background: Background
    leases: Leases
    sweeps: Sweeps
    news: NewsDesk
    outbox: Outbox
    outbox_desk: OutboxDesk
    texts: Texts
    letters: Letters
    calendar_feeds: CalendarFeeds
    reminders: Reminders
    sign_in: SignIn
    codes: Codes
    phone_sign_in: PhoneSignIn
    people: People
    confirmations: ConfirmationLetters
    people_desk: PeopleDesk
    personal_data: PersonalData
    person_import: PersonImport
    retention: Retention
    passwords: Passwords
    media: Media
    visibility: Visibility
    contacts: Contacts
    blacklist: Blacklist
    own_account: OwnAccount
    closing: Closing
    heroes: Heroes
    bookings: BookingService
    usernames: Usernames
    mentors: Mentors
    availability: AvailabilityService
    sessions: Sessions
    gatherings: Gatherings
    notification_settings: NotificationSettingsService
    categories: CategoryService
    skills: Skills
    weekly_availability: WeeklyAvailabilityService
    meetings: Meetings
    reviews: Reviews
    credits: Credits
    purchases: Purchases
    credit_recount: CreditRecount
    booking_recount: BookingRecount
    request_limits: RequestLimits
    messages: Messages
    notifications: Notifications
    live: Live
    circle_accounts: CircleAccounts
    circles: Circles
    invitations: Invitations
    death_notices: DeathNotices
    wallet: Wallet
    billing: Billing
    money_desk: MoneyDesk
    call_stories: CallStories
    overviews: Overviews
    card_events: CardEventDesk
    admissions: Admissions
    conferences: Conferences
    conference_records: ConferenceRecords
    webhooks: Webhooks
    webhook_deliveries: WebhookDeliveries
    staff_actions: StaffActions
    dial_outs: DialOuts
    live_rooms: LiveRooms
    console_live: ConsoleLive
    console_sign_in: ConsoleSignIn
    practice_board: PracticeBoard
    # The simulated companies, for practice phones and tests; typed loosely because gateways are not our business.
    practice: Any = None
    # Works with the other services, so it comes last.
    examples: ExampleMaker = field(init=False)
    # What must be closed at the end, in this order.
    closers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def close(self) -> None:
        for closer in self.closers:
            await closer()
