"""What contract gatherings answers, as its document shows it."""

from __future__ import annotations

from marshmallow import fields

from handlers.answers import Answer, flag, given_address, list_of, moment, text, web_address, whole

PHONE = r"^\+[1-9][0-9]{6,14}$"


class IsNew(Answer):
    is_new = flag(description="Whether nobody has signed up with this number yet.")


class SignedIn(Answer):
    user_id = whole(minimum=1)
    token = text(description="Goes into `Authorization: Token <token>`.")


class Account(Answer):
    """A person as he sees himself."""

    id = whole(minimum=1)
    name = text()
    phone = text(null=True, pattern=PHONE)
    created = text(pattern="^[0-9]+$", description="In Unix seconds.", examples=["1456503200"])
    hidden_phone = flag()
    avatar = given_address(null=True)


class User(Answer):
    """A person as another one sees him."""

    id = whole(minimum=1)
    name = text()
    phone = text(sometimes=True, pattern=PHONE, description="Only where the viewer may see it.")
    avatar = given_address(null=True)


class Meeting(Answer):
    id = whole(minimum=1)
    title = text()
    description = text(null=True)
    logo = web_address()
    time = moment(null=True)
    created = moment()
    completed = flag()
    king = whole(minimum=1, description="The id of the user who decides.")
    users = list_of(fields.Integer(), description="The ids of the members.")
