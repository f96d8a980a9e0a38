"""Meetings with experts: asking, answering, and what people say of each other afterwards."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described, many
from handlers.experts import answers, request_bodies, response_bodies
from handlers.experts.base import ExpertsHandler
from handlers.experts.dialect import CANCELLED, COMPLETED, CONFIRMED, STATUS_WORDS
from thserver.domain.credits import NotEnoughCredits
from thserver.domain.errors import NotAllowed, WrongState
from thserver.services.meetings import MeetingNotFound
from thserver.services.reviews import AlreadyReviewed


class Meetings(ExpertsHandler):
    """/api/meetings/"""

    @signed_in
    @described(query=request_bodies.MeetingsQuery, answers={200: many(answers.Meeting)})
    async def get(self) -> None:
        """One's own meetings, as requester and as expert, the oldest first; filters `status` and `role`."""
        query = self.read_query()
        states = [state for state, word in STATUS_WORDS.items() if word == query["status"]]
        bookings = await self.services.meetings.of_person(
            self.me.id,
            states=states if query["status"] else None,
            as_host=query["role"] == "expert" if query["role"] else None,
        )
        facts = await self.services.meetings.facts(bookings)
        self.reply([response_bodies.meeting(booking, facts) for booking in bookings])

    @signed_in
    @described(body=request_bodies.NewMeeting, answers={201: answers.Meeting}, refuses=(NotEnoughCredits,))
    async def post(self) -> None:
        """Ask an expert for a meeting; a credit is held for it."""
        asked = self.read()
        booking = await self.services.meetings.create(self.me, **asked)
        facts = await self.services.meetings.facts([booking])
        self.reply(response_bodies.meeting(booking, facts), status=201)


class Meeting(ExpertsHandler):
    """/api/meetings/{id}/"""

    @signed_in
    @described(answers={200: answers.MeetingWithReviews}, refuses=(MeetingNotFound,))
    async def get(self, meeting_id: str) -> None:
        """One meeting with its reviews, for its two people."""
        meetings = self.services.meetings
        booking = await meetings.find(int(meeting_id), self.me.id)
        facts, reviews = await meetings.facts([booking]), await meetings.reviews(booking)
        shown = response_bodies.meeting(booking, facts)
        self.reply({**shown, "reviews": [response_bodies.review(each, facts.people) for each in reviews]})


class UpdateStatus(ExpertsHandler):
    """/api/meetings/{id}/update_status/"""

    @signed_in
    @described(
        body=request_bodies.NewStatus,
        answers={200: answers.MeetingStatus},
        refuses=(MeetingNotFound, NotAllowed, WrongState),
    )
    async def patch(self, meeting_id: str) -> None:
        """The expert confirms, either cancels, either says after the end that it took place."""
        meetings = self.services.meetings
        booking = await meetings.find(int(meeting_id), self.me.id)
        status = self.read()["status"]
        moves = {CONFIRMED: meetings.confirm, COMPLETED: meetings.complete, CANCELLED: meetings.cancel}
        if status not in moves:
            raise WrongState
        changed = await moves[status](booking, self.me.id)
        self.reply(
            {
                "id": changed.id,
                "status": STATUS_WORDS[changed.state],
                "updated_at": response_bodies.moment(changed.updated),
            }
        )


class Reviews(ExpertsHandler):
    """/api/reviews/"""

    @signed_in
    @described(
        body=request_bodies.NewReview,
        answers={201: answers.NewReview},
        refuses=(MeetingNotFound, NotAllowed, WrongState, AlreadyReviewed),
    )
    async def post(self) -> None:
        """Say something about the other participant of a completed meeting."""
        body = self.read()
        booking = await self.services.meetings.look(body.pop("meeting_id"))
        review = await self.services.reviews.add(booking, self.me.id, **body)
        facts = await self.services.meetings.facts([booking])
        self.reply(response_bodies.new_review(review, facts.people), status=201)
