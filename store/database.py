"""Every collection of the service, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from store.admissions import Admissions
from store.availability import Availability
from store.blacklist import Blacklist
from store.booking_pages import BookingPages
from store.bookings import Bookings
from store.calendar_feeds import CalendarFeeds
from store.calls import Calls
from store.card_events import CardEvents
from store.categories import Categories
from store.changes import (
    CONSOLE_PIPELINE,
    PIPELINE,
    Changes,
    console_change_of,
    item_of,
)
from store.charges import Charges
from store.circle_profiles import CircleProfiles
from store.closings import Closings
from store.codes import Codes
from store.collection import Collection, translated
from store.conference_events import ConferenceEvents
from store.conferences import Conferences
from store.contacts import Contacts
from store.credit_accounts import CreditAccounts
from store.credit_repairs import CreditRepairs
from store.credits import Credits
from store.death_notices import DeathNotices
from store.dial_outs import DialOuts
from store.friendships import Friendships
from store.gatherings import Gatherings
from store.heroes import Heroes
from store.leases import Leases
from store.ledger import Ledger
from store.limits import Limits
from store.mailboxes import Mailboxes
from store.media import Media, MediaChunks, MediaFiles
from store.mentor_profiles import MenteeProfiles, MentorProfiles
from store.messages import Messages
from store.notification_settings import NotificationSettingsOfPeople
from store.notifications import Notifications
from store.numbers import Numbers
from store.old_rows import OldRows
from store.opt_outs import OptOuts
from store.outbox import Outbox
from store.payouts import Payouts
from store.people import People
from store.person_imports import PersonImports
from store.personal_data import PersonalData
from store.purchases import Purchases
from store.recounts import Recounts
from store.reviews import Reviews
from store.rooms import Rooms
from store.skills import Skills
from store.staff_actions import StaffActions
from store.sweep_runs import SweepRuns
from store.text_events import TextEvents
from store.wallets import Wallets
from store.webhook_deliveries import WebhookDeliveries
from store.webhook_endpoints import WebhookEndpoints
from store.webhook_events import WebhookEvents
from store.weekly_availability import WeeklyAvailability
from thserver.domain.messages import Item
from thserver.domain.staff_actions import ConsoleChange

COLLECTIONS: dict[str, type[Collection]] = {
    "people": People,
    "closings": Closings,
    "numbers": Numbers,
    "limits": Limits,
    "leases": Leases,
    "sweep_runs": SweepRuns,
    "recounts": Recounts,
    "codes": Codes,
    "heroes": Heroes,
    "bookings": Bookings,
    "outbox": Outbox,
    "opt_outs": OptOuts,
    "text_events": TextEvents,
    "charges": Charges,
    "ledger": Ledger,
    "payouts": Payouts,
    "wallets": Wallets,
    "card_events": CardEvents,
    "calls": Calls,
    "calendar_feeds": CalendarFeeds,
    "conferences": Conferences,
    "conference_events": ConferenceEvents,
    "rooms": Rooms,
    "dial_outs": DialOuts,
    "contacts": Contacts,
    "blacklist": Blacklist,
    "circle_profiles": CircleProfiles,
    "friendships": Friendships,
    "death_notices": DeathNotices,
    "media": Media,
    "media_files": MediaFiles,
    "media_chunks": MediaChunks,
    "mentor_profiles": MentorProfiles,
    "mentee_profiles": MenteeProfiles,
    "availability": Availability,
    "notification_settings": NotificationSettingsOfPeople,
    "credits": Credits,
    "credit_accounts": CreditAccounts,
    "purchases": Purchases,
    "categories": Categories,
    "skills": Skills,
    "weekly_availability": WeeklyAvailability,
    "reviews": Reviews,
    "messages": Messages,
    "notifications": Notifications,
    "mailboxes": Mailboxes,
    "webhook_endpoints": WebhookEndpoints,
    "webhook_events": WebhookEvents,
    "webhook_deliveries": WebhookDeliveries,
    "staff_actions": StaffActions,
}


@dataclass
class Database:
    """The collections by name, and what concerns all of them."""

    people: People
    closings: Closings
    numbers: Numbers
    limits: Limits
    leases: Leases
    sweep_runs: SweepRuns
    recounts: Recounts
    codes: Codes
    heroes: Heroes
    bookings: Bookings
    outbox: Outbox
    opt_outs: OptOuts
    text_events: TextEvents
    charges: Charges
    ledger: Ledger
    payouts: Payouts
    wallets: Wallets
    card_events: CardEvents
    calls: Calls
    calendar_feeds: CalendarFeeds
    conferences: Conferences
    conference_events: ConferenceEvents
    rooms: Rooms
    dial_outs: DialOuts
    contacts: Contacts
    blacklist: Blacklist
    circle_profiles: CircleProfiles
    friendships: Friendships
    death_notices: DeathNotices
    media: Media
    media_files: MediaFiles
    media_chunks: MediaChunks
    mentor_profiles: MentorProfiles
    mentee_profiles: MenteeProfiles
    availability: Availability
    notification_settings: NotificationSettingsOfPeople
    credits: Credits
    credit_accounts: CreditAccounts
    purchases: Purchases
    categories: Categories
    skills: Skills
    weekly_availability: WeeklyAvailability
    reviews: Reviews
    messages: Messages
    notifications: Notifications
    mailboxes: Mailboxes
    webhook_endpoints: WebhookEndpoints
    webhook_events: WebhookEvents
    webhook_deliveries: WebhookDeliveries
    staff_actions: StaffActions
    admissions: Admissions
    gatherings: Gatherings
    booking_pages: BookingPages
    credit_repairs: CreditRepairs
    personal_data: PersonalData
    person_imports: PersonImports
    old_rows: OldRows

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], name: str) -> None:
        self._client = client
        self._database: AsyncDatabase[dict[str, Any]] = client[name]
        for attribute, collection in COLLECTIONS.items():
            setattr(self, attribute, collection(self._database))
        self.admissions = Admissions(self._database)
        self.gatherings = Gatherings(self._database)
        self.booking_pages = BookingPages(self._database)
        self.credit_repairs = CreditRepairs(self._database)
        self.old_rows = OldRows(self._database)
        self.person_imports = PersonImports(self._database)
        self.personal_data = PersonalData(
            self._database, {name: collection.name for name, collection in COLLECTIONS.items()}
        )

    def changes(self) -> Changes[Item]:
        """A new reader of what is written from now on."""
        return Changes(self._database, PIPELINE, item_of)

    def console_changes(self) -> Changes[ConsoleChange]:
        """The same of what staff look at."""
        return Changes(self._database, CONSOLE_PIPELINE, console_change_of, full_document="updateLookup")

    async def ensure_indexes(self) -> None:
        """Make every index that is missing."""
        for collection in COLLECTIONS.values():
            if collection.indexes:
                await self._database[collection.name].create_indexes(list(collection.indexes))

    async def missing_indexes(self) -> list[str]:
        """The indexes that should be there and are not, as `collection.index`. Raises Unavailable."""
        missing = []
        try:
            for collection in COLLECTIONS.values():
                there = await self._database[collection.name].index_information()
                for index in collection.indexes:
                    if index.document["name"] not in there:
                        missing.append(f"{collection.name}.{index.document['name']}")
        except PyMongoError as error:
            raise translated(error) from error
        return missing

    async def ping(self) -> None:
        """Raises Unavailable when the database does not answer."""
        try:
            await self._database.command("ping")
        except PyMongoError as error:
            raise translated(error) from error

    async def empty(self) -> None:
        """Take every document away but leave the indexes: for tests."""
        names = sorted({collection.name for collection in COLLECTIONS.values()})
        # One question to all of them together: most are empty, and there are many tests.
        asked: list[list[dict[str, Any]]] = [
            [{"$limit": 1}, {"$project": {"_id": {"$literal": name}}}] for name in names
        ]
        unions = [
            {"$unionWith": {"coll": name, "pipeline": pipeline}}
            for name, pipeline in zip(names[1:], asked[1:], strict=True)
        ]
        cursor = await self._database[names[0]].aggregate([*asked[0], *unions])
        for found in await cursor.to_list():
            await self._database[found["_id"]].delete_many({})

    async def close(self) -> None:
        await self._client.close()
