"""Call requests: asking a hero for a call, agreeing on a time, cancelling."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described
from handlers.heroes import answers
from handlers.heroes import call_request_bodies as bodies
from handlers.heroes.base import HeroesHandler
from handlers.paging import Page, PageQuery
from thserver.domain.bookings import Booking, Kind
from thserver.domain.errors import (
    AlreadyOpen,
    AlreadySuggested,
    NotAllowed,
    NotAParticipant,
    NotFound,
    NotVerified,
    PaymentMethodMissing,
    TimeTaken,
    TooManyCancellations,
    WrongState,
)


class CallRequestHandler(HeroesHandler):
    """Base: finds the call request that the path names, and shows one."""

    async def find(self, call_request_id: str) -> Booking:
        return await self.services.bookings.find(int(call_request_id), self.me.id, Kind.CALL)

    async def show(self, booking: Booking) -> None:
        self.reply(bodies.call_request(booking, await self.services.bookings.parties([booking])))


class CallRequests(CallRequestHandler):
    """/api/v1/call-requests/"""

    @signed_in
    @described(
        body=bodies.NewCallRequest,
        answers={200: answers.CallRequest},
        refuses=(NotVerified, PaymentMethodMissing, AlreadyOpen),
    )
    async def post(self) -> None:
        """Ask a hero for a call."""
        asked = self.read()
        await self.show(await self.services.bookings.request(self.me, **asked))

    @signed_in
    @described(query=PageQuery, answers={200: answers.CallRequestPage}, refuses=(NotFound,))
    async def get(self) -> None:
        """One's own call requests, as user and as hero, the newest first."""
        query = self.read_query()
        page = Page(query["page"], query["page_size"])
        count, found = await self.services.bookings.of_person(
            self.me.id, Kind.CALL, skip=page.skip, limit=page.size
        )
        parties = await self.services.bookings.parties(found)
        shown = [bodies.call_request(booking, parties) for booking in found]
        self.reply(page.answer(self.request, self.application.settings["base_url"], count, shown))


class CallRequest(CallRequestHandler):
    """/api/v1/call-requests/:call_request_id"""

    @signed_in
    @described(answers={200: answers.CallRequest}, refuses=(NotAParticipant,))
    async def get(self, call_request_id: str) -> None:
        """One call request, for its user and its hero."""
        await self.show(await self.find(call_request_id))


class Accept(CallRequestHandler):
    """/api/v1/call-requests/:call_request_id/accept/"""

    @signed_in
    @described(
        body=bodies.ThreeTimes,
        answers={200: answers.CallRequest},
        refuses=(NotAParticipant, NotAllowed, WrongState, AlreadySuggested),
    )
    async def patch(self, call_request_id: str) -> None:
        """The hero accepts and suggests three times."""
        booking = await self.find(call_request_id)
        answer = self.read()
        await self.show(await self.services.bookings.accept(booking, self.me.id, **answer))


class Decline(CallRequestHandler):
    """/api/v1/call-requests/:call_request_id/decline/"""

    @signed_in
    @described(
        body=bodies.Decline,
        answers={200: answers.CallRequest},
        refuses=(NotAParticipant, NotAllowed, WrongState),
    )
    async def patch(self, call_request_id: str) -> None:
        """The hero declines, with a reason."""
        booking = await self.find(call_request_id)
        answer = self.read()
        await self.show(await self.services.bookings.decline(booking, self.me.id, **answer))


class NewTimes(CallRequestHandler):
    """/api/v1/call-requests/:call_request_id/new-times/"""

    @signed_in
    @described(
        body=bodies.ThreeTimes,
        answers={200: answers.CallRequest},
        refuses=(NotAParticipant, NotAllowed, WrongState, AlreadySuggested),
    )
    async def patch(self, call_request_id: str) -> None:
        """User or hero suggests three other times."""
        booking = await self.find(call_request_id)
        answer = self.read()
        await self.show(await self.services.bookings.suggest(booking, self.me.id, **answer))


class AgreedTime(CallRequestHandler):
    """/api/v1/call-requests/:call_request_id/agreed-time/"""

    @signed_in
    @described(
        body=bodies.AgreedTime,
        answers={200: answers.CallRequest},
        refuses=(NotAParticipant, NotAllowed, WrongState, TimeTaken),
    )
    async def patch(self, call_request_id: str) -> None:
        """User or hero takes one of the times that the other suggested last."""
        booking = await self.find(call_request_id)
        answer = self.read()
        await self.show(await self.services.bookings.agree(booking, self.me.id, **answer))


class Cancel(CallRequestHandler):
    """/api/v1/call-requests/:call_request_id/cancel/"""

    @signed_in
    @described(
        body=bodies.Cancel,
        answers={200: answers.CallRequest},
        refuses=(NotAParticipant, NotAllowed, WrongState, TooManyCancellations),
    )
    async def patch(self, call_request_id: str) -> None:
        """User or hero cancels; beyond the allowed number only with `force`, for a fee."""
        booking = await self.find(call_request_id)
        answer = self.read()
        await self.show(await self.services.bookings.cancel(booking, self.me.id, **answer))
