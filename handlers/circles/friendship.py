"""Who is in whose circle: lists, invitations, answers, leaving."""

from __future__ import annotations

from typing import Any

from handlers.access import anyone, signed_in
from handlers.bodies import FieldErrors, Malformed
from handlers.circles import answers, request_bodies, response_bodies
from handlers.circles.base import CirclesHandler
from handlers.circles.request_bodies import MOST_ENTRIES
from handlers.descriptions import described
from thserver.domain.circles import Entry, InvitationOver, Level, NotPending, SentToday
from thserver.domain.errors import NotFound, Throttled

LONGEST_ECHO = 255


class Followers(CirclesHandler):
    """/api/v1/user/friendship/followers"""

    @signed_in
    @described(query=request_bodies.Followers, answers={200: answers.Followers})
    async def get(self) -> None:
        """Whom one has named."""
        query = self.read_query()
        sort, page, per = request_bodies.sort_of(query), query["page"], query["per"]
        level = Level(query["level"]) if query.get("level") else None
        total, rows = await self.services.circles.followers(
            self.me, level=level, sort=sort, skip=(page - 1) * per, limit=per
        )
        users = [response_bodies.follower(row) for row in rows]
        self.reply(response_bodies.listed(users, total=total, page=page, per=per, sort=sort))


class Following(CirclesHandler):
    """/api/v1/user/friendship/following"""

    @signed_in
    @described(query=request_bodies.Following, answers={200: answers.Followings})
    async def get(self) -> None:
        """Who has named one."""
        query = self.read_query()
        sort, page, per = request_bodies.sort_of(query), query["page"], query["per"]
        found = await self.services.circles.following(
            self.me, level=Level(query["level"]), sort=sort, skip=(page - 1) * per, limit=per
        )
        users = [response_bodies.following(row, found, self.me) for row in found.rows]
        self.reply(response_bodies.listed(users, total=found.total, page=page, per=per, sort=sort))


class AddOne(CirclesHandler):
    """/api/v1/user/friendship/add_one"""

    failure = "Failed to create invitation"

    @signed_in
    @described(
        body=request_bodies.Invited, under="user", answers={200: answers.Invited}, refuses=(Throttled,)
    )
    async def post(self) -> None:
        """Name somebody; he is invited by mail, but for the grey list."""
        entry = request_bodies.entry_of(self.read())
        shown = await self.services.invitations.add_one(self.me, entry)
        self.done("Invitation created successfully", user=response_bodies.invitation(shown))


class AddMany(CirclesHandler):
    """/api/v1/user/friendship/add_many: what is good is invited, the rest is listed with what is wrong."""

    failure = "Failed to create invitations"

    @signed_in
    @described(body=request_bodies.ManyInvited, answers={200: answers.ManyInvited}, refuses=(Throttled,))
    async def post(self) -> None:
        given = self.entries()
        checked = [self.check(each) for each in given]
        entries = {index: each for index, each in enumerate(checked) if isinstance(each, Entry)}
        added = await self.services.invitations.add_many(self.me, list(entries.values()))
        outcome: dict[int, Any] = dict(zip(entries, added, strict=True))
        invited, failed = [], []
        for index, each in enumerate(checked):
            result = outcome.get(index, each)
            if index in outcome and not isinstance(result, str):
                invited.append(response_bodies.invitation(result))
                continue
            said = self.dialect.problem("email", result) if index in outcome else result
            failed.append(self.failed(given[index], index, said))
        self.done(
            "The invitations created successfully", success_invitations=invited, failure_invitations=failed
        )

    def entries(self) -> list[Any]:
        """Raises Malformed, or FieldErrors for none or too many."""
        given = self.parameters().get("users")
        if given is None or given == []:
            raise FieldErrors({"users": ["Users can't be blank"]})
        if not isinstance(given, list):
            raise Malformed
        if len(given) > MOST_ENTRIES:
            raise FieldErrors({"users": [f"Users is too long (maximum is {MOST_ENTRIES} entries)"]})
        return given

    def check(self, given: Any) -> Entry | str:
        """The entry, or the first thing that is wrong with it."""
        if not isinstance(given, dict):
            return "User is invalid"
        try:
            return request_bodies.entry_of(self.load(request_bodies.Invited(), given))
        except FieldErrors as found:
            return str(next(iter(found.messages.values()))[0])

    @staticmethod
    def failed(given: Any, index: int, said: Any) -> dict[str, Any]:
        def echo(name: str) -> str | None:
            value = given.get(name) if isinstance(given, dict) else None
            return value[:LONGEST_ECHO] if isinstance(value, str) else None

        return {
            "email": echo("email"),
            "first_name": echo("first_name"),
            "level": echo("level"),
            "index": index,
            "error": said,
        }


