"""What clients send: each section of a request as arguments for a service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import fields, pre_load, validate, validates_schema
from marshmallow.exceptions import ValidationError

from handlers.circles.fields import (
    BLANK_IN_FULL,
    Address,
    AnyAddress,
    Confirmation,
    Count,
    Day,
    Instant,
    OneOf,
    Secret,
    Section,
    Words,
)
from handlers.fields import like
from thserver.domain.circles import Entry, Level, Names, Sort
from thserver.domain.death_notices import Setting
from thserver.domain.passwords import LONGEST

LARGEST_PAGE = 100
LAST_PAGE = 2**31 - 1
MOST_ENTRIES = 100
LEVELS = tuple(level.value for level in Level)
FOLLOWED_LEVELS = (Level.TRUSTED_FRIEND.value, Level.LIFELINK.value)
NAMES_SORTED = ("first_name", "last_name", "full_name")
FOLLOWER_SORTS = (*NAMES_SORTED, "email", "level", "status", "created_at")
FOLLOWING_SORTS = (*(f"account_holder_{name}" for name in NAMES_SORTED), "status", "created_at")
HOLDER = "account_holder_"
VISIBILITIES = ("public", "lifelink_only")
GOOD_PASSWORD = like("correct horse 1")


class Account(Section):
    blank = BLANK_IN_FULL


class Login(Account):
    email = AnyAddress()
    password = Secret(longest=LONGEST)


class Registration(Account):
    email = Address(metadata=like("john.doe@example.com"))
    password = Secret(shortest=6, longest=128, metadata=GOOD_PASSWORD)
    password_confirmation = Secret(optional=True, metadata=GOOD_PASSWORD)
    first_name = Words(longest=25, metadata=like("John"))
    last_name = Words(longest=25, optional=True, metadata=like("Doe"))
    invite_token = Words(optional=True, longest=200)

    @validates_schema
    def check_confirmation(self, body: Mapping[str, Any], **kwargs: Any) -> None:
        confirmation = body.get("password_confirmation")
        if confirmation is not None and confirmation != body.get("password"):
            raise ValidationError("doesn't match Password", "password_confirmation")


class Token(Account):
    token = Words(longest=200)


class Reset(Account):
    token = Words(longest=200)
    password = Secret(shortest=6, longest=128)


class NewPassword(Account):
    password = Secret(shortest=6, longest=128)


class Forgot(Account):
    email = Address()


class Profile(Account):
    first_name = Words(longest=25)
    middle_name = Words(longest=25, optional=True)
    last_name = Words(longest=25, optional=True)
    secondary_email = Address(metadata=like("john@example.com"))
    dob = Day()
    gender = OneOf("male", "female", "other")
    contact_number = Words(longest=50, may_be_empty=True, metadata=like("3125550123"))
    country = Words(shortest=2, longest=50, metadata=like("US"))


# As a form has it, with bracketed names.
ProfileForm = Account.from_dict(
    {f"user[{name}]": field for name, field in Profile._declared_fields.items()}, name="ProfileForm"
)


class OwnPassword(Account):
    password = Secret(longest=LONGEST)


class Invited(Section):
    level = OneOf(*LEVELS)
    email = Address(metadata=like("friend@example.com"))
    first_name = Words(longest=25, metadata=like("Bo"))
    middle_name = Words(longest=25, optional=True)
    last_name = Words(longest=25, optional=True)


class ManyInvited(Section):
    """As they are described; each is read by itself, so that one that is wrong spoils none of the others."""

    users = fields.List(
        fields.Nested(Invited), required=True, validate=validate.Length(min=1, max=MOST_ENTRIES)
    )


class ByAddress(Section):
    email = AnyAddress()


class InviteToken(Section):
    invite_token = Words(longest=200)


class DeathNotice(Section):
    content = Words()
    email_receive_condolences = Address(optional=True)
    address_receive_flowers = Words(optional=True)
    ewake_visibility = OneOf(*VISIBILITIES)


class Initiation(Section):
    email = AnyAddress()
    date_of_death = Day()
    confirm_email_address = Confirmation(longest=255)
    confirm_physical_address = Confirmation(longest=500)


class Authorisation(Section):
    email = AnyAddress()
    confirm_email_address = Confirmation(longest=255)
    confirm_physical_address = Confirmation(longest=500)


class FuneralDetails(Section):
    email = AnyAddress()
    time = Instant(required=True)
    location = Words(longest=500, metadata=like("St Mary, 1 Main Street"))
    details = Words(longest=10_000, optional=True)


class ListQuery(Section):
    page = Count(most=LAST_PAGE, default=1)
    per = Count(most=LARGEST_PAGE, default=20)
    order = OneOf("asc", "desc", optional=True)

    @pre_load
    def without_blanks(self, query: Mapping[str, Any], **kwargs: Any) -> dict[str, Any]:
        """An empty filter is no filter."""
        return {name: value for name, value in query.items() if value not in ("", None)}


class Followers(ListQuery):
    level = OneOf(*LEVELS, optional=True)
    sort = OneOf(*FOLLOWER_SORTS, optional=True)


class Following(ListQuery):
    level = OneOf(*FOLLOWED_LEVELS)
    sort = OneOf(*FOLLOWING_SORTS, optional=True)


def sort_of(query: Mapping[str, Any]) -> Sort:
    """How a list is sorted; without a wish the newest come first."""
    wanted = query.get("sort") or "created_at"
    field = {"created_at": "created"}.get(wanted, wanted.removeprefix(HOLDER))
    descending = (query.get("order") or "desc") == "desc"
    return Sort(field, descending, of_holder=wanted.startswith(HOLDER))


def names_of(body: Mapping[str, Any]) -> Names:
    return Names(
        first_name=body["first_name"],
        middle_name=body.get("middle_name"),
        last_name=body.get("last_name"),
    )


def entry_of(body: Mapping[str, Any]) -> Entry:
    return Entry(email=body["email"], names=names_of(body), level=Level(body["level"]))


def setting_of(body: Mapping[str, Any]) -> Setting:
    return Setting(
        content=body["content"],
        email_receive_condolences=body.get("email_receive_condolences"),
        address_receive_flowers=body.get("address_receive_flowers"),
        ewake_visibility=body["ewake_visibility"],
    )


def confirmations_of(body: Mapping[str, Any]) -> dict[str, str | bool]:
    return {
        name: body[name]
        for name in ("confirm_email_address", "confirm_physical_address")
        if body[name] is not None
    }


def day_of(body: Mapping[str, Any]) -> date:
    return date.fromisoformat(body["date_of_death"])
