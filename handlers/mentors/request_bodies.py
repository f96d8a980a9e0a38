"""Bodies that clients of this contract send."""

from __future__ import annotations

import re
from typing import Any

from handlers.fields import (
    MESSAGES,
    Body,
    Choice,
    Described,
    Email,
    Flag,
    Moment,
    Password,
    Phone,
    Text,
    WholeNumber,
    fields,
    like,
)
from handlers.mentors.dialect import CANCELED, COMPLETED, CONFIRMED, PENDING
from thserver.domain.availability import LENGTHS_IN_MIN
from thserver.domain.media import LARGEST_UPLOAD
from thserver.domain.notification_settings import FLAGS

LONGEST_USERNAME = 150
MOST = 2**31 - 1
GOOD_PASSWORD = like("correct horse 1")


class Username(Text):
    """As Django has it; lower case comes later."""

    default_error_messages = {
        "not_a_username": (
            "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
        )
    }

    FORM = re.compile(r"[\w.@+-]+")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"longest": LONGEST_USERNAME, **kwargs})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self.FORM.fullmatch(text):
            raise self.make_error("not_a_username")
        return text

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "pattern": f"^{self.FORM.pattern}$", "examples": ["johndoe"]}


class OwnPhone(Phone):
    """A number that a person wants to have; empty or null takes it away."""

    default_error_messages = {"not_a_number": "Enter a valid phone number."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"allow_none": True, **kwargs})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            return None
        return super()._deserialize(value, attr, data, **kwargs)

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "minLength": 0}


class Photo(fields.Field[Any], Described):
    """The bytes of an uploaded file; null takes the picture away."""

    default_error_messages = {
        "invalid": "The submitted data was not a file. Check the encoding type on the form.",
        "empty": "The submitted file is empty.",
        "too_large": "Ensure this file has no more than 10 MB.",
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bytes:
        if not isinstance(value, bytes):
            raise self.make_error("invalid")
        if not value:
            raise self.make_error("empty")
        if len(value) > LARGEST_UPLOAD:
            raise self.make_error("too_large")
        return value

    def as_json_schema(self) -> dict[str, Any]:
        # As JSON it can only be taken away.
        return {"type": "null"}


class Skills(fields.Field[list[str]], Described):
    """A list of skills, or one string."""

    default_error_messages = {
        **MESSAGES,
        "not_a_list": 'Expected a list of items but got type "{kind}".',
        "empty": "This selection may not be empty.",
    }
    one = Text(blank=True)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[str]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list):
            raise self.make_error("not_a_list", kind=type(value).__name__)
        return [self.one.deserialize(each) or "" for each in given]

    def as_json_schema(self) -> dict[str, Any]:
        one = self.one.as_json_schema()
        return {"anyOf": [{"type": "array", "items": one}, one], "examples": [["Python", "Django"]]}


class PrimaryKey(fields.Field[int], Described):
    """The pk of something that must exist."""

    default_error_messages = {
        **MESSAGES,
        "incorrect_type": "Incorrect type. Expected pk value, received {kind}.",
        "does_not_exist": 'Invalid pk "{pk}" - object does not exist.',
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value.strip(), re.ASCII):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("incorrect_type", kind=type(value).__name__)
        if not 0 < value <= MOST:
            raise self.make_error("does_not_exist", pk=value)
        return value

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": MOST}


class SessionLength(WholeNumber):
    default_error_messages = {"not_a_choice": '"{value}" is not a valid choice.'}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        minutes = super()._deserialize(value, attr, data, **kwargs)
        if minutes not in LENGTHS_IN_MIN:
            raise self.make_error("not_a_choice", value=minutes)
        return minutes

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "enum": list(LENGTHS_IN_MIN)}


class NewUser(Body):
    username = Username(required=True)
    email = Email(required=True, metadata=like("john@example.com"))
    password = Password(required=True, metadata=GOOD_PASSWORD)
    repeated = Password(required=True, data_key="re_password", metadata=GOOD_PASSWORD)


class Login(Body):
    """What is left out is wrong, not missing: so djoser has it."""

    username = Text(load_default="", longest=1024)
    password = Password(load_default="")


class ProfileFields(Body):
    """A profile without its picture."""

    username = Username()
    first_name = Text(blank=True)
    last_name = Text(blank=True)
    email = Email()
    phone = OwnPhone(data_key="phone_number")
    is_mentor = Flag()
    is_mentee = Flag()
    is_active = Flag()


class ProfileChanges(ProfileFields):
    photo = Photo(allow_none=True, data_key="profile_photo")


class Code(Body):
    code = Text(required=True, longest=40, metadata=like("482913"))


class MentorInformation(Body):
    about_me = Text(blank=True, load_default="")
    skills = Skills(required=True)
    team_number = WholeNumber(load_default=0)


class MentorInformationChanges(Body):
    about_me = Text(blank=True)
    skills = Skills()
    team_number = WholeNumber()


class MenteeInformation(Body):
    team_number = WholeNumber(load_default=0)


class MenteeInformationChanges(Body):
    team_number = WholeNumber()


class NewAvailability(Body):
    starts = Moment(required=True, data_key="start_time", metadata=like("2030-01-07T15:00:00Z"))
    ends = Moment(required=True, data_key="end_time", metadata=like("2030-01-07T18:00:00Z"))


class SessionRequest(Body):
    window_id = PrimaryKey(required=True, data_key="mentor_availability", metadata=like(1))
    starts = Moment(required=True, data_key="start_time", metadata=like("2030-01-07T15:00:00Z"))
    minutes = SessionLength(load_default=30, data_key="session_length")


class SessionStatus(Body):
    status = Choice((PENDING, CONFIRMED, CANCELED, COMPLETED), required=True)


NotificationSettings = Body.from_dict({flag: Flag() for flag in FLAGS}, name="NotificationSettings")
