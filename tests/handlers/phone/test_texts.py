"""Texts that people send to the service, and the carrier's reports on those of the service."""

from __future__ import annotations

import asyncio
import itertools
from xml.etree import ElementTree

import pytest

from store.database import Database
from tests.booking_makers import World, make_agreed_booking, make_caller, make_host
from tests.clients.phone_company import PhoneCompany
from tests.fakes.clock import FakeClock
from thserver.domain.outbox import ref_of
from thserver.domain.ports import Outcome, Sent
from thserver.gateways.simulated_carrier import SimulatedCarrier
from thserver.gateways.simulated_mail import SimulatedMail
from thserver.services.all import Services

EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response />'
STRANGER = "+12025550123"
_sids = itertools.count(1)


@pytest.fixture
def phone_company(base_url: str, services: Services) -> PhoneCompany:
    return PhoneCompany(base_url, services.carrier.account_id, services.carrier.auth_tokens[0])


def new_sid() -> str:
    return f"SM{next(_sids):032x}"


async def say(phone_company: PhoneCompany, body: str, *, sender: str = STRANGER, **more: str) -> str:
    """Our TwiML for a text from this number."""
    answer = await phone_company.post(
        "/phone/text",
        {
            "MessageSid": more.pop("MessageSid", new_sid()),
            "From": sender,
            "Body": body,
            "NumMedia": "0",
            **more,
        },
    )
    assert answer.code == 200
    return answer.body.decode()


def message(twiml: str) -> str:
    """The one message in this TwiML, which holds nothing but our verbs."""
    response = ElementTree.fromstring(twiml)
    assert [verb.tag for verb in response.iter()] == ["Response", "Message"]
    return response[0].text or ""


@pytest.mark.parametrize(
    "word", ["STOP", "stop ", "Stop. Thank you", "UNSUBSCRIBE", "End!", "STOPALL", "revoke"]
)
async def test_a_stop_word_opts_out_in_silence(
    phone_company: PhoneCompany, database: Database, word: str
) -> None:
    assert await say(phone_company, word) == EMPTY
    assert await database.opt_outs.has(STRANGER)


@pytest.mark.parametrize("words", ["please don't stop", "stop by at nine", "nonstop", "the end is near"])
async def test_a_stop_word_inside_a_sentence_is_no_opt_out(
    phone_company: PhoneCompany, database: Database, words: str
) -> None:
    assert message(await say(phone_company, words))
    assert not await database.opt_outs.has(STRANGER)


async def test_start_lifts_it(phone_company: PhoneCompany, database: Database, clock: FakeClock) -> None:
    await say(phone_company, "STOP")
    clock.advance(seconds=1)
    assert await say(phone_company, "unstop") == EMPTY
    assert not await database.opt_outs.has(STRANGER)


async def test_an_old_stop_that_is_posted_again_does_not_undo_a_start(
    phone_company: PhoneCompany, database: Database, clock: FakeClock
) -> None:
    await say(phone_company, "STOP", MessageSid="SMold")
    clock.advance(minutes=1)
    await say(phone_company, "START")
    clock.advance(days=1)
    assert await say(phone_company, "STOP", MessageSid="SMold") == EMPTY
    assert not await database.opt_outs.has(STRANGER)


async def test_the_carriers_own_reading_of_a_word_counts(
    phone_company: PhoneCompany, database: Database
) -> None:
    assert await say(phone_company, "arret", OptOutType="STOP") == EMPTY
    assert await database.opt_outs.has(STRANGER)


async def test_help_is_answered_with_a_contact(phone_company: PhoneCompany) -> None:
    for word in ("HELP", "info?"):
        said = message(await say(phone_company, word))
        assert "https://www.techheroes.xyz" in said
        assert "STOP" in said


async def test_anything_else_gets_one_helpful_line(phone_company: PhoneCompany) -> None:
    assert "not read" in message(await say(phone_company, "what is this?"))


async def test_who_has_a_call_soon_is_told_the_number_to_dial(
    phone_company: PhoneCompany, world: World
) -> None:
    guest = await make_caller(world)
    _, hero = await make_host(world)
    await make_agreed_booking(world, guest, hero)
    assert guest.phone is not None
    said = message(await say(phone_company, "where do I call?", sender=guest.phone))
    assert "Tom Brady" in said
    assert "+1 202-555-0100" in said
    assert "10:00 AM CST (Mon Mar 2)" in said


async def test_two_machines_that_answer_each_other_come_to_an_end(phone_company: PhoneCompany) -> None:
    answers = [await say(phone_company, "I am a machine") for _ in range(8)]
    assert [answer == EMPTY for answer in answers] == [False] * 5 + [True] * 3


