"""From sign-up to a session that is completed because both had dialled in, with the alerts on the way."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from scheduler.runner import Runner
from tests.clients.http import Api
from tests.clients.mentors import MentorsClient
from tests.fakes.clock import FakeClock
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.services.all import Services

MENTOR_PHONE, MENTEE_PHONE = "+12025550171", "+12025550172"


async def prove_phone(client: MentorsClient, phone: str, carrier: SimulatedCarrier) -> None:
    await client("PATCH", "/myprofile/", {"phone_number": phone})
    code = re.findall(r"\d{6}", carrier.texts_to(phone)[-1]["body"])[0]
    body = await client("POST", "/myprofile/verify-phone/", {"code": code})
    assert body["phone_number"] == phone


@pytest.mark.parametrize("v2", [False, True])
async def test_from_sign_up_to_a_completed_session(
    api: Api, services: Services, clock: FakeClock, carrier: SimulatedCarrier, mail: SimulatedMail, v2: bool
) -> None:
    runner = Runner(services)

    async def sweep() -> None:
        for job in ("send-reminders", "deliver-outbox", "expire-stale"):
            await runner.run(job)
        await services.background.idle()

    def alerts(phone: str) -> list[str]:
        return [text["body"] for text in carrier.texts_to(phone) if "starts at" in text["body"]]

    # Two people sign up, say who they are, and prove their numbers.
    mentor = await MentorsClient(api).register("grace")
    await mentor.become_mentor("Grace", "COBOL", "Compilers")
    await prove_phone(mentor, MENTOR_PHONE, carrier)
    mentee = await MentorsClient(api).register("ada")
    await mentee.become_mentee("Ada")
    await prove_phone(mentee, MENTEE_PHONE, carrier)

    # The mentor publishes an hour, the mentee finds it by skill and asks for all of it.
    start = clock.now() + timedelta(hours=5)
    await mentor.publish(start, start + timedelta(hours=1), v2=v2)
    assert [each["pk"] for each in await mentee("GET", "/mentor/cobol/")] == [mentor.pk]
    (listed,) = await mentee("GET", "/mentor/")
    window = listed["mentor_profile"]["availabilities"][0]
    session = await mentee.ask(window["pk"], start, 60)
    assert session["status"] == "Pending"
    await services.background.idle()
    assert mail.letters_to("grace@fake.com")[-1]["subject"] == "Ada Lovelace asks you for a session"

    assert (await mentor.say(session["pk"], "Confirmed"))["status"] == "Confirmed"
    await services.background.idle()
    assert "is confirmed" in mail.letters_to("ada@fake.com")[-1]["subject"]
    assert {slot["status"] for slot in await mentee("GET", "/availabilty/", v2=True)} == {"Booked"}

    # An hour ahead, and a quarter of an hour ahead, both get a text; the mentor only wants the first.
    await mentor("PATCH", f"/notificationsettings/{mentor.pk}", {"fifteen_minute_alert": "False"})
    clock.set(start - timedelta(minutes=60))
    await sweep()
    assert len(alerts(MENTOR_PHONE)) == len(alerts(MENTEE_PHONE)) == 1
    clock.set(start - timedelta(minutes=15))
    await sweep()
    assert (len(alerts(MENTOR_PHONE)), len(alerts(MENTEE_PHONE))) == (1, 2)
    assert alerts(MENTEE_PHONE)[-1].startswith(
        "Your call with Grace Hopper starts at 8:00 PM UTC (Mon Mar 2)."
    )

    # Both dial the one number and talk.
    clock.set(start)
    first = await carrier.dial(MENTEE_PHONE)
    await first.until("joined", room="grace-hopper")
    clock.advance(minutes=1)
    second = await carrier.dial(MENTOR_PHONE)
    await second.until("joined", room="grace-hopper")
    clock.advance(minutes=40)
    second.hang_up()
    clock.advance(seconds=5)
    first.hang_up()
    await carrier.settled()
    await services.background.idle()

    # Nothing is charged, and both find it completed.
    await sweep()
    for client in (mentor, mentee):
        assert [each["status"] for each in await client("GET", "/session/")] == ["Completed"]
        assert await client.say(session["pk"], "Canceled", expect=400)
    charges = await api("GET", "/api/v1/payments/charges", token=f"Token {mentee.token}")
    assert [each["amount_in_cents"] for each in charges.body["results"] if each["amount_in_cents"]] == []

    clock.set(start + timedelta(hours=25))
    await mentee.log_in("ada")
    (archived,) = await mentee("GET", "/archivesession/")
    assert (archived["pk"], archived["status"], archived["mentee_first_name"]) == (
        session["pk"],
        "Completed",
        "Ada",
    )
