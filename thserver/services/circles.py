"""Trusted circles: who has named whom, what each of them sees of it, and leaving. Inviting is next door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from store.database import Database
from thserver.domain import circles as rules
from thserver.domain.circles import Friendship, Level, Member, Sort, Standing, Status
from thserver.domain.death_notices import Notice
from thserver.domain.errors import NotFound
from thserver.domain.people import Person
from thserver.services.outbox import Outbox

# Somebody is no trusted friend of this holder any more: given the ids of both.
Left = Callable[[int, int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Shown:
    """A friendship with what its holder sees beside it: his friend's account once he has accepted, and what has
    become of the last mail: pending, success, failure, or None where there was none."""

    friendship: Friendship
    person: Person | None = None
    mail: str | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """A friendship as the friend sees it. `invite_token` answers it while it is open; `notice` is there only for
    somebody who may see it."""

    friendship: Friendship
    holder: Person
    invite_token: str | None
    notice: Notice | None


@dataclass(frozen=True, slots=True)
class FollowedPage:
    """`people` and `middle_names` are of everybody in the rows, by their ids."""

    total: int
    rows: list[Followed]
    people: dict[int, Person]
    middle_names: dict[int, str | None]


class Circles:
    def __init__(
        self,
        *,
        database: Database,
        outbox: Outbox,
        secret_key: str,
    ) -> None:
        self._friendships = database.friendships
        self._notices = database.death_notices
        self._profiles = database.circle_profiles
        self._people = database.people
        self._outbox = outbox
        self._secret_key = secret_key
        self._left: list[Left] = []

    def on_left(self, listener: Left) -> None:
        self._left.append(listener)

    # Lists.

    async def followers(
        self, holder: Person, *, level: Level | None, sort: Sort, skip: int, limit: int
    ) -> tuple[int, list[Shown]]:
        """Whom this holder has named: how many, and a page of them."""
        total, found = await self._friendships.of_holder(
            holder.id, level=level, sort=sort, skip=skip, limit=limit
        )
        return total, await self.shown(found)

    async def following(self, me: Person, *, level: Level, sort: Sort, skip: int, limit: int) -> FollowedPage:
        """Who has named this person as trusted friend or lifelink, with the notices that he may see."""
        total, found = await self._friendships.followed(
            me.id, proven_email(me), level=level, sort=sort, skip=skip, limit=limit
        )
        notices = await self._notices.many({friendship.holder_id for friendship in found})
        seen = {
            friendship.id: notice
            for friendship in found
            if (notice := notices.get(friendship.holder_id)) is not None
            and notice.state in rules.RIGHTS[rules.standing_of([friendship])].sees
        }
        ids = {friendship.holder_id for friendship in found} | {me.id}
        for notice in seen.values():
            ids |= {each for each in (notice.initiator_id, notice.authoriser_id) if each is not None}
        people = await self._people.many(ids)
        rows = [
            Followed(
                friendship,
                people[friendship.holder_id],
                rules.invite_token(self._secret_key, friendship.id, friendship.invitation)
                if friendship.is_open
                else None,
                seen.get(friendship.id),
            )
            for friendship in found
            if friendship.holder_id in people
        ]
        return FollowedPage(total, rows, people, await self._profiles.middle_names(ids))

    # Leaving.

    async def remove_follower(self, holder: Person, email: str) -> None:
        """Take somebody out of one's own circle. Raises NotFound."""
        removed = await self._friendships.remove(holder.id, email)
        if removed is None:
            raise NotFound
        await self._tell_left(holder.id, removed.person_id)

    async def unfollow(self, me: Person, holder_email: str) -> None:
        """Leave somebody's circle. Raises NotFound, also where one is on the grey list."""
        holder_id, friendships = await self.standing_towards(holder_email, me)
        mine = [each.id for each in friendships if each.status is not Status.REJECTED]
        if any(each.level is Level.GREY_LIST for each in friendships):
            mine = []
        if not await self._friendships.leave(mine):
            raise NotFound
        await self._tell_left(holder_id, me.id)

    async def closed(self, person_id: int) -> None:
        """This account is closed."""
        await self._friendships.forget(person_id)
        await self._profiles.remove(person_id)

    # What others need to know.

    async def standing_towards(self, holder_email: str, me: Person) -> tuple[int, list[Friendship]]:
        """The holder's id (0 where there is none) and all under which he has named this person. Takes the same
        questions whether there is such a holder or not."""
        holder = await self._people.with_email(holder_email)
        holder_id = holder.id if holder is not None and holder.id != me.id else 0
        return holder_id, await self._friendships.between(holder_id, me.id, proven_email(me))

    async def circle(self, holder_id: int) -> list[Member]:
        """Everybody who belongs to the circle, each once, without anybody whom the grey list names in any way."""
        found = await self._friendships.circle(holder_id)
        people = await self._people.many({each.person_id for each in found if each.person_id is not None})
        by_email = await self._people.with_proven_emails(
            {each.email for each in found if each.person_id is None}
        )
        named: dict[int | str, list[Friendship]] = {}
        accounts: dict[int | str, Person | None] = {}
        for friendship in found:
            person = (
                people.get(friendship.person_id)
                if friendship.person_id is not None
                else by_email.get(friendship.email)
            )
            if person is not None and person.closed is not None:
                person = None
            who = person.id if person is not None else friendship.email
            named.setdefault(who, []).append(friendship)
            accounts[who] = person
        members = []
        for who, friendships in named.items():
            standing = rules.standing_of(friendships)
            if standing is not Standing.NOBODY:
                best = next(each for each in friendships if each.level.value == standing.value)
                members.append(Member(best, accounts[who], standing))
        return members

    async def count_trusted(self, holder_id: int) -> int:
        """How many trusted friends have accepted."""
        return await self._friendships.count_trusted(holder_id)

    async def _tell_left(self, holder_id: int, person_id: int | None) -> None:
        if person_id is not None:
            for listener in self._left:
                await listener(holder_id, person_id)

    async def shown(self, friendships: Sequence[Friendship]) -> list[Shown]:
        """What a picture tells of somebody's account is shown only once he has accepted."""
        states = await self._outbox.states([each.mail_key for each in friendships if each.mail_key])
        linked = {
            each.person_id
            for each in friendships
            if each.person_id is not None
            and each.status is Status.ACCEPTED
            and each.level is not Level.GREY_LIST
        }
        people = await self._people.many(linked)
        return [
            Shown(
                each,
                people.get(each.person_id or 0),
                rules.delivery_status(states.get(each.mail_key)) if each.mail_key else None,
            )
            for each in friendships
        ]


def proven_email(person: Person) -> str | None:
    return person.email if person.email_verified else None
