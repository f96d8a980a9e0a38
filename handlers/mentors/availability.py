"""Availability endpoints, V1 and V2: windows as given, or slots of half an hour with their status."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described, either, many
from handlers.mentors import answers, request_bodies, response_bodies
from handlers.mentors.base import ListQuery, MentorsHandler
from thserver.domain.availability import SlotBooked, TooManyWindows, WindowsOverlap
from thserver.domain.errors import NotAllowed


class Availability(MentorsHandler):
    """/availabilty/"""

    @signed_in
    @described(query=ListQuery, answers={200: either(many(answers.Availability), many(answers.Slot))})
    async def get(self) -> None:
        """Every mentor's availability that is not over, from present to future."""
        page = self.page()
        windows = await self.services.availability.listed(skip=page.skip, limit=page.size)
        if not self.wants_v2:
            self.reply(response_bodies.availabilities(windows))
            return
        booked = await self.services.availability.booked({window.person_id for window in windows})
        self.reply(response_bodies.slots(windows, booked))

    @signed_in
    @described(
        body=request_bodies.NewAvailability,
        answers={201: either(answers.Availability, many(answers.Slot))},
        refuses=(NotAllowed, WindowsOverlap, TooManyWindows),
    )
    async def post(self) -> None:
        """Publish time: V1 answers the window, V2 the slots that it was cut into."""
        body = self.read()
        windows = await self.services.availability.publish(self.me, **body, in_slots=self.wants_v2)
        if not self.wants_v2:
            self.reply(response_bodies.availabilities(windows)[0], status=201)
            return
        booked = await self.services.availability.booked({self.me.id})
        self.reply(response_bodies.slots(windows, booked), status=201)


class OneAvailability(MentorsHandler):
    """/availabilty/<int:pk>/"""

    @signed_in
    @described(answers={204: None}, refuses=(SlotBooked,))
    async def delete(self, pk: str) -> None:
        """Take it back."""
        await self.services.availability.take_back(self.me.id, int(pk))
        self.reply(status=204)
