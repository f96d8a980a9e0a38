"""Messages from one person to another: kept first, then shown to whoever of the two is looking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store.database import Database
from thserver.domain.errors import Invalid
from thserver.domain.messages import LONGEST_CONTENT, Blocked, Message
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.notifications import Notifications

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """Messages with the names of their people, by id."""

    messages: Sequence[Message]
    names: Mapping[int, str]


class Messages:
    def __init__(self, *, database: Database, clock: Clock, notifications: Notifications) -> None:
        self._rows = database.messages
        self._mailboxes = database.mailboxes
        self._people = database.people
        self._blacklist = database.blacklist
        self._clock = clock
        self._notifications = notifications

    async def send(self, sender: Person, receiver_id: int, content: str) -> Shown:
        """Durable when this returns. Raises Invalid(receiver_id=…), Invalid(content=…) or Blocked."""
        if len(content) > LONGEST_CONTENT:
            raise Invalid(content="too_long")
        receiver = await self.partner(sender, receiver_id)
        if await self._blacklist.blockers(sender.id, [receiver.id]):
            raise Blocked
        message = Message(
            sender_id=sender.id, receiver_id=receiver.id, content=content, created=self._clock.now()
        )
        posted, _ = await self._mailboxes.post_message(message, self._notifications.of_message)
        return Shown([posted], {sender.id: sender.full_name, receiver.id: receiver.full_name})

    async def partner(self, person: Person, other_id: int) -> Person:
        """Somebody this person can talk with. Raises Invalid(receiver_id=…)."""
        if other_id == person.id:
            raise Invalid(receiver_id="message_to_oneself")
        other = await self._people.get(other_id)
        if other is None or other.closed is not None or other.guest_email is not None:
            raise Invalid(receiver_id="unknown_user")
        return other

    async def of_person(
        self, person_id: int, *, with_user: int | None = None, before: int | None = None
    ) -> Shown:
        """The last hundred (with that other one, below that number), the oldest of them first.

        Those of one conversation are read by being shown. Raises Invalid(with_user=…) for nobody.
        """
        found = await self._rows.latest(person_id, with_id=with_user, before=before, limit=MOST_SHOWN)
        if with_user is not None:
            unread = [each.id for each in found if each.receiver_id == person_id and not each.is_read]
            if unread:
                await self._rows.mark_read(unread, receiver_id=person_id)
                found = [each.read_by(person_id) for each in found]
        ids = {each for message in found for each in message.people_ids} | {with_user or person_id}
        names = {each: face.full_name for each, face in (await self._people.faces(ids)).items()}
        if with_user is not None and with_user not in names:
            raise Invalid(with_user="unknown_user")
        return Shown(found, names)
