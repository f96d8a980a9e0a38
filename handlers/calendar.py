"""Calendar feeds: for calendar programs at their secret address, and for whoever is signed in, by whatever contract."""

from __future__ import annotations

from handlers.access import anyone, signed_in
from handlers.base import Handler, unknown_path
from handlers.descriptions import described
from handlers.fields import utc_text
from handlers.media import MediaDialect
from handlers.webhooks import answers


class CalendarDialect(MediaDialect):
    name = "calendar"


class OwnFeed(Handler):
    """/calendar/feed/"""

    dialect = CalendarDialect()

    @signed_in
    @described(answers={201: answers.FeedAddress})
    async def post(self) -> None:
        """A new address, shown only now; an earlier one ends."""
        token = await self.services.calendar_feeds.make(self.me)
        self.reply({"url": f"{self.application.settings['base_url']}/calendar/{token}.ics"}, status=201)

    @signed_in
    @described(answers={200: answers.Feed})
    async def get(self) -> None:
        """Whether there is one, and since when."""
        feed = await self.services.calendar_feeds.of(self.me)
        self.reply({"exists": feed is not None, "since": utc_text(feed.created) if feed else None})

    @signed_in
    @described(answers={204: None})
    async def delete(self) -> None:
        """End it."""
        await self.services.calendar_feeds.revoke(self.me)
        self.reply(status=204)


class Feed(Handler):
    """/calendar/<token>.ics"""

    dialect = CalendarDialect()

    @anyone
    async def get(self, token: str) -> None:
        """Everything that the feed's person has agreed to."""
        feeds = self.services.calendar_feeds
        page = await feeds.look(token, address=self.address)
        # Asked for again each time, so that a feed that is revoked is gone.
        self.set_header("Cache-Control", "private, no-cache")
        self.set_header("X-Robots-Tag", "noindex")
        self.set_header("Etag", page.etag)
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
            return
        self.set_header("Content-Type", "text/calendar; charset=UTF-8")
        self.finish(await feeds.written(page))


OWN_FEED: list[tuple[str, type[Handler]]] = [(r"/calendar/feed/?", OwnFeed)]
ROUTES: list[tuple[str, type[Handler]]] = [
    *OWN_FEED,
    (r"/calendar/([0-9a-f]{40})\.ics", Feed),
    (r"/calendar(?:/.*)?", unknown_path(CalendarDialect())),
]
