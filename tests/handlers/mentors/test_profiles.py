"""Mentor and mentee endpoints: information, lists, search by skill."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from store.database import Database
from tests.cases import each_case
from tests.clients.http import Api
from tests.clients.mentors import AVAILABILITY, MentorsClient
from tests.fakes.clock import FakeClock

HOUR = timedelta(hours=1)


async def test_the_documented_information_of_a_mentor(visitor: MentorsClient) -> None:
    await visitor.register()
    body = {"about_me": "Hi, I am so and so and do such and such", "skills": ["CSS"], "team_number": 10}
    information = {"pk": visitor.pk, **body, "availabilities": []}
    assert await visitor("POST", "/mentorinfo/", body, expect=201) == information
    assert await visitor("GET", "/mentorinfo/") == information
    body = await visitor("PATCH", "/mentorinfoupdate/", {"skills": "Python"})
    assert body == {**information, "skills": ["Python"]}
    await visitor("DELETE", "/mentorinfoupdate/", {"": ""}, expect=204)
    assert await visitor("GET", "/mentorinfo/", expect=404) == {"detail": "Not found."}
    await visitor("PATCH", "/mentorinfoupdate/", {"skills": "Python"}, expect=404)
    await visitor("DELETE", "/mentorinfoupdate/", expect=404)


async def test_information_is_given_once(mentor: MentorsClient) -> None:
    body = await mentor("POST", "/mentorinfo/", {"skills": ["CSS"]}, expect=400)
    assert body == {"non_field_errors": ["It exists already."]}


@pytest.mark.parametrize(
    ("skills", "kept"),
    [
        ("Python", ["Python"]),
        ("Python, Django", ["Python", "Django"]),
        (["CSS", "css", " Vue.js "], ["CSS", "Vue.js"]),
        ([], []),
    ],
)
async def test_skills_are_a_list_or_one_string(mentor: MentorsClient, skills: Any, kept: list[str]) -> None:
    assert (await mentor("PATCH", "/mentorinfoupdate/", {"skills": skills}))["skills"] == kept


@each_case(
    ("changes", "field"),
    [
        ({"skills": {"CSS": 1}}, "skills"),
        ({"skills": [1]}, "skills"),
        ({"skills": ["x" * 101]}, "skills"),
        ({"skills": [f"skill {n}" for n in range(51)]}, "skills"),
        ({"skills": ["a\x00b"]}, "skills"),
        ({"skills": None}, "skills"),
        ({"team_number": "ten"}, "team_number"),
        ({"team_number": 2**63}, "team_number"),
        ({"team_number": True}, "team_number"),
        ({"about_me": "x" * 2001}, "about_me"),
        ({"about_me": {"$ne": 1}}, "about_me"),
    ],
)
async def test_hostile_information_is_refused_by_field(
    mentor: MentorsClient, changes: dict[str, Any], field: str
) -> None:
    before = await mentor("GET", "/mentorinfo/")
    assert list(await mentor("PATCH", "/mentorinfoupdate/", changes, expect=400)) == [field]
    assert await mentor("GET", "/mentorinfo/") == before


async def test_the_list_of_mentors(mentor: MentorsClient, mentee: MentorsClient, clock: FakeClock) -> None:
    start = clock.now() + HOUR
    window = await mentor.publish(start, start + 10 * HOUR)
    assert list(window) == AVAILABILITY
    assert await mentee("GET", "/mentor/") == [
        {
            "pk": mentor.pk,
            "username": "grace",
            "first_name": "Grace",
            "last_name": "Hopper",
            "is_mentor": True,
            "profile_photo": None,
            "mentor_profile": {"about_me": "Compilers", "skills": ["COBOL"], "availabilities": [window]},
        }
    ]


async def test_a_mentor_who_has_told_nothing_is_listed_with_an_empty_profile(visitor: MentorsClient) -> None:
    await visitor.register()
    await visitor("PATCH", "/myprofile/", {"is_mentor": True, "is_mentee": True})
    empty = {"about_me": "", "skills": [], "availabilities": []}
    assert (await visitor("GET", "/mentor/"))[0]["mentor_profile"] == empty
    assert (await visitor("GET", "/mentee/"))[0]["mentee_profile"] == {"team_number": 0}


async def test_what_is_over_is_left_out(mentor: MentorsClient, clock: FakeClock) -> None:
    start = clock.now() + HOUR
    await mentor.publish(start, start + HOUR)
    later = await mentor.publish(start + 2 * HOUR, start + 3 * HOUR)
    clock.set(start + HOUR)
    assert (await mentor("GET", "/mentor/"))[0]["mentor_profile"]["availabilities"] == [later]
    assert (await mentor("GET", "/mentorinfo/"))["availabilities"] == [later]
    assert await mentor("GET", "/availabilty/") == [later]


async def test_the_search_by_skill_takes_any_of_several_without_case(api: Api) -> None:
    clients = {}
    for name, skills in (("ann", ["HTML"]), ("ben", ["HTML", "CSS", "Django"]), ("cat", ["Go"])):
        clients[name] = await MentorsClient(api).register(name)
        await clients[name].become_mentor(name, *skills)
    ann, ben, cat = (clients[name] for name in ("ann", "ben", "cat"))

    async def found(path: str) -> list[int]:
        return [each["pk"] for each in await ann("GET", f"/mentor/{path}")]

    assert await ann("GET", "/mentor/css/") == [
        {"pk": ben.pk, "about_me": "Compilers", "skills": ["HTML", "CSS", "Django"]}
    ]
    assert await found("html/") == [ann.pk, ben.pk]
    assert await found("go,%20CSS") == [ben.pk, cat.pk]
    assert await found("Cobol/") == []
    assert await found("%00/") == []
    assert await found(".*/") == []
    await ben("PATCH", "/myprofile/", {"is_active": False})
    assert await found("html/") == [ann.pk]
    assert ben.pk not in [each["pk"] for each in await ann("GET", "/mentor/")]


async def test_the_documented_information_of_a_mentee(visitor: MentorsClient) -> None:
    await visitor.register()
    await visitor("GET", "/menteeinfo/", expect=404)
    assert await visitor("POST", "/menteeinfo/", {"team_number": "4"}, expect=201) == [{"team_number": 4}]
    assert await visitor("GET", "/menteeinfo/") == [{"team_number": 4}]
    # The document's own sample is a list.
    assert await visitor("PATCH", "/menteeinfoupdate/", [{"team_number": "5"}]) == {"team_number": 5}
    assert await visitor("PATCH", "/menteeinfoupdate/", {"team_number": 6}) == {"team_number": 6}
    bodies: tuple[Any, ...] = ([], [1], [{}, {}], "x", [[{}]])
    for hostile in bodies:
        await visitor("PATCH", "/menteeinfoupdate/", hostile, expect=400)
    await visitor("POST", "/menteeinfo/", {"team_number": 4}, expect=400)
    await visitor("DELETE", "/menteeinfoupdate/", expect=204)
    await visitor("DELETE", "/menteeinfoupdate/", expect=404)


async def test_the_list_of_mentees(mentor: MentorsClient, mentee: MentorsClient) -> None:
    assert await mentor("GET", "/mentee/") == [
        {
            "pk": mentee.pk,
            "username": "ada",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "is_mentee": True,
            "profile_photo": None,
            "mentee_profile": {"team_number": 4},
        }
    ]


async def test_the_list_of_mentors_takes_the_same_number_of_queries_however_many_there_are(
    api: Api, clock: FakeClock, services: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymongo.asynchronous.collection import AsyncCollection

    asked: list[str] = []
    for name in ("find", "find_one", "aggregate", "count_documents"):
        original = getattr(AsyncCollection, name)

        def counting(self: Any, *args: Any, _original: Any = original, _name: str = name, **more: Any) -> Any:
            asked.append(f"{self.name}.{_name}")
            return _original(self, *args, **more)

        monkeypatch.setattr(AsyncCollection, name, counting)
    counts = []
    client = await MentorsClient(api).register("first")
    for size in (1, 4):
        for number in range(size):
            one = await MentorsClient(api).register(f"m{size}-{number}")
            await one.become_mentor()
            await one.publish(clock.now() + HOUR, clock.now() + 2 * HOUR, v2=True)
        asked.clear()
        await client("GET", "/mentor/")
        # find_one runs a find of its own.
        counts.append([each for each in asked if not each.endswith(".find_one")])
    assert counts[0] == counts[1]
    assert counts[0] == ["people.find", "people.find", "mentor_profiles.find", "availability.aggregate"]
