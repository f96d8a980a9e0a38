"""What the two people of a meeting say of each other once it is completed."""

from __future__ import annotations

from store.database import Database
from thserver.domain.bookings import Booking, State
from thserver.domain.errors import AlreadyExists, Invalid, NotAllowed, WrongState
from thserver.domain.meetings import RATINGS, Review
from thserver.domain.ports import Clock


class AlreadyReviewed(WrongState):
    """This person has said what he had to say about this meeting."""

    code = "already_reviewed"


class Reviews:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._reviews = database.reviews
        self._numbers = database.numbers
        self._clock = clock

    async def add(
        self, booking: Booking, person_id: int, *, reviewee_id: int, rating: int, text: str
    ) -> Review:
        """Raises NotAllowed for a stranger, Invalid(reviewee_id=…), WrongState, or AlreadyReviewed."""
        if person_id not in booking.people_ids:
            raise NotAllowed
        if reviewee_id == person_id or reviewee_id not in booking.people_ids:
            raise Invalid(reviewee_id="not_the_other")
        if rating not in RATINGS:
            raise Invalid(rating="not_a_rating")
        if booking.state is not State.HELD:
            raise WrongState
        review = Review(
            id=await self._numbers.next("reviews"),
            booking_id=booking.id,
            reviewer_id=person_id,
            reviewee_id=reviewee_id,
            rating=rating,
            text=text,
            created=self._clock.now(),
        )
        try:
            await self._reviews.add(review)
        except AlreadyExists as error:
            raise AlreadyReviewed from error
        return review
