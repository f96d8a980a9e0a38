"""The real phone company: Twilio, through its own library and its asynchronous HTTP client."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.rest import Client
from twilio.rest.api.v2010.account.conference import ConferenceInstance

from thserver.domain import errors
from thserver.domain.ports import CarrierCall, CarrierConference, CarrierMessage, Outcome, Sent
from thserver.gateways.callback_overrides import CONNECTION_OVERRIDES
from thserver.gateways.twilio_http import TwilioHttpClient

log = logging.getLogger(__name__)

TOO_MANY_REQUESTS = 20429
FALLBACK_PATH = "/phone/voice/fallback"
LONGEST_VALIDITY_S = 36_000
TRIAL_PREFIX = "Sent from your Twilio trial account - "
MESSAGES_PER_PAGE = 100
PAGES_AT_MOST = 5

# What may fail before anything reached Twilio, and what may fail after it.
NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
TROUBLE = (aiohttp.ClientError, OSError, TimeoutError, TwilioException, ValueError, KeyError, TypeError)


class TwilioCarrier:
    """The port `Carrier` over Twilio's REST API. Looking something up raises Unavailable when Twilio is away."""

    def __init__(
        self,
        *,
        account_id: str,
        auth_tokens: Sequence[str],
        from_number: str,
        base_url: str,
        conference_number: str = "",
        api_base: str = "",
        timeout_s: float = 8,
    ) -> None:
        """`from_number` sends the texts, `conference_number` makes the calls; `base_url` is our public URL;
        `api_base` replaces Twilio's host."""
        self.account_id = account_id
        self.auth_tokens = tuple(auth_tokens)
        self._from_number = from_number
        self._conference_number = conference_number or from_number
        self._base_url = base_url.rstrip("/")
        self._http = TwilioHttpClient(
            account_id=account_id, auth_tokens=self.auth_tokens, api_base=api_base, timeout_s=timeout_s
        )
        self._client = Client(account_id, self.auth_tokens[0], http_client=self._http)

    async def send_text(
        self, to: str, body: str, *, callback_path: str, valid_for_s: int | None = None
    ) -> Sent:
        extra: dict[str, Any] = {}
        if valid_for_s is not None:
            extra["validity_period"] = max(1, min(valid_for_s, LONGEST_VALIDITY_S))
        try:
            message = await self._client.messages.create_async(
                to=to,
                from_=self._from_number,
                body=body,
                status_callback=self._base_url + callback_path + CONNECTION_OVERRIDES,
                **extra,
            )
        except (TwilioRestException, TwilioServiceException) as refusal:
            return _refused(refusal)
        except TROUBLE as trouble:
            return _not_known(trouble)
        if not isinstance(message.sid, str) or not message.sid:
            return Sent(Outcome.UNKNOWN, reason="no_sid")
        if message.status in ("failed", "undelivered"):
            return Sent(
                Outcome.FAILED, provider_id=message.sid, reason=str(message.error_code or message.status)
            )
        return Sent(Outcome.DONE, provider_id=message.sid)

    async def find_text(self, to: str, body: str, *, since: datetime) -> CarrierMessage | None:
        # Not filtered by DateSent: a message that is still queued has none, and would not be found.
        since = _whole_second(since)
        try:
            page = await self._client.messages.page_async(
                to=to, from_=self._from_number, page_size=MESSAGES_PER_PAGE
            )
            for _ in range(PAGES_AT_MOST):
                messages = [message for message in page if _is_since(message.date_created, since)]
                for message in messages:
                    if message.body in (body, TRIAL_PREFIX + body):
                        return CarrierMessage(
                            sid=message.sid,
                            to=message.to,
                            body=body,
                            status=str(message.status),
                            sent_at=message.date_sent,
                            error_code=None if message.error_code is None else str(message.error_code),
                        )
                page = await page.next_page_async() if messages else None
                if page is None:
                    return None
        except TROUBLE as trouble:
            raise _unavailable(trouble) from None
        return None

    async def call_record(self, call_sid: str) -> CarrierCall | None:
        if not _is_sid("CA", call_sid):
            return None
        try:
            call = await self._client.calls(call_sid).fetch_async()
        except TROUBLE as trouble:
            if _status(trouble) == 404:
                return None
            raise _unavailable(trouble) from None
        return CarrierCall(
            sid=call.sid or call_sid,
            from_number=call._from or "",
            to_number=call.to or "",
            status=str(call.status),
            started_at=call.start_time,
            ended_at=call.end_time,
        )

    async def conference_record(self, conference_sid: str) -> CarrierConference | None:
        if not _is_sid("CF", conference_sid):
            return None
        try:
            return _conference(await self._client.conferences(conference_sid).fetch_async())
        except TROUBLE as trouble:
            if _status(trouble) == 404:
                return None
            raise _unavailable(trouble) from None

    async def conferences_named(self, room: str, *, since: datetime) -> list[CarrierConference]:
        since = _whole_second(since)
        try:
            # Twilio compares whole days only.
            found = await self._client.conferences.list_async(
                friendly_name=room, date_created_after=since.date(), limit=1000, page_size=100
            )
            conferences = [
                _conference(conference) for conference in found if conference.friendly_name == room
            ]
        except TROUBLE as trouble:
            raise _unavailable(trouble) from None
        recent = [conference for conference in conferences if conference.created_at >= since]
        return sorted(recent, key=lambda conference: conference.created_at, reverse=True)

    async def end_conference(self, conference_sid: str) -> bool:
        if not _is_sid("CF", conference_sid):
            return False
        try:
            conference = await self._client.conferences(conference_sid).update_async(
                status=ConferenceInstance.UpdateStatus.COMPLETED
            )
        except TROUBLE as trouble:
            if _status(trouble) == 404:
                return False
            return await self._is_over(conference_sid)
        return conference.status == "completed" or await self._is_over(conference_sid)

    async def remove_participant(self, conference_sid: str, call_sid: str) -> bool:
        if not (_is_sid("CF", conference_sid) and _is_sid("CA", call_sid)):
            return False
        try:
            removed = await self._client.conferences(conference_sid).participants(call_sid).delete_async()
        except TROUBLE as trouble:
            if _status(trouble) != 404:
                log.warning("a participant was not removed: %s", _reason(trouble))
            return False
        return bool(removed)

    async def mute_participant(self, conference_sid: str, call_sid: str, *, muted: bool) -> bool:
        if not (_is_sid("CF", conference_sid) and _is_sid("CA", call_sid)):
            return False
        participant = self._client.conferences(conference_sid).participants(call_sid)
        try:
            return (await participant.update_async(muted=muted)).muted is muted
        except TROUBLE as trouble:
            if _status(trouble) == 404:
                return False
            log.warning("whether a participant was muted is asked: %s", _reason(trouble))
        try:
            return (await participant.fetch_async()).muted is muted
        except TROUBLE:
            return False

    async def announce(self, conference_sid: str, *, path: str) -> bool:
        if not _is_sid("CF", conference_sid):
            return False
        try:
            await self._client.conferences(conference_sid).update_async(
                announce_url=self._base_url + path, announce_method="POST"
            )
        except TROUBLE as trouble:
            log.warning("nothing was announced: %s", _reason(trouble))
            return False
        return True

    async def place_call(self, to: str, *, path: str, status_path: str, ring_for_s: int) -> Sent:
        try:
            call = await self._client.calls.create_async(
                to=to,
                from_=self._conference_number,
                url=self._base_url + path + CONNECTION_OVERRIDES,
                method="POST",
                fallback_url=self._base_url + FALLBACK_PATH,
                fallback_method="POST",
                status_callback=self._base_url + status_path + CONNECTION_OVERRIDES,
                status_callback_method="POST",
                status_callback_event=["completed"],
                timeout=ring_for_s,
            )
        except (TwilioRestException, TwilioServiceException) as refusal:
            return _refused(refusal)
        except TROUBLE as trouble:
            return _not_known(trouble)
        if not isinstance(call.sid, str) or not _is_sid("CA", call.sid):
            return Sent(Outcome.UNKNOWN, reason="no_sid")
        return Sent(Outcome.DONE, provider_id=call.sid)

    async def close(self) -> None:
        await self._http.close()
        # aiohttp closes TLS connections in the turns of the loop that follow.
        await asyncio.sleep(0)

    async def _is_over(self, conference_sid: str) -> bool:
        try:
            conference = await self.conference_record(conference_sid)
        except errors.Unavailable:
            return False
        return conference is not None and conference.status == "completed"


