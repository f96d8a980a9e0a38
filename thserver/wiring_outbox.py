"""How everything is plugged together that is said by mail and text; the rest of the house is in `wiring`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from config.settings import Settings
from store.database import Database
from thserver.domain.bookings import Kind
from thserver.domain.notification_settings import SESSION_LEADS_IN_MIN
from thserver.domain.ports import Carrier, Clock, Mail
from thserver.sealing import Sealer
from thserver.services.background import Background
from thserver.services.calendar_entries import CalendarEntries
from thserver.services.letters import Letters
from thserver.services.news import NewsDesk
from thserver.services.notification_settings import NotificationSettingsService
from thserver.services.outbox import Outbox
from thserver.services.reminders import Reminders
from thserver.services.texts import Texts


@dataclass(frozen=True, kw_only=True)
class Outside:
    outbox: Outbox
    texts: Texts
    letters: Letters
    reminders: Reminders
    notification_settings: NotificationSettingsService
    calendar_entries: CalendarEntries


def wire_outbox(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    background: Background,
    carrier: Carrier,
    mail: Mail,
    news: NewsDesk,
) -> Outside:
    """The outbox and those who fill it; letters and reminders are subscribed to what happens to bookings."""
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
    return Outside(
        outbox=outbox,
        texts=texts,
        letters=letters,
        reminders=reminders,
        notification_settings=notification_settings,
        calendar_entries=calendar_entries,
    )
