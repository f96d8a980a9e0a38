"""What contract heroes answers, as its document shows it."""

from __future__ import annotations

from handlers.answers import (
    Answer,
    flag,
    given_address,
    given_email,
    list_of,
    moment,
    one_of,
    paged,
    part,
    text,
    uuid,
    whole,
)
from handlers.heroes.dialect import STATUS_LETTERS
from thserver.domain.conferences import Action
from thserver.domain.heroes import DISCIPLINES

STATUSES = tuple(sorted(set(STATUS_LETTERS.values())))


class PhoneToken(Answer):
    phone_token = text(null=True, description="The code, under DEBUG only.")


class Detail(Answer):
    detail = text()


class UserLocalTime(Answer):
    user_local_datetime = moment()


class ShortPerson(Answer):
    """A person as others see him."""

    id = uuid()
    first_name = text()
    last_name = text()
    profile_image = given_address(null=True)
    timezone = text(examples=["America/Chicago"])
    created = moment()


class Profile(Answer):
    """A person as he sees himself."""

    id = uuid()
    first_name = text()
    last_name = text()
    email = given_email(null=True)
    email_verified = flag()
    email_notifications = flag()
    phone = text(null=True, examples=["3125550123"], description="Ten digits of a US number, else E.164.")
    phone_verified = flag()
    profile_image = given_address(null=True)
    is_active = flag()
    email_pending = given_email(null=True)
    phone_pending = text(null=True)
    timezone = text(examples=["America/Chicago"])
    created = moment()
    updated = moment()


class SignedInProfile(Profile):
    token = text(description="Goes into the Authorization header.")


class ListedHero(Answer):
    id = whole(minimum=1)
    user = part(ShortPerson)
    slug = text(examples=["tom-brady"])
    discipline = one_of(*DISCIPLINES)
    title = text()
    description = text()
    position = text()
    company = text()
    years_of_exp = whole(minimum=0)
    rate_in_cents = whole(minimum=0, description="By the minute.")
    created = moment()
    updated = moment()


class HeroDetail(ListedHero):
    short_bio = text()
    linkedin_url = text()
    active = flag()


class Application(ListedHero):
    short_bio = text()
    accepted = flag(null=True)
    linkedin_url = text()


class HeroProfile(HeroDetail):
    """A hero as he sees himself."""

    user = part(Profile)
    accepted = flag(null=True)


class Decision(Answer):
    user = uuid(description="The staff member who decided.")
    hero = whole(minimum=1)
    accepted = flag()
    timestamp = moment()


class SuggestedTimes(Answer):
    user = part(ShortPerson, null=True)
    datetime_one = moment()
    datetime_two = moment()
    datetime_three = moment()
    timestamp = moment()


class CallRequest(Answer):
    id = whole(minimum=1)
    user = uuid(null=True)
    hero = whole(null=True, minimum=1)
    message = text()
    estimated_length = whole(minimum=1, description="In minutes.")
    status = one_of(*STATUSES)
    reason = text(null=True, description="Why the hero declined.")
    times = list_of(SuggestedTimes)
    agreed_time = moment(null=True)
    created = moment()
    updated = moment()


class ConferenceCall(Answer):
    """The call request of a conference, with names."""

    id = whole(minimum=1)
    user = text()
    hero = text()
    message = text()
    estimated_length = whole(minimum=1)
    agreed_time = moment(null=True)


class ListedConference(Answer):
    sid = text(pattern="^CF")
    friendly_name = text()
    call_request = part(ConferenceCall, null=True)
    created = moment()


class LogEntry(Answer):
    user = text()
    action = one_of(*(action.value for action in Action))
    timestamp = moment()


class Conference(ListedConference):
    logs = list_of(LogEntry, description="In the order of the call.")


HeroPage = paged(ListedHero)
CallRequestPage = paged(CallRequest)
ConferencePage = paged(ListedConference)
