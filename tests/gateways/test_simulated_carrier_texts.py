"""Texts of the simulated phone company, both ways, and what it remembers of them."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.gateways.scripted_service import TEXTING, carrier_for, company, scripted
from thserver.domain.ports import Outcome
from thserver.gateways.simulated_carrier.texts import UNREACHABLE_NUMBER
from thserver.gateways.simulated_records import Records

PHONE = "+12025550111"


async def test_a_text_arrives_and_its_progress_is_posted_in_order() -> None:
    async with company() as (service, carrier):
        sent = await carrier.send_text(PHONE, "Your code is 123456", callback_path="/texts/7")
        assert sent.outcome is Outcome.DONE
        (text,) = carrier.texts_to(PHONE)
        assert (text["body"], text["from"], text["status"]) == ("Your code is 123456", TEXTING, "delivered")
        await carrier.settled()
        assert all(request.is_signed for request in service.all("/texts/7"))
        assert [request.params["MessageStatus"] for request in service.all("/texts/7")] == [
            "sent",
            "delivered",
        ]
        assert (
            service.last("/texts/7").params.items()
            >= {
                "MessageSid": sent.provider_id,
                "SmsStatus": "delivered",
                "AccountSid": service.account_id,
                "To": PHONE,
            }.items()
        )


@pytest.mark.parametrize(
    ("number", "body", "reason"),
    [
        ("+15005550001", "Hello", "21211"),
        ("+15005550009", "Hello", "21614"),
        ("12025550111", "Hello", "21211"),
        ("+1202555", "Hello", "21211"),
        (PHONE, " ", "21602"),
        (PHONE, "x" * 1601, "21617"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_the_code(number: str, body: str, reason: str) -> None:
    async with company() as (_, carrier):
        sent = await carrier.send_text(number, body, callback_path="/c")
        assert (sent.outcome, sent.reason) == (Outcome.FAILED, reason)
        assert carrier.all_texts() == []


async def test_an_unreachable_phone_takes_nothing() -> None:
    async with company() as (service, carrier):
        sent = await carrier.send_text(UNREACHABLE_NUMBER, "Hello", callback_path="/c")
        await carrier.settled()
        assert sent.outcome is Outcome.DONE
        assert (
            service.last("/c").params.items()
            >= {"MessageStatus": "undelivered", "ErrorCode": "30003"}.items()
        )


@pytest.mark.parametrize(
    ("fault", "outcome", "arrives"),
    [
        ("refuse", Outcome.RETRY, False),
        ("server_error", Outcome.UNKNOWN, False),
        ("lost_answer", Outcome.UNKNOWN, True),
    ],
)
async def test_an_unclear_outcome_can_be_looked_up(fault: str, outcome: Outcome, arrives: bool) -> None:
    async with company() as (service, carrier):
        carrier.faults.texts.append(fault)
        since = service.clock.now()
        sent = await carrier.send_text(PHONE, "Hello", callback_path="/c")
        assert sent.outcome is outcome
        found = await carrier.find_text(PHONE, "Hello", since=since)
        assert (found is not None) == arrives
        later = since + timedelta(seconds=1)
        assert await carrier.find_text(PHONE, "Hello", since=later) is None
        assert (await carrier.send_text(PHONE, "Hello", callback_path="/c")).outcome is Outcome.DONE


async def test_a_text_to_the_service_is_posted_and_its_answer_arrives() -> None:
    async with company() as (service, carrier):
        service.says(
            "/text", "<Response><Message>One</Message><Message><Body>Two</Body></Message></Response>"
        )
        answers = await carrier.text_from(PHONE, "what now? ❤")
        assert [answer["body"] for answer in answers] == ["One", "Two"]
        assert carrier.texts_to(PHONE) == answers
        (request,) = service.requests
        assert request.is_signed
        assert (
            request.params.items()
            >= {
                "From": PHONE,
                "To": TEXTING,
                "Body": "what now? ❤",
                "NumMedia": "0",
                "SmsStatus": "received",
            }.items()
        )
        assert request.params["MessageSid"] == request.params["SmsSid"]


@pytest.mark.parametrize("document", ["", "<Response/>"])
async def test_no_answer_is_no_text(document: str) -> None:
    async with company() as (service, carrier):
        service.says("/text", document)
        assert await carrier.text_from(PHONE, "hello") == []


async def test_a_service_in_trouble_does_not_answer() -> None:
    async with company() as (service, carrier):
        service.fails("/text", 500)
        assert await carrier.text_from(PHONE, "hello") == []
        assert carrier.debugger[-1]["code"] == 11200


async def test_stop_blocks_texts_until_start() -> None:
    async with company() as (service, carrier):
        service.says("/text", "<Response><Message>We heard you.</Message></Response>")
        (answer,) = await carrier.text_from(PHONE, " Stop ")
        assert "unsubscribed" in answer["body"]
        assert service.last("/text").params["Body"] == " Stop "
        sent = await carrier.send_text(PHONE, "Reminder", callback_path="/c")
        assert (sent.outcome, sent.reason) == (Outcome.FAILED, "21610")
        answers = await carrier.text_from(PHONE, "START")
        assert [answer["body"][:21] for answer in answers] == ["You have successfully", "We heard you."]
        assert (await carrier.send_text(PHONE, "Reminder", callback_path="/c")).outcome is Outcome.DONE
        # Nobody had stopped: the carrier has nothing to say.
        answers = await carrier.text_from(PHONE, "yes")
        assert [answer["body"] for answer in answers] == ["We heard you."]


async def test_texts_and_opt_outs_survive_a_restart(tmp_path: Path) -> None:
    async with scripted() as service:
        for round_ in range(2):
            records = Records(tmp_path / "records.sqlite")
            carrier = carrier_for(service, records=records)
            if round_ == 0:
                await carrier.send_text(PHONE, "Hello", callback_path="/c")
                await carrier.text_from("+12025550122", "STOP")
            else:
                assert [text["body"] for text in carrier.texts_to(PHONE)] == ["Hello"]
                sent = await carrier.send_text("+12025550122", "Hello", callback_path="/c")
                assert sent.reason == "21610"
            await carrier.close()
            records.close()


def test_records_keep_their_order_and_their_first_version_when_added(tmp_path: Path) -> None:
    records = Records(tmp_path / "folder" / "records.sqlite")
    assert records.add("thing", "1", {"n": 1, "to": "a"})
    assert not records.add("thing", "1", {"n": 2, "to": "a"})
    records.put("thing", "2", {"n": 2, "to": "b"})
    records.put("thing", "1", {"n": 3, "to": "a"})
    assert [record["n"] for record in records.all("thing")] == [3, 2]
    assert records.where("thing", "to", "b") == [{"n": 2, "to": "b"}]
    assert records.update("thing", "1", to=None) == {"n": 3, "to": None}
    assert records.update("thing", "9", to=None) is None
    assert records.get("thing", "9") is None
    with pytest.raises(ValueError):
        records.where("thing", "to') --", "b")
    other = Records(tmp_path / "folder" / "records.sqlite")
    assert records.claim()
    assert records.claim()
    assert not other.claim()
    records.close()
    assert other.claim()
    assert len(other.all("thing")) == 2
    other.close()


def test_a_killed_process_forgets_nothing(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from thserver.gateways.simulated_records import Records\n"
        "records = Records(Path(sys.argv[1]))\n"
        "assert records.claim()\n"
        "for number in range(100): records.put('text', str(number), {'n': number})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "records.sqlite")], timeout=30)
    assert done.returncode == -signal.SIGKILL
    records = Records(tmp_path / "records.sqlite")
    assert [record["n"] for record in records.all("text")] == list(range(100))
    assert records.claim()
    records.close()
