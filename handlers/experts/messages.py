"""Messages between two people."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described, many
from handlers.experts import answers, request_bodies, response_bodies
from handlers.experts.base import ExpertsHandler
from thserver.domain.messages import Blocked


class Messages(ExpertsHandler):
    """/api/messages/"""

    @signed_in
    @described(query=request_bodies.MessagesQuery, answers={200: many(answers.Message)})
    async def get(self) -> None:
        """One's own messages, the last hundred in order; `with_user` shows, and marks as read, one conversation;
        `before` (a message's id) goes further back."""
        query = self.read_query()
        shown = await self.services.messages.of_person(self.me.id, **query)
        self.reply([response_bodies.message(each, shown.names) for each in shown.messages])

    @signed_in
    @described(body=request_bodies.NewMessage, answers={201: answers.Message}, refuses=(Blocked,))
    async def post(self) -> None:
        """Send a message; it is there when this answers, and on its way to every open socket of both."""
        body = self.read()
        shown = await self.services.messages.send(self.me, body["receiver_id"], body["content"])
        self.reply(response_bodies.message(shown.messages[0], shown.names), status=201)
