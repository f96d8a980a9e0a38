"""Bodies and queries of this contract's requests."""

from __future__ import annotations

from typing import Any

from marshmallow.exceptions import ValidationError

from handlers.fields import MAX_TEXT, Body, Flag, Moment, Phone, Text, WholeNumber
from handlers.gatherings.dialect import (
    BLANK_NAME,
    EMPTY_LIST,
    EMPTY_USERS,
    INVALID_CODE,
    INVALID_PHONE,
    NOT_COMPLETED,
)
from handlers.gatherings.lists import LARGEST_ID, ListOf

LONGEST_PHONE = 40
NOT_AN_INTEGER = "A valid integer is required."
# Entries of lists, as JSON schema.
AN_ID = {"type": "integer"}
A_NAME = {"type": "string", "maxLength": MAX_TEXT}
A_PHONE = {"type": "string", "maxLength": LONGEST_PHONE, "examples": ["+13125550123"]}
_integer = WholeNumber(least=-LARGEST_ID, most=LARGEST_ID)


def user_id(value: Any) -> int:
    if value is None:
        raise ValidationError(NOT_AN_INTEGER)
    number: int = _integer.deserialize(value)
    return number


def phone_text(value: Any) -> str:
    """A number as it was typed; whether it is one is found out later, a few at a time."""
    if not isinstance(value, str) or len(value) > LONGEST_PHONE:
        raise ValidationError(INVALID_PHONE)
    return value


def contact_name(value: Any) -> str:
    """Address books have nameless entries."""
    if not isinstance(value, str):
        raise ValidationError("Not a valid string.")
    if "\x00" in value:
        raise ValidationError("Null characters are not allowed.")
    if len(value) > MAX_TEXT:
        raise ValidationError(f"Ensure this field has no more than {MAX_TEXT} characters.")
    return value.strip()


class PhoneNumber(Phone):
    """In the international form; whatever else it is, it is no number."""

    default_error_messages = dict.fromkeys(("invalid", "null_character", "too_long"), INVALID_PHONE)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"region": None, "required": True, **kwargs})


class Code(Text):
    """What was texted. Whatever can not be one is as wrong as one that is not right."""

    default_error_messages = dict.fromkeys(("invalid", "null_character", "too_long"), INVALID_CODE)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"longest": 20, "required": True, **kwargs})


class SendCode(Body):
    phone = PhoneNumber()


class IsNew(Body):
    is_new = Flag()


class ConfirmCode(IsNew):
    phone = PhoneNumber()
    code = Code()


class NewUser(ConfirmCode):
    name = Text(required=True)


class AccountChanges(Body):
    name = Text(error_messages={"blank": BLANK_NAME})
    hidden_phone = Flag()


class UsersQuery(Body):
    users = ListOf(
        user_id,
        entry=AN_ID,
        empty=EMPTY_USERS,
        most=1000,
        required=True,
        error_messages={"required": EMPTY_USERS},
    )


class NewMeeting(Body):
    title = Text(required=True)
    description = Text(allow_none=True, load_default=None)
    user_ids = ListOf(user_id, entry=AN_ID, most=1000, data_key="users", load_default=list)
    starts = Moment(allow_none=True, data_key="time", load_default=None)


class MeetingsQuery(Body):
    with_completed = Flag(data_key="all", load_default=False)


class Completed(Flag):
    """True, or not said at all."""

    default_error_messages = dict.fromkeys(("invalid", "null"), NOT_COMPLETED)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not super()._deserialize(value, attr, data, **kwargs):
            raise self.make_error("invalid")
        return True

    def as_json_schema(self) -> dict[str, Any]:
        return {"const": True}


class MeetingChanges(Body):
    completed = Completed(load_default=False)
    starts = Moment(allow_none=True, data_key="time", load_default=None)


class OneUser(Body):
    user = WholeNumber(least=-LARGEST_ID, most=LARGEST_ID, required=True)


class ContactsToAdd(Body):
    names = ListOf(contact_name, entry=A_NAME, required=True)
    phones = ListOf(phone_text, entry=A_PHONE, required=True)


class ContactsToRemove(Body):
    phones = ListOf(
        phone_text, entry=A_PHONE, empty=EMPTY_LIST, required=True, error_messages={"required": EMPTY_LIST}
    )
