"""What a person is told within the service."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described, many
from handlers.experts import answers, request_bodies, response_bodies
from handlers.experts.base import ExpertsHandler
from thserver.domain.messages import NotificationNotFound


class Notifications(ExpertsHandler):
    """/api/notifications/"""

    @signed_in
    @described(query=request_bodies.NotificationsQuery, answers={200: many(answers.Notification)})
    async def get(self) -> None:
        """One's own, the last hundred in order; filter `is_read`; `before` (an id) goes further back."""
        query = self.read_query()
        shown = await self.services.notifications.of_person(self.me.id, **query)
        self.reply([response_bodies.notification(each, shown.names) for each in shown.notifications])


class Notification(ExpertsHandler):
    """/api/notifications/{id}/"""

    @signed_in
    @described(
        body=request_bodies.MarkNotification,
        answers={200: answers.NotificationMark},
        refuses=(NotificationNotFound,),
    )
    async def patch(self, notification_id: str) -> None:
        """Say whether it has been read."""
        body = self.read()
        marked = await self.services.notifications.mark(
            self.me.id, int(notification_id), is_read=body["is_read"]
        )
        self.reply(
            {
                "id": marked.id,
                "is_read": marked.is_read,
                "updated_at": response_bodies.moment(marked.updated),
            }
        )
