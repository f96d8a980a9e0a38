"""Bodies and queries that clients send about accounts and heroes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import post_load, pre_load

from handlers.fields import (
    Body,
    Choice,
    Email,
    Flag,
    Moment,
    Password,
    Phone,
    Text,
    ValidationError,
    WebAddress,
    WholeNumber,
    Zone,
)
from handlers.heroes.call_request_bodies import HeroId
from handlers.heroes.dialect import DIALECT
from handlers.paging import PageQuery
from thserver.domain import passwords
from thserver.domain.errors import Invalid
from thserver.domain.heroes import DISCIPLINES, HIGHEST_RATE_IN_CENTS, ORDERS

MOST_YEARS = 100
SHORT_BIO = 199
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class NewPassword(Password):
    """A password that is to be from now on."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        password = super()._deserialize(value, attr, data, **kwargs)
        try:
            passwords.check(password)
        except Invalid as refusal:
            raise ValidationError(DIALECT.problems[refusal.problems["password"]]) from refusal
        return password

    def as_json_schema(self) -> dict[str, Any]:
        return {**super().as_json_schema(), "minLength": passwords.SHORTEST, "pattern": "[0-9]"}


class Token(Text):
    """A code or token as we hand it out: so many lowercase letters and digits, exactly."""

    default_error_messages = {
        "not_a_token": "A token is a {length} character combination of lowercase letters and digits."
    }

    def __init__(self, length: int, **kwargs: Any) -> None:
        super().__init__(required=True, **kwargs)
        self.form = re.compile(rf"[a-z0-9]{{{length}}}", re.ASCII)
        self.length = length

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self.form.fullmatch(text):
            raise self.make_error("not_a_token", length=self.length)
        return text

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self.form.pattern}$"}


class UserId(Text):
    """A person's UUID."""

    default_error_messages = {"not_a_uuid": "Must be a valid UUID."}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).lower()
        if not UUID.fullmatch(text):
            raise self.make_error("not_a_uuid")
        return text

    def as_json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}


class PhoneToken(Body):
    phone = Phone(required=True)


class Register(Body):
    first_name = Text(required=True)
    last_name = Text(required=True)
    email = Email(required=True)
    password = NewPassword(required=True)
    phone = Phone(required=True)
    phone_token = Token(6)
    timezone = Zone(required=True)


class Login(Body):
    email = Email(required=True)
    password = Password(required=True)


class ProfileChanges(Body):
    first_name = Text()
    last_name = Text()
    email = Email()
    phone = Phone()
    is_active = Flag()
    email_notifications = Flag()
    image_url = WebAddress(data_key="profile_image", allow_none=True, blank=True)
    timezone = Zone()

    @post_load
    def without_picture(self, changes: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """An emptied picture is none."""
        return {**changes, "image_url": changes["image_url"] or None} if "image_url" in changes else changes


class VerifyEmail(Body):
    token = Token(10)


class VerifyPhone(Body):
    token = Token(6)


class ChangePassword(Body):
    old_password = Password(required=True)
    new_password = NewPassword(required=True)


class RequestPassword(Body):
    email = Email(required=True)


class ResetPassword(Body):
    token = Token(8)
    new_password = NewPassword(required=True)


class GetTime(Body):
    user_id = UserId(required=True)
    utc_datetime = Moment(required=True)


class Application(Body):
    discipline = Choice(DISCIPLINES, required=True)
    title = Text(required=True)
    description = Text(required=True)
    position = Text(required=True)
    company = Text(required=True)
    short_bio = Text(required=True, longest=SHORT_BIO)
    years_of_exp = WholeNumber(required=True, least=1, most=MOST_YEARS)
    rate_in_cents = WholeNumber(required=True, least=0, most=HIGHEST_RATE_IN_CENTS)
    linkedin_url = WebAddress(required=True)


class OfferChanges(Body):
    discipline = Choice(DISCIPLINES)
    title = Text()
    description = Text()
    position = Text()
    company = Text()
    short_bio = Text(longest=SHORT_BIO)
    years_of_exp = WholeNumber(least=1, most=MOST_YEARS)
    rate_in_cents = WholeNumber(least=0, most=HIGHEST_RATE_IN_CENTS)
    linkedin_url = WebAddress()
    active = Flag()


class Decision(Body):
    hero_id = HeroId(required=True)


class HeroQuery(PageQuery):
    discipline = Choice(DISCIPLINES)
    search = Text(longest=200, blank=True)
    max_rate_in_cents = WholeNumber(least=0)
    ordering = Choice((*ORDERS, *(f"-{order}" for order in ORDERS)), load_default="created")

    @pre_load
    def without_blanks(self, query: Mapping[str, str], **kwargs: Any) -> dict[str, str]:
        """A form's empty filter is no filter."""
        return {name: value for name, value in query.items() if value.strip()}