class ResendInvitation(CirclesHandler):
    """/api/v1/user/friendship/resend_invitation"""

    failure = "Could not send the invitation. Please check for form errors"

    @signed_in
    @described(
        body=request_bodies.ByAddress,
        under="user",
        answers={200: answers.Done},
        refuses=(NotFound, NotPending, SentToday, Throttled),
    )
    async def post(self) -> None:
        """Mail an open invitation again, a day after the last time."""
        body = self.read()
        await self.services.invitations.resend(self.me, body["email"])
        self.done("The invitation email has been sent successfully")


class UpdateInvitation(CirclesHandler):
    """/api/v1/user/friendship/update_invitation"""

    failure = "Failed to update invitation"

    @signed_in
    @described(
        body=request_bodies.Invited,
        under="user",
        answers={200: answers.Invited},
        refuses=(NotFound, NotPending, Throttled),
    )
    async def post(self) -> None:
        """Change the names or the level of an open invitation; another level is another invitation."""
        entry = request_bodies.entry_of(self.read())
        shown = await self.services.invitations.update(self.me, entry)
        self.done("The invitation has been updated successfully", user=response_bodies.invitation(shown))


class AcceptInvitation(CirclesHandler):
    """/api/v1/user/friendship/accept_invitation"""

    failure = "Failed to accept invitation"

    @anyone
    @described(body=request_bodies.InviteToken, answers={200: answers.Done}, refuses=(InvitationOver,))
    async def post(self) -> None:
        """Accept, signed in or not."""
        body = self.read()
        await self.services.invitations.accept(body["invite_token"], self.person)
        self.done("Invitation has been accepted")


class RejectInvitation(CirclesHandler):
    """/api/v1/user/friendship/reject_invitation"""

    failure = "Failed to reject invitation"

    @anyone
    @described(body=request_bodies.InviteToken, answers={200: answers.Done}, refuses=(InvitationOver,))
    async def post(self) -> None:
        """Reject, signed in or not."""
        body = self.read()
        await self.services.invitations.reject(body["invite_token"], self.person)
        self.done("The invitation has been rejected")


class RemoveFollower(CirclesHandler):
    """/api/v1/user/friendship/remove_follower"""

    failure = "Failed to remove follower"

    @signed_in
    @described(body=request_bodies.ByAddress, under="user", answers={200: answers.Done}, refuses=(NotFound,))
    async def post(self) -> None:
        """Take somebody out of one's own circle."""
        body = self.read()
        await self.services.circles.remove_follower(self.me, body["email"])
        self.done("The follower has been removed")


class Unfollow(CirclesHandler):
    """/api/v1/user/friendship/unfollow"""

    failure = "Failed to unfollow"

    @signed_in
    @described(body=request_bodies.ByAddress, under="user", answers={200: answers.Done}, refuses=(NotFound,))
    async def post(self) -> None:
        """Leave somebody's circle."""
        body = self.read()
        await self.services.circles.unfollow(self.me, body["email"])
        self.done("You no longer follow this user")
