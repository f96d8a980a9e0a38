"""Every counter of the service that Prometheus can read at /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

OUTBOX_OUTCOMES = Counter(
    "outbox_outcomes_total", "How sending something ended.", ["kind", "purpose", "outcome"]
)
OUTBOX_ROWS = Gauge("outbox_rows", "Rows that want looking at, by state.", ["state"])
WEBHOOKS_REJECTED = Counter("webhook_rejected_total", "Webhooks that were not authentic.", ["reason"])
WEBHOOK_TRIES = Counter("webhook_tries_total", "Tries to deliver a webhook, by outcome.", ["outcome"])
TEXTS_RECEIVED = Counter("texts_received_total", "Incoming texts, by what they were.", ["meaning"])
TEXT_ORPHANS = Gauge("text_orphans", "Reports of the carrier on texts that nobody knows.")
OPEN_SOCKETS = Gauge("open_sockets", "WebSockets of signed-in people that are open in this process.")
RESYNCS = Counter("live_resyncs_total", "How often all sockets were told to look for themselves.")
JOB_RUNS = Counter("job_runs_total", "Runs of the timetable's jobs.", ["job", "outcome"])
JOB_SECONDS = Counter("job_seconds_total", "Time spent in the timetable's jobs.", ["job"])
MONEY_DIFFERENCES = Gauge("money_differences", "Where charges and ledger did not agree when last counted.")
CREDIT_DIFFERENCES = Gauge("credit_differences", "Where credits did not add up when last counted.")
RINGS = Counter("rings_total", "Rings and the steps after them, by what was answered.", ["admission"])
CONFERENCES_LOOKED_UP = Counter(
    "conferences_looked_up_total", "Conferences that had to be closed or found from the carrier's records."
)