def _not_known(trouble: Exception) -> Sent:
    """What never left us may be tried again; of anything else nobody knows whether it was done."""
    log.warning("twilio gave no answer: %s", type(trouble).__name__)
    outcome = Outcome.RETRY if isinstance(trouble, NOT_SENT) else Outcome.UNKNOWN
    return Sent(outcome, reason=type(trouble).__name__)


def _refused(refusal: TwilioRestException | TwilioServiceException) -> Sent:
    reason = _reason(refusal)
    if refusal.status == 429 or reason == str(TOO_MANY_REQUESTS):
        return Sent(Outcome.RETRY, reason=reason)
    if refusal.status >= 500 or refusal.status < 300:
        return Sent(Outcome.UNKNOWN, reason=reason)
    return Sent(Outcome.FAILED, reason=reason)


def _status(trouble: Exception) -> int | None:
    if isinstance(trouble, (TwilioRestException, TwilioServiceException)):
        return trouble.status
    return None


def _reason(trouble: Exception) -> str:
    if isinstance(trouble, (TwilioRestException, TwilioServiceException)):
        return str(trouble.code or trouble.status)
    return type(trouble).__name__


def _unavailable(trouble: Exception) -> errors.Unavailable:
    log.warning("twilio did not answer a question: %s", _reason(trouble))
    return errors.Unavailable()


def _conference(conference: ConferenceInstance) -> CarrierConference:
    created, updated = conference.date_created, conference.date_updated
    if conference.sid is None or created is None:
        raise ValueError("a conference without sid or date")
    return CarrierConference(
        sid=conference.sid,
        room=conference.friendly_name or "",
        status=str(conference.status),
        created_at=created,
        updated_at=updated or created,
        reason_ended=conference.reason_conference_ended or None,
    )


def _is_sid(prefix: str, sid: str) -> bool:
    """Whether it can stand in the path of a request: the library puts it there as it is."""
    return re.fullmatch(prefix + "[0-9A-Za-z]{1,64}", sid) is not None


def _whole_second(moment: datetime) -> datetime:
    # Twilio's dates have no fractions; a second of grace for what began within this one.
    return moment.replace(microsecond=0) - timedelta(seconds=1)


def _is_since(moment: datetime | None, since: datetime) -> bool:
    return moment is not None and moment >= since
