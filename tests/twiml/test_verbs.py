"""Our verbs are those of the phone company's own library, letter for letter."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from twiml import verbs

STRANGE = "a < b > c & \"d\" 'e' </Say> ]]> é 😀 &amp;"


def test_our_verbs_write_what_the_library_writes() -> None:
    url = "https://api.example.com/phone/x#rc=1&rp=5xx,ct,rt&ct=2000&rt=5000"
    theirs = VoiceResponse()
    theirs.pause(length=3)
    theirs.say(STRANGE)
    gather = Gather(
        action=url, action_on_empty_result=True, finish_on_key="#", method="POST", num_digits=6, timeout=15
    )
    gather.say("PIN?")
    theirs.append(gather)
    dial = Dial(time_limit=7200)
    dial.conference(
        STRANGE,
        beep="true",
        end_conference_on_exit=False,
        max_participants=2,
        participant_label=STRANGE,
        start_conference_on_enter=True,
        status_callback=url,
        status_callback_event="start end join leave",
        status_callback_method="POST",
        wait_method="POST",
        wait_url=url,
    )
    theirs.append(dial)
    theirs.redirect(url, method="POST")
    theirs.hangup()
    ours = verbs.response(
        verbs.pause(3),
        verbs.say(STRANGE),
        verbs.gather(verbs.say("PIN?"), action=url, digits=6, patience_s=15, finish_key="#"),
        verbs.dial_conference(
            STRANGE, seats=2, label=STRANGE, wait_url=url, callback_url=url, longest_s=7200
        ),
        verbs.redirect(url),
        verbs.HANGUP,
    )
    assert ours == theirs.to_xml()


@pytest.mark.parametrize("text", [STRANGE, "", "]]>", '"', "<!--", "&#0;", "%s{}"])
def test_text_stays_text(text: str) -> None:
    root = ElementTree.fromstring(verbs.response(verbs.say(text)))
    assert [(verb.tag, verb.text or "") for verb in root] == [("Say", text)]
