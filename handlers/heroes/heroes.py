"""Heroes: applying, the hero's own profile, staff's decision, the list and the detail."""

from __future__ import annotations

from handlers.access import anyone, signed_in, staff
from handlers.descriptions import described
from handlers.fields import ValidationError
from handlers.heroes import answers, request_bodies, response_bodies
from handlers.heroes.base import HeroesHandler
from handlers.heroes.call_request_bodies import HeroId
from handlers.paging import Page
from thserver.domain.errors import AlreadyExists, NotFound, NotVerified

HERO_ID = HeroId()


class Heroes(HeroesHandler):
    """/api/v1/heroes/"""

    @anyone
    @described(query=request_bodies.HeroQuery, answers={200: answers.HeroPage}, refuses=(NotFound,))
    async def get(self) -> None:
        """A page of the heroes whom staff has accepted and who take calls."""
        query = self.read_query()
        page = Page(query.pop("page"), query.pop("page_size"))
        ordering = query.pop("ordering")
        count, heroes = await self.services.heroes.listed(
            **query,
            order=ordering.removeprefix("-"),
            descending=ordering.startswith("-"),
            skip=page.skip,
            limit=page.size,
        )
        results = [response_bodies.listed_hero(hero, person) for hero, person in heroes]
        self.reply(page.answer(self.request, self.settings["base_url"], count, results))


class Hero(HeroesHandler):
    """/api/v1/heroes/:hero_id"""

    @anyone
    @described(answers={200: answers.HeroDetail})
    async def get(self, hero_id: str) -> None:
        """One hero, by number or by the UUID of the user."""
        try:
            reference = HERO_ID.deserialize(hero_id)
        except ValidationError as error:
            raise NotFound from error
        hero, person = await self.services.heroes.shown(reference, self.person)
        self.reply(response_bodies.hero_detail(hero, person))


class Apply(HeroesHandler):
    """/api/v1/heroes/apply"""

    @signed_in
    @described(
        body=request_bodies.Application,
        answers={201: answers.Application},
        refuses=(NotVerified, AlreadyExists),
    )
    async def post(self) -> None:
        """Offer to take calls; staff accepts or declines."""
        offer = self.read()
        hero = await self.services.heroes.apply(self.me, offer)
        self.reply(response_bodies.application(hero, self.me), status=201)


class Profile(HeroesHandler):
    """/api/v1/heroes/profile"""

    @signed_in
    @described(answers={200: answers.HeroProfile}, refuses=(NotFound,))
    async def get(self) -> None:
        """What one offers oneself."""
        hero = await self.services.heroes.of_person(self.me.id)
        self.reply(response_bodies.hero_profile(hero, self.me))

    @signed_in
    @described(body=request_bodies.OfferChanges, answers={200: answers.HeroProfile}, refuses=(NotFound,))
    async def patch(self) -> None:
        """Change what one offers; only what is given."""
        changes = self.read()
        hero = await self.services.heroes.change(self.me, changes)
        self.reply(response_bodies.hero_profile(hero, self.me))


class Decision(HeroesHandler):
    """What the two decisions share."""

    accepted: bool

    @staff
    @described(body=request_bodies.Decision, answers={200: answers.Decision})
    async def post(self) -> None:
        """Staff decides about a hero who has applied."""
        reference = self.read()["hero_id"]
        decision = await self.services.heroes.decide(self.me, reference, accepted=self.accepted)
        self.reply(response_bodies.decision(decision))


class Accept(Decision):
    """/api/v1/heroes/accept"""

    accepted = True


class Decline(Decision):
    """/api/v1/heroes/decline"""

    accepted = False
