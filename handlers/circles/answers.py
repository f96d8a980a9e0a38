"""What contract circles answers, as its document shows it."""

from __future__ import annotations

from marshmallow import fields

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
from handlers.circles.request_bodies import (
    FOLLOWED_LEVELS,
    FOLLOWER_SORTS,
    FOLLOWING_SORTS,
    LARGEST_PAGE,
    LEVELS,
    VISIBILITIES,
)
from thserver.domain.circles import Status
from thserver.domain.death_notices import NoticeState

STATUSES = tuple(status.value for status in Status)
MAIL = ("pending", "success", "failure")


def day(*, null: bool = False) -> fields.String:
    return text(null=null, format="date")


class Envelope(Answer):
    http_status_code = whole(enum=[200])


class Done(Envelope):
    message = text(examples=["Password updated successfully"])


class Avatar(Answer):
    origin = given_address()
    thumb = given_address()


class SignedIn(Answer):
    """A person as login and registration show him."""

    id = whole(minimum=1)
    first_name = text()
    last_name = text(null=True)
    full_name = text()
    email = given_email(null=True)
    avatar = part(Avatar, null=True)
    organisation = text(null=True, description="Always null.")
    default_password = flag(description="Always false.")


class LoggedIn(Done):
    user = part(SignedIn)
    access_token = text(description="Goes into `X-Access-Token: <token>`.")


class Registered(Done):
    user = part(SignedIn)
    access_token = text(sometimes=True, description="Where an invitation has proven the address.")


class Profile(Answer):
    """A person as he sees himself."""

    id = whole(minimum=1)
    first_name = text()
    middle_name = text(null=True)
    last_name = text(null=True)
    full_name = text()
    email = given_email(null=True)
    secondary_email = given_email(null=True)
    secondary_email_confirmed = flag(null=True)
    level = one_of("account_holder")
    email_confirmed = flag()
    dob = day(null=True)
    gender = text(null=True)
    contact_number = text(null=True)
    country = text(null=True)
    avatar = part(Avatar, null=True)


class OwnProfile(Envelope):
    user = part(Profile)


class Follower(Answer):
    """Somebody whom one has named."""

    id = whole(minimum=1)
    email = given_email()
    first_name = text()
    middle_name = text(null=True)
    last_name = text(null=True)
    level = one_of(*LEVELS)
    status = one_of(*STATUSES)
    avatar = part(Avatar, null=True)
    mail_delivery_status = one_of(*MAIL, null=True)
    invite_sent_at = moment(3, null=True)
    created_at = moment(3)


class Invitation(Follower):
    full_name = text()


class Invited(Done):
    user = part(Invitation)


class FailedInvitation(Answer):
    email = given_email(null=True)
    first_name = text(null=True)
    level = text(null=True)
    index = whole(minimum=0, description="Which of those that were sent.")
    error = text()


class ManyInvited(Done):
    success_invitations = list_of(Invitation)
    failure_invitations = list_of(FailedInvitation)


class ShortPerson(Answer):
    id = whole(minimum=1)
    first_name = text()
    middle_name = text(null=True)
    last_name = text(null=True)
    full_name = text()
    email = given_email(null=True)
    avatar = part(Avatar, null=True)


class Setting(Answer):
    """What an account holder has written for the time after his passing."""

    content = text()
    email_receive_condolences = given_email(null=True)
    address_receive_flowers = text(null=True)
    ewake_visibility = one_of(*VISIBILITIES)


class Funeral(Answer):
    location = text()
    time = moment(3)
    details = text(null=True)
    sent_at = moment(3)


class Notice(Answer):
    """The notice of an account holder's passing, for whoever may see it."""

    status = one_of(NoticeState.INITIATED.value, NoticeState.AUTHORISED.value)
    date_of_death = day()
    initiated_at = moment(3)
    authorised_at = moment(3, null=True)
    setting = part(Setting, null=True)
    funeral = part(Funeral, null=True)
    initiator = part(ShortPerson, null=True)
    authoriser = part(ShortPerson, null=True)


class Following(Answer):
    """Somebody who has named one, as that one sees it: the names are one's own."""

    id = whole(minimum=1)
    first_name = text()
    middle_name = text(null=True)
    last_name = text(null=True)
    full_name = text()
    email = given_email()
    avatar = part(Avatar, null=True)
    level = one_of(*FOLLOWED_LEVELS)
    status = one_of(*STATUSES)
    invite_token = text(null=True, description="Answers the invitation while it is open.")
    invite_sent_at = moment(3, null=True)
    account_holder = part(ShortPerson, null=True)
    death_notice = part(Notice, null=True)


class Listed(Envelope):
    total = whole(minimum=0)
    page = whole(minimum=1)
    per = whole(minimum=1, maximum=LARGEST_PAGE)
    order = one_of("asc", "desc")


class Followers(Listed):
    users = list_of(Follower)
    sort = one_of(*FOLLOWER_SORTS)


class Followings(Listed):
    users = list_of(Following)
    sort = one_of(*FOLLOWING_SORTS)


class OwnNotice(Envelope):
    death_notice = part(Setting, null=True)
