"""Availability endpoints, V1 and V2."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cases import each_case
from tests.clients.http import Api
from tests.clients.mentors import AVAILABILITY, SLOT, MentorsClient
from tests.fakes.clock import FakeClock

HOUR = timedelta(hours=1)
HALF = timedelta(minutes=30)


@pytest.fixture
def start(clock: FakeClock) -> datetime:
    return clock.now() + HOUR


async def test_v1_keeps_the_window_as_given(mentor: MentorsClient) -> None:
    sample = {"start_time": "2099-12-31T14:30:00Z", "end_time": "2099-12-31T15:30:00Z"}
    window = await mentor("POST", "/availabilty/", sample, expect=201)
    assert window == {"pk": window["pk"], "mentor": mentor.pk, **sample}
    assert await mentor("GET", "/availabilty/") == [window]
    assert await mentor("GET", "/availabilty/", v2=True) == [{**window, "status": "Open"}]


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/v2/availabilty/", "*/*"),
        ("/availabilty/", "version=v2"),
        ("/availabilty", "application/json; version=v2"),
        ("/v2/availabilty/", "version=v2"),
    ],
)
async def test_v2_cuts_the_window_into_slots(mentor: MentorsClient, path: str, accept: str) -> None:
    sample = {"start_time": "2099-12-31T14:30:00Z", "end_time": "2099-12-31T15:30:00Z"}
    body = await mentor("POST", path, sample, expect=201, headers={"Accept": accept})
    first = body[0]["pk"]
    middle = "2099-12-31T15:00:00Z"
    assert body == [
        {"pk": first, "mentor": mentor.pk, **sample, "end_time": middle, "status": "Open"},
        {"pk": first + 1, "mentor": mentor.pk, **sample, "start_time": middle, "status": "Open"},
    ]
    assert await mentor("GET", path, headers={"Accept": accept}) == body


async def test_the_slot_grid_starts_at_the_windows_start(mentor: MentorsClient, start: datetime) -> None:
    odd = start + timedelta(minutes=7)
    slots = await mentor.publish(odd, odd + timedelta(minutes=80), v2=True)
    assert [slot["start_time"][14:16] for slot in slots] == ["07", "37"]
    assert all(list(slot) == SLOT for slot in slots)


async def test_everybodys_availability_is_listed_from_present_to_future(
    mentor: MentorsClient, mentee: MentorsClient, api: Api, start: datetime
) -> None:
    other = await MentorsClient(api).register("other")
    await other.become_mentor()
    last = await mentor.publish(start + 5 * HOUR, start + 6 * HOUR)
    first = await other.publish(start, start + HOUR)
    middle = await mentor.publish(start + HOUR, start + 2 * HOUR)
    listed = await mentee("GET", "/availabilty/")
    assert listed == [first, middle, last]
    assert all(list(each) == AVAILABILITY for each in listed)
    assert await mentee("GET", "/availabilty/?page_size=1&page=2") == [middle]


@each_case(
    ("starts", "ends", "expected"),
    [
        (-1, 1, {"start_time": ["Start time must be in the future."]}),
        (2, 1, {"non_field_errors": ["End time must be after start time."]}),
        (1, 1, {"non_field_errors": ["End time must be after start time."]}),
        (1, 24 * 32, {"non_field_errors": ["An availability can not be longer than 31 days."]}),
    ],
)
@each_case("v2", [False, True])
async def test_a_window_lies_in_the_future_and_ends_after_it_starts(
    mentor: MentorsClient, clock: FakeClock, starts: int, ends: int, expected: Any, v2: bool
) -> None:
    body = {
        "start_time": (clock.now() + starts * HOUR).isoformat(),
        "end_time": (clock.now() + ends * HOUR).isoformat(),
    }
    assert await mentor("POST", "/availabilty/", body, v2=v2, expect=400) == expected


async def test_less_than_a_slot_is_none_in_v2(mentor: MentorsClient, start: datetime) -> None:
    body = {"start_time": start.isoformat(), "end_time": (start + timedelta(minutes=20)).isoformat()}
    answer = await mentor("POST", "/v2/availabilty/", body, expect=400)
    assert answer == {"non_field_errors": ["An availability must be at least 30 minutes long."]}


@each_case(
    "value", ["tomorrow", "", 7, None, [], {"$gt": ""}, "2099-02-30T10:00:00Z", "9999-12-31T23:59:59Z", True]
)
async def test_a_hostile_time_is_refused_by_field(mentor: MentorsClient, value: Any) -> None:
    body = {"start_time": value, "end_time": "2099-12-31T15:30:00Z"}
    assert list(await mentor("POST", "/availabilty/", body, expect=400)) == ["start_time"]
    assert await mentor("GET", "/availabilty/") == []


async def test_an_unknown_form_of_time_is_refused_in_drfs_words(mentor: MentorsClient) -> None:
    body = {"start_time": "31/12/2099", "end_time": "2099-12-31T15:30:00Z"}
    assert await mentor("POST", "/availabilty/", body, expect=400) == {
        "start_time": [
            "Datetime has wrong format. Use one of these formats instead: "
            "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
        ]
    }


async def test_any_offset_is_taken_and_a_naive_time_is_utc(mentor: MentorsClient) -> None:
    body = {"start_time": "2099-12-31T09:30:00-05:00", "end_time": "2099-12-31T15:30:00"}
    window = await mentor("POST", "/availabilty/", body, expect=201)
    assert window["start_time"] == "2099-12-31T14:30:00Z"
    assert window["end_time"] == "2099-12-31T15:30:00Z"


@pytest.mark.parametrize(
    ("from_", "to"), [(0, 2), (1, 2), (0, 1), (0.5, 1.5), (-0.5, 0.5), (1.5, 3), (-0.5, 4)]
)
@pytest.mark.parametrize("v2", [False, True])
async def test_windows_of_one_mentor_do_not_overlap(
    mentor: MentorsClient, start: datetime, from_: float, to: float, v2: bool
) -> None:
    await mentor.publish(start, start + 2 * HOUR, v2=True)
    body = {"start_time": (start + from_ * HOUR).isoformat(), "end_time": (start + to * HOUR).isoformat()}
    answer = await mentor("POST", "/availabilty/", body, v2=v2, expect=400)
    assert answer == {"non_field_errors": ["Input overlaps with existing availability."]}
    assert len(await mentor("GET", "/availabilty/")) == 4


async def test_adjacent_windows_do_not_overlap(mentor: MentorsClient, start: datetime) -> None:
    await mentor.publish(start, start + HOUR)
    await mentor.publish(start + HOUR, start + 2 * HOUR)
    await mentor.publish(start - HALF, start)
    assert len(await mentor("GET", "/availabilty/")) == 3


@pytest.mark.parametrize("first", [False, True])
async def test_of_overlapping_windows_that_come_at_once_one_is_kept(
    mentor: MentorsClient, start: datetime, first: bool
) -> None:
    if not first:
        await mentor.publish(start + 100 * HOUR, start + 101 * HOUR)
    bodies = [
        {
            "start_time": (start + n * timedelta(minutes=1)).isoformat(),
            "end_time": (start + HOUR + n * timedelta(minutes=1)).isoformat(),
        }
        for n in range(20)
    ]
    answers = await asyncio.gather(
        *(mentor("POST", "/availabilty/", body, v2=n % 2 == 0, expect=None) for n, body in enumerate(bodies))
    )
    assert sorted(answer.status for answer in answers) == [201] + [400] * 19


async def test_of_windows_that_come_at_once_all_are_kept_when_none_overlap(
    mentor: MentorsClient, start: datetime
) -> None:
    await asyncio.gather(*(mentor.publish(start + n * HOUR, start + (n + 1) * HOUR) for n in range(20)))
    assert len(await mentor("GET", "/availabilty/")) == 20


async def test_only_a_mentor_publishes(mentee: MentorsClient, start: datetime) -> None:
    body = {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
    answer = await mentee("POST", "/availabilty/", body, expect=403)
    assert answer == {"detail": "You do not have permission to perform this action."}


async def test_a_window_is_taken_back_by_its_mentor_only(
    mentor: MentorsClient, api: Api, start: datetime
) -> None:
    other = await MentorsClient(api).register("other")
    await other.become_mentor()
    window = await mentor.publish(start, start + HOUR)
    assert await other("DELETE", f"/availabilty/{window['pk']}/", expect=404) == {"detail": "Not found."}
    await mentor("DELETE", f"/availabilty/{window['pk']}/", expect=204)
    await mentor("DELETE", f"/availabilty/{window['pk']}/", expect=404)
    for path in ("999999999", "9999999999", "0", "-1", "abc", "1.5", "%00", "..%2f"):
        await mentor("DELETE", f"/availabilty/{path}/", expect=404)


async def test_a_mentor_keeps_so_much_and_no_more(
    mentor: MentorsClient, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thserver.domain.availability.MOST_WINDOWS", 4)
    await mentor.publish(start, start + 1.5 * HOUR, v2=True)
    body = {
        "start_time": (start + 2 * HOUR).isoformat(),
        "end_time": (start + 3 * HOUR).isoformat(),
    }
    answer = await mentor("POST", "/v2/availabilty/", body, expect=400)
    assert answer == {"non_field_errors": ["There is too much availability already."]}
    await mentor.publish(start + 2 * HOUR, start + 3 * HOUR)
