"""Bodies of this contract's answers. Moments stay moments: the handler's `reply` writes them as documented."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.mentors.dialect import status_word
from thserver.domain.availability import Window, is_booked
from thserver.domain.bookings import Booking
from thserver.domain.mentors import MenteeProfile, MentorProfile
from thserver.domain.notification_settings import NotificationSettings
from thserver.domain.people import Person

if TYPE_CHECKING:
    from thserver.services.availability import Booked
    from thserver.services.mentors import ListedMentee, ListedMentor


def new_user(person: Person) -> dict[str, Any]:
    return {"email": person.email, "username": person.username, "id": person.id}


def profile(person: Person) -> dict[str, Any]:
    """A person as he sees himself: with the address and number that he wants, proven or not."""
    return {
        "pk": person.id,
        "username": person.username,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email_pending or person.email,
        "phone_number": person.phone_pending or person.phone,
        "profile_photo": person.image_url,
        "is_mentor": person.is_mentor,
        "is_mentee": person.is_mentee,
        "is_active": person.is_active,
    }


def listed_mentor(listed: ListedMentor) -> dict[str, Any]:
    person = listed.person
    return {
        "pk": person.id,
        "username": person.username,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "is_mentor": True,
        "profile_photo": person.image_url,
        "mentor_profile": {
            "about_me": listed.profile.about_me,
            "skills": listed.profile.skills,
            "availabilities": availabilities(listed.windows),
        },
    }


def mentor_information(profile: MentorProfile, windows: Iterable[Window]) -> dict[str, Any]:
    return {
        "pk": profile.person_id,
        "about_me": profile.about_me,
        "skills": profile.skills,
        "availabilities": availabilities(windows),
        "team_number": profile.team_number,
    }


def mentor_with_skill(profile: MentorProfile) -> dict[str, Any]:
    return {"pk": profile.person_id, "about_me": profile.about_me, "skills": profile.skills}


def listed_mentee(listed: ListedMentee) -> dict[str, Any]:
    person = listed.person
    return {
        "pk": person.id,
        "username": person.username,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "is_mentee": True,
        "profile_photo": person.image_url,
        "mentee_profile": mentee_information(listed.profile),
    }


def mentee_information(profile: MenteeProfile) -> dict[str, Any]:
    return {"team_number": profile.team_number}


def availabilities(windows: Iterable[Window]) -> list[dict[str, Any]]:
    """As V1 shows them."""
    return [
        {"pk": pk, "mentor": person_id, "start_time": starts, "end_time": ends}
        for pk, person_id, starts, ends in windows
    ]


def slots(windows: Iterable[Window], booked: Booked) -> list[dict[str, Any]]:
    """As V2 shows them: with their status."""
    return [
        {
            "pk": window.id,
            "mentor": window.person_id,
            "start_time": window.starts,
            "end_time": window.ends,
            "status": "Booked" if is_booked(window, booked.get(window.person_id, ())) else "Open",
        }
        for window in windows
    ]


def session(
    booking: Booking, people: dict[int, Person], now: datetime, *, with_mentee_name: bool
) -> dict[str, Any]:
    """The document's examples name the mentee on creation and in the archive only."""
    mentor = people[booking.host_id]
    mentee = people[booking.guest_ids[0]]
    named = {"mentee_first_name": mentee.first_name, "mentee_last_name": mentee.last_name}
    return {
        "pk": booking.id,
        "mentor_first_name": mentor.first_name,
        "mentor_last_name": mentor.last_name,
        "mentor_availability": booking.details["window"],
        "mentee": mentee.id,
        **(named if with_mentee_name else {}),
        "start_time": booking.starts,
        "end_time": booking.ends,
        "status": status_word(booking, now),
        "session_length": booking.minutes,
    }


def notification_settings(settings: NotificationSettings) -> dict[str, Any]:
    """The settings bear the number of the person whose they are."""
    flags = asdict(settings)
    person_id = flags.pop("person_id")
    return {"pk": person_id, "user": person_id, **flags}
