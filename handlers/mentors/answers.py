"""What contract mentors answers, as its document shows it."""

from __future__ import annotations

from handlers.answers import (
    Answer,
    flag,
    given_address,
    given_email,
    list_of,
    moment,
    one_of,
    part,
    text,
    whole,
)
from handlers.mentors.dialect import CANCELED, COMPLETED, CONFIRMED, PENDING
from thserver.domain.availability import LENGTHS_IN_MIN
from thserver.domain.notification_settings import FLAGS


class NewUser(Answer):
    email = given_email()
    username = text()
    id = whole(minimum=1)


class AuthToken(Answer):
    auth_token = text(description="Goes into `Authorization: Token <token>`.")


class Profile(Answer):
    """A person as he sees himself."""

    pk = whole(minimum=1)
    username = text(null=True)
    first_name = text()
    last_name = text()
    email = text(null=True, description="The one that is wanted, proven or not.")
    phone_number = text(null=True, description="The one that is wanted, proven or not.")
    profile_photo = given_address(null=True)
    is_mentor = flag()
    is_mentee = flag()
    is_active = flag()


class Availability(Answer):
    pk = whole(minimum=1)
    mentor = whole(minimum=1)
    start_time = moment(0)
    end_time = moment(0)


class Slot(Availability):
    """Half an hour of availability, as version 2 shows it."""

    status = one_of("Open", "Booked")


class MentorWithSkill(Answer):
    pk = whole(minimum=1)
    about_me = text()
    skills = list_of(text())


class MentorInformation(MentorWithSkill):
    availabilities = list_of(Availability)
    team_number = whole()


class MentorProfile(Answer):
    about_me = text()
    skills = list_of(text())
    availabilities = list_of(Availability)


class ListedMentor(Answer):
    pk = whole(minimum=1)
    username = text(null=True)
    first_name = text()
    last_name = text()
    is_mentor = flag()
    profile_photo = given_address(null=True)
    mentor_profile = part(MentorProfile)


class MenteeInformation(Answer):
    team_number = whole()


class ListedMentee(Answer):
    pk = whole(minimum=1)
    username = text(null=True)
    first_name = text()
    last_name = text()
    is_mentee = flag()
    profile_photo = given_address(null=True)
    mentee_profile = part(MenteeInformation)


class Session(Answer):
    pk = whole(minimum=1)
    mentor_first_name = text()
    mentor_last_name = text()
    mentor_availability = whole(minimum=1)
    mentee = whole(minimum=1)
    start_time = moment(0)
    end_time = moment(0)
    status = one_of(PENDING, CONFIRMED, CANCELED, COMPLETED)
    session_length = whole(enum=list(LENGTHS_IN_MIN), description="In minutes.")


class SessionWithMentee(Session):
    mentee_first_name = text()
    mentee_last_name = text()


NotificationSettings = Answer.from_dict(
    {
        "pk": whole(minimum=1, description="The person's whose they are."),
        "user": whole(minimum=1),
        **{name: flag() for name in FLAGS},
    },
    name="NotificationSettings",
)
