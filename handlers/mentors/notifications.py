"""Notification endpoints: one's own settings."""

from __future__ import annotations

from handlers.access import signed_in
from handlers.mentors import request_bodies, response_bodies
from handlers.mentors.base import MentorsHandler
from thserver.domain.errors import NotFound


class OwnNotificationSettings(MentorsHandler):
    """/notificationsettings/"""

    @signed_in
    async def get(self) -> None:
        settings = await self.services.notification_settings.of(self.me.id)
        self.reply(response_bodies.notification_settings(settings))


class NotificationSettings(MentorsHandler):
    """/notificationsettings/<int:pk>"""

    @signed_in
    async def get(self, pk: str) -> None:
        if int(pk) != self.me.id:
            raise NotFound
        settings = await self.services.notification_settings.of(self.me.id)
        self.reply(response_bodies.notification_settings(settings))

    @signed_in
    async def patch(self, pk: str) -> None:
        changes = self.read(request_bodies.NotificationSettings())
        settings = await self.services.notification_settings.change(self.me.id, int(pk), changes)
        self.reply(response_bodies.notification_settings(settings))