async def test_nobody_is_answered_at_a_number_that_cannot_be_texted(phone_company: PhoneCompany) -> None:
    for sender in ("", "SHORTCODE", "55555", "anonymous", "+1" + "2" * 5000):
        assert await say(phone_company, "hello", sender=sender) == EMPTY
        assert await say(phone_company, "STOP", sender=sender) == EMPTY


@pytest.mark.parametrize("word", ["hello", "HELP", "STOP"])
async def test_the_same_text_twenty_times_at_once_is_one_event_and_one_answer(
    phone_company: PhoneCompany, database: Database, word: str
) -> None:
    sid = new_sid()
    answers = await asyncio.gather(*(say(phone_company, word, MessageSid=sid) for _ in range(20)))
    assert len(set(answers)) == 1
    assert await database.text_events._collection.count_documents({}) == 1
    assert await say(phone_company, word, MessageSid=sid) == answers[0]


async def test_twenty_at_once_get_the_answer_of_the_one_that_was_first(
    phone_company: PhoneCompany, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = itertools.count()

    async def another(*args: object) -> str:
        return f"answer {next(numbers)}"

    monkeypatch.setattr(services.texts, "_reply", another)
    sid = new_sid()
    answers = await asyncio.gather(*(say(phone_company, "hello", MessageSid=sid) for _ in range(20)))
    assert len(set(answers)) == 1


@pytest.mark.parametrize(
    "body",
    [
        "</Say><Dial>+19005550100</Dial>",
        "]]>",
        "a\x00b",
        "\u202e\u2066evil",
        "\U0001f600" * 1600,
        '{"$gt": ""}',
        "",
    ],
)
async def test_what_strangers_write_is_plain_text(
    phone_company: PhoneCompany, database: Database, body: str
) -> None:
    sid = new_sid()
    message(await say(phone_company, body, MessageSid=sid))
    event = await database.text_events.get(sid, "received")
    assert event is not None
    assert event.posted["Body"] == [body]


async def test_a_name_with_markup_in_it_stays_a_name(phone_company: PhoneCompany, world: World) -> None:
    guest = await make_caller(world)
    host, hero = await make_host(world)
    await world.database.people.change(host.id, {"first_name": "<Dial>\x07&", "last_name": "]]>"})
    await make_agreed_booking(world, guest, hero)
    assert guest.phone is not None
    assert "<Dial>& ]]>" in message(await say(phone_company, "hello", sender=guest.phone))


@pytest.mark.parametrize(
    ("given", "counted"),
    [("1000000000", 10), ("-1", None), ("abc", None), ("3", 3), ("\u0663", None), ("", 0)],
)
async def test_pictures_are_counted_within_reason_and_never_fetched(
    phone_company: PhoneCompany, database: Database, given: str, counted: int | None
) -> None:
    sid = new_sid()
    more = {"MediaUrl0": "http://169.254.169.254/latest", "MediaUrl1": "file:///etc/passwd"}
    await say(phone_company, "look", MessageSid=sid, NumMedia=given, **more)
    event = await database.text_events.get(sid, "received")
    assert event is not None
    assert event.media == counted


async def test_texts_without_an_id_are_told_apart_by_what_they_say(
    phone_company: PhoneCompany, database: Database
) -> None:
    for body in ("one", "two", "one"):
        await say(phone_company, body, MessageSid="")
    assert await database.text_events._collection.count_documents({}) == 2


# What becomes of ours.


async def report(phone_company: PhoneCompany, key: str, sid: str, status: str, **more: str) -> int:
    path = f"/phone/texts/{ref_of(key)}/status"
    answer = await phone_company.post(path, {"MessageSid": sid, "MessageStatus": status, **more})
    assert answer.body == b""
    return int(answer.code)


async def sent_text(services: Services, key: str, monkeypatch: pytest.MonkeyPatch, **known: object) -> str:
    """A text of ours that the carrier has taken; its sid."""
    sid = new_sid()

    async def take(*args: object, **kwargs: object) -> Sent:
        return Sent(Outcome.DONE, sid)

    monkeypatch.setattr(services.carrier, "send_text", take)
    arguments = {"key": key, "to": STRANGER, "person_id": None, "body": "hello", "purpose": "notice", **known}
    await services.outbox.add_text(**arguments)  # type: ignore[arg-type]
    await services.background.idle()
    return sid


async def test_delivery_is_recorded_once_in_any_order(
    phone_company: PhoneCompany, services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await sent_text(services, "notice:1", monkeypatch)
    for status in ("delivered", "queued", "sent", "delivered", "sent"):
        assert await report(phone_company, "notice:1", sid, status) == 204
    row = await database.outbox.get("notice:1")
    assert row is not None
    assert (row.state.value, row.delivery_status) == ("done", "delivered")
    assert await database.text_events._collection.count_documents({"sid": sid}) == 3


async def test_the_same_report_twenty_times_at_once_counts_once(
    phone_company: PhoneCompany, services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await sent_text(services, "notice:1", monkeypatch)
    codes = await asyncio.gather(
        *(report(phone_company, "notice:1", sid, "undelivered", ErrorCode="30003") for _ in range(20))
    )
    assert codes == [204] * 20
    assert await database.text_events._collection.count_documents({"sid": sid}) == 1
    row = await database.outbox.get("notice:1")
    assert row is not None
    assert (row.state.value, row.reason) == ("failed", "30003")


async def test_an_unknown_status_is_kept_and_is_no_state(
    phone_company: PhoneCompany, services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await sent_text(services, "notice:1", monkeypatch)
    for status in ("teleported", "", "x" * 5000):
        assert await report(phone_company, "notice:1", sid, status) == 204
    row = await database.outbox.get("notice:1")
    assert row is not None
    assert (row.state.value, row.delivery_status) == ("done", None)
    assert await database.text_events._collection.count_documents({"sid": sid}) == 3


async def test_a_report_of_a_text_that_nobody_knows_is_kept_and_adopted_later(
    phone_company: PhoneCompany,
    services: Services,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sid = new_sid()
    assert await report(phone_company, "notice:1", sid, "delivered") == 204
    clock.advance(minutes=1)
    assert await services.texts.apply_left_over() == 0

    async def lose(*args: object, **kwargs: object) -> Sent:
        return Sent(Outcome.UNKNOWN, reason="lost")

    monkeypatch.setattr(services.carrier, "send_text", lose)
    await services.outbox.add_text(
        key="notice:1", to=STRANGER, person_id=None, body="hello", purpose="notice"
    )
    await services.background.idle()
    assert await services.texts.apply_left_over() == 1
    row = await database.outbox.get("notice:1")
    assert row is not None
    assert (row.state.value, row.provider_id) == ("done", sid)
    assert await services.texts.apply_left_over() == 0


async def test_an_event_whose_process_died_before_it_counted_counts_after_all(
    phone_company: PhoneCompany,
    services: Services,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def die(*args: object) -> bool:
        return False

    with monkeypatch.context() as dying:
        dying.setattr(services.texts, "_apply", die)
        await say(phone_company, "STOP")
    assert not await database.opt_outs.has(STRANGER)
    clock.advance(minutes=1)
    assert await services.texts.apply_left_over() == 1
    assert await database.opt_outs.has(STRANGER)


async def test_a_stop_that_counts_late_does_not_undo_a_later_start(
    phone_company: PhoneCompany,
    services: Services,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def die(*args: object) -> bool:
        return False

    with monkeypatch.context() as dying:
        dying.setattr(services.texts, "_apply", die)
        await say(phone_company, "STOP")
    clock.advance(minutes=1)
    await say(phone_company, "START")
    clock.advance(minutes=1)
    assert await services.texts.apply_left_over() == 1
    assert not await database.opt_outs.has(STRANGER)


async def test_what_is_left_over_is_found_by_its_index(database: Database, clock: FakeClock) -> None:
    query = {"unapplied": {"$gte": clock.now(), "$lt": clock.now()}}
    plan = await database.text_events._collection.find(query).sort("unapplied", -1).explain()
    assert "COLLSCAN" not in repr(plan["queryPlanner"]["winningPlan"])


async def test_a_whole_exchange_with_the_simulated_carrier(
    base_url: str, services: Services, carrier: SimulatedCarrier, mail: SimulatedMail, database: Database
) -> None:
    await services.outbox.add_text(
        key="notice:1", to=STRANGER, person_id=None, body="hello", purpose="notice"
    )
    await services.background.idle()
    await carrier.settled()
    row = await database.outbox.get("notice:1")
    assert row is not None
    assert row.delivery_status == "delivered"
    answers = await carrier.text_from(STRANGER, "STOP")
    assert len(answers) == 1
    assert "unsubscribed" in answers[0]["body"]
    await services.outbox.add_text(
        key="notice:2", to=STRANGER, person_id=None, body="hello", purpose="notice"
    )
    await services.background.idle()
    row = await database.outbox.get("notice:2")
    assert row is not None
    assert row.state.value == "suppressed"
