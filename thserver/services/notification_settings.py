"""What people want to be told: asked at the moment of telling, so a change counts for bookings that exist already."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from store.database import Database
from thserver.domain.bookings import Kind
from thserver.domain.errors import NotFound
from thserver.domain.notification_settings import FLAGS, NotificationSettings, flag_for


class NotificationSettingsService:
    def __init__(self, *, database: Database) -> None:
        self._settings = database.notification_settings

    async def of(self, person_id: int) -> NotificationSettings:
        return await self._settings.get(person_id)

    async def change(
        self, person_id: int, settings_id: int, changes: dict[str, bool]
    ) -> NotificationSettings:
        """One's own settings bear the person's number; those of others are NotFound."""
        if settings_id != person_id:
            raise NotFound
        return await self._settings.change(
            person_id, {flag: changes[flag] for flag in FLAGS if flag in changes}
        )

    async def not_wanted(self, person_ids: Collection[int], kind: Kind, what: str | timedelta) -> set[int]:
        """Those who do not want this news, or this alert so long before the start, of bookings of this kind."""
        flag = flag_for(kind, what)
        return await self._settings.switched_off(person_ids, flag) if flag is not None else set()
