"""The settings of notifications over contract mentors."""

from __future__ import annotations

from tests.clients.mentors import SETTINGS, MentorsClient


async def test_settings_exist_from_the_beginning_all_on(visitor: MentorsClient) -> None:
    await visitor.register()
    expected = {"pk": visitor.pk, "user": visitor.pk, **dict.fromkeys(SETTINGS[2:], True)}
    assert await visitor("GET", "/notificationsettings/") == expected
    assert await visitor("GET", f"/notificationsettings/{visitor.pk}/") == expected


async def test_the_documented_change_of_settings(visitor: MentorsClient) -> None:
    await visitor.register()
    path = f"/notificationsettings/{visitor.pk}"
    expected = {"pk": visitor.pk, "user": visitor.pk, **dict.fromkeys(SETTINGS[2:], True)}
    assert await visitor("PATCH", path, {"sixty_minute_alert": "False"}) == {
        **expected,
        "sixty_minute_alert": False,
    }
    assert await visitor("PATCH", path, {"sixty_minute_alert": "True"}) == expected
    assert await visitor("PATCH", path, {}) == expected
    assert await visitor("PATCH", path, {"user": 1, "_id": 2, "person_id": 3}) == expected
    body = await visitor("PATCH", path, {"sixty_minute_alert": "perhaps"}, expect=400)
    assert body == {"sixty_minute_alert": ["Must be a valid boolean."]}


async def test_settings_of_others_are_not_there(mentor: MentorsClient, mentee: MentorsClient) -> None:
    for pk in (mentor.pk, 99999, 10**9):
        await mentee("PATCH", f"/notificationsettings/{pk}", {"sixty_minute_alert": False}, expect=404)
        await mentee("GET", f"/notificationsettings/{pk}", expect=404)
    assert (await mentor("GET", "/notificationsettings/"))["sixty_minute_alert"] is True
