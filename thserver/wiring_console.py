"""How the console of staff is plugged together; the rest of the house is in `wiring`."""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import Settings
from store.database import Database
from thserver.domain.ports import Carrier, Clock
from thserver.services.background import Background
from thserver.services.billing import Billing
from thserver.services.call_story import CallStories
from thserver.services.codes import Codes
from thserver.services.console_live import ConsoleLive
from thserver.services.console_sign_in import ConsoleSignIn
from thserver.services.dial_outs import DialOuts
from thserver.services.live_rooms import LiveRooms
from thserver.services.money_desk import MoneyDesk
from thserver.services.outbox import Outbox
from thserver.services.outbox_desk import OutboxDesk
from thserver.services.overview import Overviews
from thserver.services.people_desk import PeopleDesk
from thserver.services.practice_board import PracticeBoard
from thserver.services.sign_in import SignIn
from thserver.services.staff_actions import StaffActions
from thserver.wiring_phone import Phone


@dataclass(frozen=True, kw_only=True)
class Console:
    staff_actions: StaffActions
    dial_outs: DialOuts
    console_live: ConsoleLive
    live_rooms: LiveRooms
    console_sign_in: ConsoleSignIn
    practice_board: PracticeBoard
    outbox_desk: OutboxDesk
    people_desk: PeopleDesk
    money_desk: MoneyDesk
    call_stories: CallStories
    overviews: Overviews


def wire_console(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    carrier: Carrier,
    background: Background,
    sign_in: SignIn,
    codes: Codes,
    outbox: Outbox,
    billing: Billing,
    phone: Phone,
) -> Console:
    """What staff see and do, beside what everybody does."""
    staff_actions = StaffActions(database=database, clock=clock)
    dial_outs = DialOuts(database=database, clock=clock, carrier=carrier, admissions=phone.admissions)
    people_desk = PeopleDesk(database=database, clock=clock)
    return Console(
        staff_actions=staff_actions,
        dial_outs=dial_outs,
        console_live=ConsoleLive(database=database, sign_in=sign_in),
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
        outbox_desk=OutboxDesk(database=database, clock=clock, outbox=outbox),
        people_desk=people_desk,
        money_desk=MoneyDesk(database=database, payouts=billing.payouts),
        call_stories=CallStories(database=database, people=people_desk),
        overviews=Overviews(database=database, clock=clock),
    )
