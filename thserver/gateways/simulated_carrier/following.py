"""Following TwiML: from the ring through every document until somebody hangs up."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from thserver.gateways.simulated_carrier import documents
from thserver.gateways.simulated_carrier.calls import Gathering, SimulatedCall
from thserver.gateways.simulated_carrier.conferences import NotLetIn, Party, Rooms, Wish
from thserver.gateways.simulated_carrier.documents import BadDocument, Document, number_of, text_of
from thserver.gateways.simulated_carrier.waiting import Waiting, first
from thserver.gateways.simulated_carrier.webhooks import Params, WebhookFailed, Webhooks

log = logging.getLogger(__name__)

APOLOGY = "We are sorry, an application error has occurred. Goodbye."
UNKNOWN_VERB = 12200
WAIT_MUSIC = "http://com.twilio.music.classical.s3.amazonaws.com/"
SHORTEST_WAIT_LOOP_S = 1
# A document that sends the call on at once, again and again, would never end.
DOCUMENTS_WITHOUT_PAUSE = 50


@dataclass(frozen=True)
class Next:
    """The call goes on with another document."""

    url: str
    method: str
    params: dict[str, str]


class CallOver(Exception):
    """Nothing more can happen in this call."""


class Follower:
    """Leads one call through the service's TwiML."""

    def __init__(
        self,
        call: SimulatedCall,
        *,
        webhooks: Webhooks,
        rooms: Rooms,
        waiting: Waiting,
        base_params: Params,
        fallback_url: str,
    ) -> None:
        self._call = call
        self._webhooks = webhooks
        self._rooms = rooms
        self._waiting = waiting
        self._base_params = base_params
        self._fallback_url = fallback_url
        self._hurry = 0

    async def follow(self, voice_url: str, params: dict[str, str]) -> None:
        """The whole call."""
        try:
            document = await self._fetch(Next(voice_url, "POST", params))
            if document.verbs and document.verbs[0].tag == "Reject":
                reason = document.verbs[0].get("reason", "rejected")
                self._call.end(
                    by="service", reason=reason, status="busy" if reason == "busy" else "no-answer"
                )
                return
            self._call.status = "in-progress"
            while (onward := await self._perform(document)) is not None:
                self._hurry += 1
                if self._hurry > DOCUMENTS_WITHOUT_PAUSE:
                    raise self._application_error()
                document = await self._fetch(onward)
            self._call.end(by="service", reason="completed")
        except CallOver:
            pass
        except Exception:
            log.exception("simulated call failed")
            self._call.end(by="carrier", reason="failed", status="failed")

    async def _fetch(self, onward: Next) -> Document:
        """The next document, else what the fallback URL says instead."""
        try:
            return await self._get(onward)
        except (WebhookFailed, BadDocument) as failure:
            extra = {"ErrorCode": str(failure.code), "ErrorUrl": onward.url}
        if not self._fallback_url:
            raise self._application_error()
        try:
            return await self._get(Next(self._fallback_url, "POST", {**onward.params, **extra}))
        except (WebhookFailed, BadDocument):
            raise self._application_error() from None

    async def _get(self, onward: Next) -> Document:
        params = {**self._base_params, "CallStatus": self._call.status, **onward.params}
        try:
            answer = await self._webhooks.send(onward.url, params, method=onward.method)
            document = documents.read(onward.url, answer)
        except BadDocument as failure:
            self._webhooks.failed(failure.code, str(failure), onward.url)
            raise
        finally:
            self._stop_if_over()
        return document

    async def _perform(self, document: Document) -> Next | None:
        """Do one document; None when it ends without sending the call on."""
        for verb in document.verbs:
            match verb.tag:
                case "Say" | "Play" | "Pause":
                    await self._hear(document, verb)
                case "Gather":
                    if (onward := await self._gather(document, verb)) is not None:
                        return onward
                case "Dial":
                    if (onward := await self._dial(document, verb)) is not None:
                        return onward
                case "Redirect":
                    method = verb.get("method", "POST")
                    return Next(document.absolute((verb.text or "").strip()), method, {})
                case "Hangup":
                    return None
                case "Reject":
                    continue  # answered already
                case _:
                    self._webhooks.failed(UNKNOWN_VERB, f"<{verb.tag}> is not simulated", document.url)
        return None

    async def _hear(self, document: Document, verb: Element, *, unless: Gathering | None = None) -> float:
        """Say, Play or Pause; the seconds it took. A key pressed for `unless` cuts it short."""
        if unless is not None and unless.pressed.is_set():
            return 0
        if verb.tag == "Pause":
            length = number_of(verb, "length", 1)
            self._hurry = 0
            waits = [self._waiting.sleep(length), self._call.gone.wait()]
            await first(*waits, *([unless.pressed.wait()] if unless is not None else []))
            self._stop_if_over()
            return length
        for _ in range(max(1, number_of(verb, "loop", 1, most=10))):
            if verb.tag == "Say":
                self._call.happen("said", text=text_of(verb), language=verb.get("language", "en-US"))
            else:
                self._call.happen("played", url=document.absolute((verb.text or "").strip()))
        return 0

    async def _gather(self, document: Document, verb: Element) -> Next | None:
        gathering = Gathering(
            num_digits=number_of(verb, "numDigits", 0) or None, finish_keys=verb.get("finishOnKey", "#")
        )
        self._call.gathering = gathering
        self._hurry = 0
        try:
            for nested in verb:
                if nested.tag in ("Say", "Play", "Pause"):
                    await self._hear(document, nested, unless=gathering)
            self._call.happen("gather", num_digits=number_of(verb, "numDigits", 0) or None)
            timeout = number_of(verb, "timeout", 5)
            while not gathering.complete:
                gathering.pressed.clear()
                pressed = gathering.pressed.wait()
                ended = await first(pressed, self._call.gone.wait(), self._waiting.sleep(timeout))
                self._stop_if_over()
                if ended == 2:
                    break
        finally:
            self._call.gathering = None
        if not gathering.digits and verb.get("actionOnEmptyResult", "false").lower() != "true":
            return None
        params = {
            "Digits": gathering.digits,
            "FinishedOnKey": gathering.finished_on,
            "msg": "Gather End",
        }
        return Next(document.absolute(verb.get("action", "")), verb.get("method", "POST"), params)

    async def _dial(self, document: Document, verb: Element) -> Next | None:
        conference = verb.find("Conference")
        status = "failed"
        if conference is None:
            self._webhooks.failed(UNKNOWN_VERB, "<Dial> without <Conference> is not simulated", document.url)
        else:
            try:
                wish = documents.wish_of(document, conference)
                await self._confer(wish, verb)
                status = "answered"
            except (BadDocument, NotLetIn) as failure:
                self._webhooks.failed(failure.code, str(failure), document.url)
            except WebhookFailed:
                pass  # without its wait document the conference is not established
        action = verb.get("action")
        if action is None:
            self._stop_if_over()
            return None
        params = {"DialCallStatus": status, **({"DialBridged": "true"} if status == "answered" else {})}
        onward = Next(document.absolute(action), verb.get("method", "POST"), params)
        if self._call.is_over:
            # The service is told, although nobody will hear its answer.
            await self._fetch(onward)
        return onward

    async def _confer(self, wish: Wish, dial: Element) -> None:
        """In the conference until the call leaves it. Raises NotLetIn, or what failed while fetching waitUrl."""
        waiting_document = None
        if wish.wait_url and self._rooms.would_wait(wish):
            try:
                waiting_document = await self._get(Next(wish.wait_url, wish.wait_method, {}))
            except BadDocument as failure:
                raise WebhookFailed(failure.code, str(failure)) from None
        self._call.starred.clear()
        party = self._rooms.join(self._call, wish)
        self._hurry = 0
        limit = number_of(dial, "timeLimit", documents.LONGEST_CALL_S)
        waits = [
            party.left.wait(),
            self._call.gone.wait(),
            self._waiting.sleep(limit or documents.LONGEST_CALL_S),
            self._wait_for_others(party, waiting_document),
        ]
        if dial.get("hangupOnStar", "false").lower() == "true":
            waits.append(self._call.starred.wait())
        try:
            await first(*waits)
        finally:
            self._rooms.leave(party)

    async def _wait_for_others(self, party: Party, document: Document | None) -> None:
        """What is heard until the conference starts. Never returns before the call leaves the room."""
        if not party.room.started.is_set():
            await first(party.room.started.wait(), self._wait_music(party.wish, document))
        await party.left.wait()

    async def _wait_music(self, wish: Wish, document: Document | None) -> None:
        if wish.wait_url is None:
            self._call.happen("played", url=WAIT_MUSIC)
        while document is not None:
            took, onward = 0.0, Next(document.url, wish.wait_method, {})
            for verb in document.verbs:
                if verb.tag in ("Say", "Play", "Pause"):
                    took += await self._hear(document, verb)
                elif verb.tag == "Redirect":
                    url = document.absolute((verb.text or "").strip())
                    onward = Next(url, verb.get("method", "POST"), {})
                    break
                else:
                    self._webhooks.failed(UNKNOWN_VERB, f"<{verb.tag}> in a wait document", document.url)
            if took < SHORTEST_WAIT_LOOP_S:
                break
            try:
                document = await self._get(onward)
            except (WebhookFailed, BadDocument):
                break

    def _stop_if_over(self) -> None:
        if self._call.is_over:
            raise CallOver

    def _application_error(self) -> CallOver:
        self._call.happen("said", text=APOLOGY, language="en-US")
        self._call.end(by="carrier", reason="application error", status="failed")
        return CallOver()
