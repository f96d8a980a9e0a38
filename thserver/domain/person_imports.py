"""What may be taken over of a person from another installation, read strictly from the parts of his export."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any

from thserver.domain import phone_numbers
from thserver.domain.availability import LONGEST_WINDOW, MOST_WINDOWS
from thserver.domain.circles import CircleProfile
from thserver.domain.contacts import MOST_KEPT
from thserver.domain.errors import Invalid
from thserver.domain.heroes import check_offer
from thserver.domain.media import image_id_in
from thserver.domain.meetings import LEVELS
from thserver.domain.mentors import tidy_skills
from thserver.domain.notification_settings import FLAGS
from thserver.domain.people import is_zone, normal_email
from thserver.domain.weekly_availability import DAYS, check_window
from thserver.domain.weekly_availability import MOST_WINDOWS as MOST_WEEKLY_WINDOWS

MOST_TEXT = 2000
MOST_SKILLS = 200
LARGEST_NUMBER = 2**53
# What is at the ends of the calendar cannot be told in another zone.
YEARS = 1900, 9000
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EMAIL = re.compile(r"[^\s@<>\"',;:\\]{1,64}@[^\s@<>\"',;:\\.]+(\.[^\s@<>\"',;:\\.]+)+")
USERNAME = re.compile(r"[\w.@+-]{1,150}")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
WEB_ADDRESS = re.compile(r"https?://[^\s<>\"'\\]{1,1900}", re.IGNORECASE)
OFFER_TEXTS = ("discipline", "title", "description", "position", "company", "short_bio", "linkedin_url")
TAKEN_OVER = (
    "people", "heroes", "mentor_profiles", "mentee_profiles", "circle_profiles", "notification_settings", "skills",
    "weekly_availability", "availability", "contacts",
)  # fmt: skip


class NotAnImport(Exception):
    """A part is not what an export has; the message is a phrase that names part and field."""


@dataclass(slots=True, kw_only=True)
class ImportedPerson:
    """`account` has fields of a Person; the address and the number are as the file says, proven or not. `avatar_id`
    is the file of his picture."""

    uuid: str
    account: dict[str, Any]
    email: str | None
    email_verified: bool
    phone: str | None
    username: str | None
    slug: str | None
    avatar_id: str | None
    offer: dict[str, Any] | None = None
    mentor: dict[str, Any] | None = None
    mentee: dict[str, Any] | None = None
    circle: dict[str, str] = field(default_factory=dict)
    settings: dict[str, bool] = field(default_factory=dict)
    skills: list[tuple[int, str, str]] = field(default_factory=list)
    weekly: list[tuple[int, time, time]] = field(default_factory=list)
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)
    contacts: dict[str, str] = field(default_factory=dict)


def read(parts: Mapping[str, Any]) -> ImportedPerson:
    """From the rows of the parts in TAKEN_OVER, by name. Raises NotAnImport."""
    person = _only(parts, "people", required=True)
    assert person is not None
    if person.get("closed") is not None or person.get("guest_email") is not None:
        raise NotAnImport("people: this is no account (any more)")
    found = _person(person)
    _profiles(found, parts)
    _lists(found, parts)
    return found


class _Row:
    """One row of a part; every question names part and field when the answer is not what it must be."""

    def __init__(self, part: str, row: Mapping[str, Any]) -> None:
        self._part, self._row = part, row

    def get(self, name: str) -> Any:
        return self._row.get(name)

    def text(
        self,
        name: str,
        *,
        most: int = MOST_TEXT,
        form: re.Pattern[str] | None = None,
        normal: Callable[[str], str] = str,
    ) -> str | None:
        """None where there is none."""
        value = self._row.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > most or not _is_plain(value):
            raise self.wrong(name, f"no text of at most {most} characters")
        value = normal(value)
        if form is not None and not form.fullmatch(value):
            raise self.wrong(name, "not of the right form")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self._row.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "neither true nor false")
        return value

    def number(self, name: str, *, low: int = 0, high: int = LARGEST_NUMBER) -> int:
        value = self._row.get(name)
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(name, f"no whole number from {low} to {high}")
        return value

    def moment(self, name: str) -> datetime:
        try:
            value = datetime.fromisoformat(self._row.get(name))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise self.wrong(name, "no time") from None
        if value.tzinfo is None:
            raise self.wrong(name, "a time without its offset")
        if not YEARS[0] < value.year < YEARS[1]:
            raise self.wrong(name, "far from any time of ours")
        return value.astimezone(UTC).replace(microsecond=0)

    def clock_time(self, name: str) -> time:
        try:
            value = time.fromisoformat(self._row.get(name))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise self.wrong(name, "no time of day") from None
        if value.tzinfo is not None:
            raise self.wrong(name, "no time of day")
        return value

    def wrong(self, name: str, why: str) -> NotAnImport:
        return NotAnImport(f"{self._part}: {name} is {why}")


def _rows(parts: Mapping[str, Any], part: str, *, most: int) -> list[_Row]:
    rows = parts.get(part, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NotAnImport(f"{part}: it is no list of rows")
    if len(rows) > most:
        raise NotAnImport(f"{part}: it has more than {most} rows")
    return [_Row(part, row) for row in rows]


def _only(parts: Mapping[str, Any], part: str, *, required: bool = False) -> _Row | None:
    rows = _rows(parts, part, most=1)
    if required and not rows:
        raise NotAnImport(f"{part}: nobody is in it")
    return rows[0] if rows else None


def _person(row: _Row) -> ImportedPerson:
    uuid = row.text("uuid", form=UUID, normal=str.lower)
    if uuid is None:
        raise row.wrong("uuid", "missing")
    zone = row.text("timezone") or "UTC"
    if not is_zone(zone):
        raise row.wrong("timezone", "no zone")
    phone = row.text("phone", most=40)
    if phone is not None and phone_numbers.parse(phone, region=None) != phone:
        raise row.wrong("phone", "no number like +13125550123")
    email = row.text("email", most=254, form=EMAIL, normal=normal_email)
    if email is None and phone is None:
        raise NotAnImport("people: there is neither an address nor a number")
    image_url = row.text("image_url")
    avatar_id = image_id_in(image_url)
    if image_url is not None and avatar_id is None and not WEB_ADDRESS.fullmatch(image_url):
        raise row.wrong("image_url", "no web address")
    account = {
        "first_name": row.text("first_name") or "",
        "last_name": row.text("last_name") or "",
        "bio": row.text("bio") or "",
        "timezone": zone,
        "image_url": None if avatar_id else image_url,
        "hidden_phone": row.flag("hidden_phone", False),
        "is_active": row.flag("is_active", True),
        "email_notifications": row.flag("email_notifications", True),
        "is_mentor": row.flag("is_mentor", False),
        "is_mentee": row.flag("is_mentee", False),
    }
    return ImportedPerson(
        uuid=uuid,
        account=account,
        email=email,
        email_verified=row.flag("email_verified", False),
        phone=phone,
        username=row.text("username", most=150, form=USERNAME),
        slug=row.text("slug", most=80, form=SLUG),
        avatar_id=avatar_id,
    )


def _profiles(found: ImportedPerson, parts: Mapping[str, Any]) -> None:
    if row := _only(parts, "heroes"):
        offer: dict[str, Any] = {name: row.text(name) or "" for name in OFFER_TEXTS}
        offer |= {name: row.number(name) for name in ("years_of_exp", "rate_in_cents")}
        offer["active"] = row.flag("active", True)
        if offer["linkedin_url"] and not WEB_ADDRESS.fullmatch(offer["linkedin_url"]):
            raise row.wrong("linkedin_url", "no web address")
        _with_rules("heroes", lambda: check_offer(offer))
        found.offer = offer
    if row := _only(parts, "mentor_profiles"):
        skills = row.get("skills") or []
        if not isinstance(skills, list) or not all(
            isinstance(each, str) and _is_plain(each) for each in skills
        ):
            raise row.wrong("skills", "no list of texts")
        found.mentor = {
            "about_me": row.text("about_me") or "",
            "skills": _with_rules("mentor_profiles", lambda: tidy_skills(skills)),
            "team_number": row.number("team_number"),
        }
    if row := _only(parts, "mentee_profiles"):
        found.mentee = {"team_number": row.number("team_number")}
    if row := _only(parts, "circle_profiles"):
        texts = {name: row.text(name, most=254) for name in CircleProfile.__dataclass_fields__}
        found.circle = {name: text for name, text in texts.items() if text is not None}
        if "dob" in found.circle and not _is_date(found.circle["dob"]):
            raise row.wrong("dob", "no date like 1980-12-31")
        if "secondary_email" in found.circle and not EMAIL.fullmatch(found.circle["secondary_email"]):
            raise row.wrong("secondary_email", "no address")
    if row := _only(parts, "notification_settings"):
        found.settings = {name: row.flag(name, True) for name in FLAGS}


def _lists(found: ImportedPerson, parts: Mapping[str, Any]) -> None:
    for row in _rows(parts, "skills", most=MOST_SKILLS):
        name, level = row.text("name", most=200), row.text("level")
        if not name or level not in LEVELS:
            raise row.wrong("name or level", "missing or unknown")
        found.skills.append((row.number("category_id"), name, level))
    for row in _rows(parts, "weekly_availability", most=MOST_WEEKLY_WINDOWS):
        day = row.number("day", low=DAYS[0], high=DAYS[-1])
        starts, ends = row.clock_time("starts"), row.clock_time("ends")
        _with_rules("weekly_availability", partial(check_window, starts, ends))
        found.weekly.append((day, starts, ends))
    for mentor in _rows(parts, "availability", most=1):
        windows = _rows({"availability": mentor.get("windows")}, "availability", most=MOST_WINDOWS)
        found.windows = _apart(sorted((row.moment("starts"), row.moment("ends")) for row in windows))
    for row in _rows(parts, "contacts", most=MOST_KEPT):
        phone = row.text("phone", most=40)
        if phone is None or phone_numbers.parse(phone, region=None) != phone:
            raise row.wrong("phone", "no number like +13125550123")
        if phone != found.phone:
            found.contacts[phone] = row.text("name") or ""


def _apart(windows: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    for starts, ends in windows:
        if not starts < ends <= starts + LONGEST_WINDOW:
            raise NotAnImport("availability: a window ends before it starts, or is too long")
    for (_, ends), (starts, _) in zip(windows, windows[1:], strict=False):
        if starts < ends:
            raise NotAnImport("availability: two windows overlap")
    return list(windows)


def _with_rules(part: str, rule: Callable[[], Any]) -> Any:
    """What the rule says, or its refusal as ours."""
    try:
        return rule()
    except Invalid as refusal:
        raise NotAnImport(f"{part}: {_worded(refusal.problems.items())}") from None


def _worded(problems: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} is {code.replace('_', ' ')}" for name, code in problems)


def _is_plain(text: str) -> bool:
    """Fit for the database: no NUL, and nothing that is half a character."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
