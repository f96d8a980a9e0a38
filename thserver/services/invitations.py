"""Inviting people into a circle by e-mail, and their answers.

An invitation's mail is due from the moment that the friendship is written, in the same step; the mail follows in the
background, and a sweep writes what a process that died has left. Who is on the grey list is never written to.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from store.database import Database
from thserver.domain import circles as rules
from thserver.domain import codes
from thserver.domain.circles import Entry, Friendship, Level, Status
from thserver.domain.errors import Invalid, NotFound, Refusal, Throttled
from thserver.domain.people import Person
from thserver.domain.ports import Clock
from thserver.services.background import Background
from thserver.services.circles import Circles, Shown, proven_email
from thserver.services.outbox import Outbox

log = logging.getLogger("thserver.circles")

LEFT_OVER_AFTER = timedelta(seconds=30)
DAY = timedelta(days=1)


class Invitations:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        background: Background,
        outbox: Outbox,
        circles: Circles,
        secret_key: str,
        web_domain: str,
        limit_per_person: int,
    ) -> None:
        """`limit_per_person` is how many invitations one person may have mailed within a day."""
        self._friendships = database.friendships
        self._people = database.people
        self._numbers = database.numbers
        self._limits = database.limits
        self._clock = clock
        self._background = background
        self._outbox = outbox
        self._circles = circles
        self._secret_key = secret_key
        self._web_domain = web_domain
        self._limit_per_person = limit_per_person

    async def add_one(self, holder: Person, entry: Entry) -> Shown:
        """Raises Invalid(email="oneself" | "invited") or Throttled."""
        added = (await self.add_many(holder, [entry]))[0]
        if isinstance(added, str):
            raise Invalid(email=added)
        return added

    async def add_many(self, holder: Person, entries: Sequence[Entry]) -> list[Shown | str]:
        """For each entry, in order, what became of it: the friendship, or the code of what speaks against it.

        Raises Throttled; nothing is added then.
        """
        problems: dict[int, str] = {}
        wanted: dict[str, int] = {}
        for index, entry in enumerate(entries):
            if entry.email in (holder.email, holder.email_pending):
                problems[index] = "oneself"
            elif wanted.setdefault(entry.email, index) != index:
                problems[index] = "invited"
        added: dict[int, Friendship] = {}
        if wanted:
            added = await self._add(holder, {index: entries[index] for index in wanted.values()})
            problems |= dict.fromkeys(wanted.values() - added.keys(), "invited")
        return [
            problems[index] if index in problems else _just_written(added[index])
            for index in range(len(entries))
        ]

    async def resend(self, holder: Person, email: str) -> None:
        """Mail an open invitation again. Raises NotFound, NotPending, SentToday or Throttled."""
        seen = await self._of(holder, email)
        if not seen.is_open:
            raise rules.NotPending
        now = self._clock.now()
        if seen.invite_sent_at is not None and seen.invite_sent_at > now - rules.RESEND_AFTER:
            states = await self._outbox.states([seen.mail_key] if seen.mail_key else [])
            if rules.delivery_status(states.get(seen.mail_key or "")) != "failure":
                raise rules.SentToday
        await self._count_mails(holder, 1)
        changed = await self._friendships.change(seen, mail_at=now, now=now)
        if changed is None:
            # Somebody has sent it, or answered it, in this moment.
            raise rules.SentToday
        self._mail_soon(holder, [changed])

    async def update(self, holder: Person, entry: Entry) -> Shown:
        """Change the names or the level of an open invitation. Another level is another invitation: its mail goes
        out with a new token, and the old one is worth nothing any more. Raises NotFound, NotPending or Throttled."""
        seen = await self._of(holder, entry.email)
        if not seen.is_open:
            raise rules.NotPending
        now = self._clock.now()
        if entry.level is seen.level:
            changed = await self._friendships.change(seen, names=entry.names, now=now)
        elif entry.level is Level.GREY_LIST:
            changed = await self._friendships.change(
                seen, names=entry.names, level=entry.level, status=Status.ACCEPTED, now=now
            )
        else:
            await self._count_mails(holder, 1)
            token = rules.invite_token(self._secret_key, seen.id, seen.invitation + 1)
            changed = await self._friendships.change(
                seen,
                names=entry.names,
                level=entry.level,
                token_hash=codes.token_hash(token),
                mail_at=now,
                now=now,
            )
        if changed is None:
            raise rules.NotPending
        if changed.mail_due is not None:
            self._mail_soon(holder, [changed])
        return (await self._circles.shown([changed]))[0]

    async def accept(self, token: str, me: Person | None) -> None:
        """Raises InvitationOver, whatever speaks against it."""
        await self._answer(token, Status.ACCEPTED, me)

    async def reject(self, token: str, me: Person | None) -> None:
        """Raises InvitationOver."""
        await self._answer(token, Status.REJECTED, me)

    async def proves(self, token: str, email: str) -> bool:
        """Whether this is the token of a mail to this address, so that whoever has it reads that mail."""
        found = await self._friendships.with_token(codes.token_hash(token))
        return found is not None and found.email == email and found.status is not Status.REJECTED

    async def mail_left_over(self) -> int:
        """Write the mails that a process that died has left; says how many."""
        left = await self._friendships.unmailed(before=self._clock.now() - LEFT_OVER_AFTER)
        holders = await self._people.many({friendship.holder_id for friendship in left})
        for friendship in left:
            if friendship.holder_id in holders:
                await self._mail(holders[friendship.holder_id], friendship)
        return len(left)

    async def _of(self, holder: Person, email: str) -> Friendship:
        found = await self._friendships.find(holder.id, email)
        if found is None:
            raise NotFound
        return found

    async def _add(self, holder: Person, entries: dict[int, Entry]) -> dict[int, Friendship]:
        """The new friendships by the index of their entry; the unique index decides who is new."""
        await self._count_mails(holder, sum(entry.level is not Level.GREY_LIST for entry in entries.values()))
        accounts = await self._people.with_proven_emails(entry.email for entry in entries.values())
        first_id = await self._numbers.next("friendships", len(entries))
        now = self._clock.now()
        made: dict[int, Friendship] = {}
        for id_, (index, entry) in enumerate(entries.items(), start=first_id):
            account = accounts.get(entry.email)
            made[index] = _new(id_, holder.id, entry, account.id if account else None, now)
        refused = await self._friendships.add_many(
            [(each, self._token_hash(each) if each.is_open else None) for each in made.values()]
        )
        added = {index: each for index, each in made.items() if each.id not in refused}
        self._mail_soon(holder, [each for each in added.values() if each.mail_due is not None])
        return added

    async def _answer(self, token: str, status: Status, me: Person | None) -> None:
        answered = await self._friendships.answer(
            codes.token_hash(token),
            status,
            person_id=me.id if me is not None else None,
            email=proven_email(me) if me is not None else None,
            now=self._clock.now(),
        )
        if answered is None:
            raise rules.InvitationOver

    async def _count_mails(self, holder: Person, mails: int) -> None:
        now = self._clock.now()
        used = await self._limits.count(f"circle-mails:{holder.id}", window=DAY, now=now, by=mails)
        if used > self._limit_per_person:
            raise Throttled(retry_after=86400 - int(now.timestamp()) % 86400)

    def _mail_soon(self, holder: Person, friendships: Sequence[Friendship]) -> None:
        async def mail() -> None:
            for friendship in friendships:
                try:
                    await self._mail(holder, friendship)
                except Refusal as refusal:
                    log.warning("invitation %s was not mailed now: %s", friendship.id, refusal)

        if friendships:
            first = friendships[0]
            self._background.soon(f"invitations from {first.id} mail {first.mails}", mail)

    async def _mail(self, holder: Person, friendship: Friendship) -> None:
        if friendship.mail_key is None or not await self._friendships.owes_mail(friendship):
            return
        token = self._token(friendship)
        await self._outbox.add_letter(
            key=friendship.mail_key,
            to=friendship.email,
            # Whether the address has an account must not change what becomes of the mail.
            person_id=None,
            template="circle_invitation",
            facts={
                "first_name": friendship.names.first_name,
                "holder": holder.full_name,
                "level": friendship.level.value,
                "token": token,
                "link": f"https://{self._web_domain}/invitations/{token}",
            },
        )
        await self._friendships.mailed(friendship)

    def _token(self, friendship: Friendship) -> str:
        return rules.invite_token(self._secret_key, friendship.id, friendship.invitation)

    def _token_hash(self, friendship: Friendship) -> str:
        return codes.token_hash(self._token(friendship))


def _just_written(friendship: Friendship) -> Shown:
    return Shown(friendship, None, "pending" if friendship.mails else None)


def _new(id_: int, holder_id: int, entry: Entry, person_id: int | None, now: datetime) -> Friendship:
    is_grey = entry.level is Level.GREY_LIST
    return Friendship(
        id=id_,
        holder_id=holder_id,
        email=entry.email,
        level=entry.level,
        status=Status.ACCEPTED if is_grey else Status.PENDING,
        names=entry.names,
        person_id=person_id,
        mails=0 if is_grey else 1,
        mail_due=None if is_grey else now,
        invite_sent_at=None if is_grey else now,
        created=now,
        updated=now,
    )
