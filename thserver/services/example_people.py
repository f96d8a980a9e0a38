"""Who the example people are: names, numbers that nobody has (202-555-01…), and what each of them is there for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# One password for all of them but staff, so that a client can be tried at once.
PASSWORD = "practice-makes-1"
MAIL_DOMAIN = "example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplePerson:
    """`contract` is where he mostly signs in; every contract takes him. `also` are flags of his profile. Who has no
    password that anybody knows signs in by a code that comes to his practice phone, and so only where there are some.
    """

    key: str
    first_name: str
    last_name: str
    phone: str
    timezone: str
    contract: str
    does: str
    also: dict[str, Any] = field(default_factory=dict)
    password: str = PASSWORD

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        return f"{self.key}@{MAIL_DOMAIN}"


HERO = ExamplePerson(
    key="hanna",
    first_name="Hanna",
    last_name="Berg",
    phone="+12025550111",
    timezone="America/New_York",
    contract="heroes",
    does="is a hero; has a call with Carlos",
)
CALLER = ExamplePerson(
    key="carlos",
    first_name="Carlos",
    last_name="Diaz",
    phone="+12025550112",
    timezone="America/Chicago",
    contract="heroes",
    does="has a card; has a call with Hanna",
)
MENTOR = ExamplePerson(
    key="maya",
    first_name="Maya",
    last_name="Singh",
    phone="+12025550113",
    timezone="America/Los_Angeles",
    contract="mentors",
    does="is a mentor with free time; has a session with Leo",
    also={"is_mentor": True},
)
MENTEE = ExamplePerson(
    key="leo",
    first_name="Leo",
    last_name="Park",
    phone="+12025550114",
    timezone="America/Denver",
    contract="mentors",
    does="is a mentee; has a session with Maya",
    also={"is_mentee": True},
)
EXPERT = ExamplePerson(
    key="ivan",
    first_name="Ivan",
    last_name="Moreau",
    phone="+12025550115",
    timezone="America/New_York",
    contract="experts",
    does="is an expert; meets Ada for a credit",
)
LEARNER = ExamplePerson(
    key="ada",
    first_name="Ada",
    last_name="Flynn",
    phone="+12025550116",
    timezone="America/New_York",
    contract="experts",
    does="has bought credits; meets Ivan",
)
KING = ExamplePerson(
    key="rosa",
    first_name="Rosa",
    last_name="Lima",
    phone="+12025550117",
    timezone="America/Chicago",
    contract="gatherings",
    does="is the king of a gathering with Sam and Yuki",
)
MEMBERS = (
    ExamplePerson(
        key="sam",
        first_name="Sam",
        last_name="Okoye",
        phone="+12025550118",
        timezone="America/Chicago",
        contract="gatherings",
        does="is in Rosa's gathering",
    ),
    ExamplePerson(
        key="yuki",
        first_name="Yuki",
        last_name="Mori",
        phone="+12025550119",
        timezone="America/Los_Angeles",
        contract="gatherings",
        does="is in Rosa's gathering",
    ),
)
HOLDER = ExamplePerson(
    key="wilma",
    first_name="Wilma",
    last_name="Stone",
    phone="+12025550120",
    timezone="America/New_York",
    contract="circles",
    does="has a circle: Otto, Nina, Pia",
)
MOURNED = ExamplePerson(
    key="august",
    first_name="August",
    last_name="Stone",
    phone="+12025550121",
    timezone="America/New_York",
    contract="circles",
    does="has passed away; his circle meets in his memory",
)
FRIENDS = (
    ExamplePerson(
        key="otto",
        first_name="Otto",
        last_name="Lang",
        phone="+12025550122",
        timezone="America/New_York",
        contract="circles",
        does="is a trusted friend; comes to the memorial",
    ),
    ExamplePerson(
        key="nina",
        first_name="Nina",
        last_name="Falk",
        phone="+12025550123",
        timezone="America/Chicago",
        contract="circles",
        does="is a trusted friend; hosts the memorial",
    ),
)
LIFELINK = ExamplePerson(
    key="pia",
    first_name="Pia",
    last_name="Holm",
    phone="+12025550124",
    timezone="America/Los_Angeles",
    contract="circles",
    does="is a lifelink; comes to the memorial",
)
STAFF = ExamplePerson(
    key="grace",
    first_name="Grace",
    last_name="Adler",
    phone="+12025550125",
    timezone="America/New_York",
    contract="heroes",
    does="is staff; signs in to the console by a code in a text",
    password="",
)

EVERYBODY: tuple[ExamplePerson, ...] = (
    HERO,
    CALLER,
    MENTOR,
    MENTEE,
    EXPERT,
    LEARNER,
    KING,
    *MEMBERS,
    HOLDER,
    MOURNED,
    *FRIENDS,
    LIFELINK,
    STAFF,
)

OFFER: dict[str, Any] = {
    "discipline": "BE",
    "title": "Make a service that survives a crash",
    "description": "From an empty folder to a service that loses nothing when its process is killed.",
    "position": "Backend engineer",
    "company": "Berg & Daughters",
    "short_bio": "Fifteen years of servers, some of which are still up.",
    "years_of_exp": 15,
    "rate_in_cents": 150,
    "linkedin_url": "https://www.linkedin.com/in/example",
}
