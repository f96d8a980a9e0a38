"""Notification endpoints: one's own settings."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.descriptions import described
from handlers.mentors import answers, request_bodies, response_bodies
from handlers.mentors.base import MentorsHandler
from thserver.domain.errors import NotFound


class OwnNotificationSettings(MentorsHandler):
    """/notificationsettings/"""

    @signed_in
    @described(answers={200: answers.NotificationSettings})
    async def get(self) -> None:
        """What one wants to be told."""
        settings = await self.services.notification_settings.of(self.me.id)
        self.reply(response_bodies.notification_settings(settings))


class NotificationSettings(MentorsHandler):
    """/notificationsettings/<int:pk>"""

    @signed_in
    @described(answers={200: answers.NotificationSettings})
    async def get(self, pk: str) -> None:
        """What one wants to be told; nobody else's."""
        if int(pk) != self.me.id:
            raise NotFound
        settings = await self.services.notification_settings.of(self.me.id)
        self.reply(response_bodies.notification_settings(settings))

    @signed_in
    @described(body=request_bodies.NotificationSettings, answers={200: answers.NotificationSettings})
    async def patch(self, pk: str) -> None:
        """Turn some on or off."""
        changes = self.read()
        settings = await self.services.notification_settings.change(self.me.id, int(pk), changes)
        self.reply(response_bodies.notification_settings(settings))
