"""Which job runs how often. Each asks a service what is due and does it; each is safe to run twice and by hand."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from scheduler.jobs.catch_up_heroes import catch_up_heroes
from scheduler.jobs.close_silent_conferences import close_silent_conferences
from scheduler.jobs.collect_orphans import collect_orphans
from scheduler.jobs.confirm_addresses import confirm_addresses
from scheduler.jobs.count_money import count_money
from scheduler.jobs.decide_no_shows import decide_no_shows
from scheduler.jobs.deliver_outbox import deliver_outbox
from scheduler.jobs.deliver_webhooks import deliver_webhooks
from scheduler.jobs.expire_stale import expire_stale
from scheduler.jobs.finish_closings import finish_closings
from scheduler.jobs.forget_old import forget_old
from scheduler.jobs.mark_missed import mark_missed
from scheduler.jobs.pay_kept_balances import pay_kept_balances
from scheduler.jobs.send_reminders import send_reminders
from scheduler.jobs.settle_calls import settle_calls
from scheduler.jobs.settle_credits import settle_credits
from scheduler.jobs.tell_circles import tell_circles
from scheduler.jobs.tell_news import tell_news
from thserver.services.all import Services

Job = Callable[[Services], Awaitable[int | None]]

# Name → (job, every so many seconds). A job says how much it did, or nothing.
TIMETABLE: dict[str, tuple[Job, float]] = {
    "deliver-outbox": (deliver_outbox, 5),
    "deliver-webhooks": (deliver_webhooks, 5),
    "send-reminders": (send_reminders, 5),
    "tell-news": (tell_news, 15),
    "tell-circles": (tell_circles, 15),
    "close-silent-conferences": (close_silent_conferences, 15),
    "settle-calls": (settle_calls, 5),
    "pay-kept-balances": (pay_kept_balances, 60),
    "mark-missed": (mark_missed, 60),
    "decide-no-shows": (decide_no_shows, 30),
    "settle-credits": (settle_credits, 10),
    "count-money": (count_money, 3600),
    "expire-stale": (expire_stale, 60),
    "confirm-addresses": (confirm_addresses, 30),
    "finish-closings": (finish_closings, 60),
    "collect-orphans": (collect_orphans, 600),
    "catch-up-heroes": (catch_up_heroes, 60),
    "forget-old": (forget_old, 600),
}


def what_it_does(job: Job) -> str:
    """One line, from the job's docstring or its file's."""
    says = inspect.getdoc(job) or inspect.getdoc(inspect.getmodule(job)) or ""
    return says.partition("\n")[0]
