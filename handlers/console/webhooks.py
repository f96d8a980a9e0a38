"""/console/webhooks: who is told what happens, what was told, and telling it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from handlers.access import console
from handlers.bodies import FieldErrors
from handlers.console.base import ConsolePage
from handlers.fields import Body, Choice, Text, WholeNumber
from handlers.webhooks.bodies import host_in
from handlers.webhooks.dialect import DIALECT as WORDS
from thserver.domain.errors import Conflict, Invalid, NotFound, Refusal, WrongState
from thserver.domain.webhook_events import EVENT_TYPES, EVERYTHING
from thserver.domain.webhooks import DeliveryState, LogQuery
from thserver.wording.webhooks import in_words

PAGE = 50
# How long the old secret signs too.
OVERLAP = timedelta(days=1)
LAST_PAGE = 1000
NAMES = {
    DeliveryState.WAITING: "waiting",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.FAILED: "given up",
    DeliveryState.DROPPED: "dropped",
}
NOTICES = {
    "enabled": ("good", "It is enabled. What waited for it is sent now."),
    "disabled": (
        "good",
        "It is disabled. What happens from now on is not sent there, and can be replayed later.",
    ),
    "deleted": ("good", "It is deleted. The log of what was sent is kept for a month."),
    "sampled": ("good", "A sample is on its way. It stands first in the log."),
    "replayed": ("good", "It is on its way."),
    "not_now": (
        "bad",
        "This can not be done now: the endpoint is disabled, or it is being sent at this moment.",
    ),
    "not_found": ("bad", "There is no such thing any more."),
    "failed": ("bad", "That did not work. Try it again in a minute."),
}


class WebhooksQuery(Body):
    endpoint = Text(blank=True, longest=40, load_default="")
    state = Choice(("", *DeliveryState), blank=True, load_default="")
    said = Text(blank=True, longest=40, load_default="")
    page = WholeNumber(least=1, most=LAST_PAGE, load_default=1)


class RegisterForm(Body):
    url = Text(required=True)
    description = Text(blank=True, longest=500, load_default="")


class EndpointForm(Body):
    endpoint = Text(required=True, longest=40)
    act = Choice(("enable", "disable", "sample", "delete", "rotate"), required=True)


class WebhooksBase(ConsolePage):
    here = "/console/webhooks"

    async def show_all(self, given: Mapping[str, Any], *, status: int = 200, **facts: Any) -> None:
        wanted = LogQuery(
            endpoint_id=given.get("endpoint") or None,
            state=DeliveryState(given["state"]) if given.get("state") else None,
        )
        number = int(given.get("page", 1))
        page = await self.services.webhook_deliveries.page(wanted, skip=(number - 1) * PAGE, limit=PAGE)
        endpoints = await self.services.webhooks.all()
        chosen = {name: given[name] for name in ("endpoint", "state") if given.get(name)}
        self.show(
            "webhooks.html",
            status=status,
            endpoints=endpoints,
            hosts={endpoint.id: host_in(endpoint.url) for endpoint in endpoints},
            page=page,
            given={"endpoint": "", "state": "", **chosen},
            older=urlencode({**chosen, "page": number + 1}) if number * PAGE < page.count else None,
            names=NAMES,
            why=in_words,
            event_types=EVENT_TYPES,
            **{"notice": None, "secret": None, "wrong": {}, "typed": {}, **facts},
        )


class WebhooksPage(WebhooksBase):
    @console
    async def get(self) -> None:
        given = self.read_query(WebhooksQuery())
        await self.show_all(given, notice=NOTICES.get(given["said"]))


class RegisterEndpoint(WebhooksBase):
    """POST /console/webhooks/register: answered with the secret itself, as no address may carry it."""

    @console
    async def post(self) -> None:
        events = self.get_body_arguments("event")
        typed: dict[str, Any] = {name: self.get_body_argument(name, "") for name in ("url", "description")}
        typed["events"] = events
        try:
            form = self.read(RegisterForm())
            async with self.services.staff_actions.recorded(
                actor=self.actor, action="register webhook endpoint", subject=host_in(form["url"])
            ):
                endpoint, secret = await self.services.webhooks.register(self.person, events=events, **form)
        except (FieldErrors, Invalid, Conflict) as refusal:
            status, said = WORDS.refusal(refusal)
            wrong = said.get("errors") or {"url": [said["detail"]]}
            await self.show_all({}, status=status, wrong=wrong, typed=typed)
            return
        await self.show_all({}, status=201, secret=(endpoint.id, secret))


class ChangeEndpoint(WebhooksBase):
    """POST /console/webhooks/endpoint"""

    SAID: ClassVar[Mapping[str, str]] = {
        "enable": "enabled",
        "disable": "disabled",
        "sample": "sampled",
        "delete": "deleted",
    }

    @console
    async def post(self) -> None:
        form = self.read(EndpointForm())
        act, endpoint_id = form["act"], form["endpoint"]
        webhooks = self.services.webhooks
        secret = None
        try:
            async with self.services.staff_actions.recorded(
                actor=self.actor, action=f"{act} webhook endpoint", subject=endpoint_id
            ):
                if act == "enable":
                    await webhooks.enable(endpoint_id)
                elif act == "disable":
                    await webhooks.disable(endpoint_id)
                elif act == "delete":
                    await webhooks.delete(endpoint_id)
                elif act == "rotate":
                    secret = (await webhooks.rotate(endpoint_id, overlap=OVERLAP))[1]
                else:
                    endpoint = await webhooks.get(endpoint_id)
                    first = endpoint.events[0]
                    await webhooks.send_sample(
                        endpoint_id, "booking.agreed" if first == EVERYTHING else first
                    )
            if secret is not None:
                await self.show_all({}, secret=(endpoint_id, secret))
                return
            said = self.SAID[act]
        except Refusal as refusal:
            said = said_of(refusal)
        self.redirect(f"/console/webhooks?{urlencode({'said': said})}", status=303)


class DeliveryPage(ConsolePage):
    """/console/webhooks/deliveries/<id>"""

    here = "/console/webhooks"

    @console
    async def get(self, delivery_id: str) -> None:
        delivery, event = await self.services.webhook_deliveries.get(delivery_id)
        given = self.read_query(WebhooksQuery())
        self.show(
            "webhook_delivery.html",
            delivery=delivery,
            event=event,
            names=NAMES,
            why=in_words,
            notice=NOTICES.get(given["said"]),
        )


class ReplayDelivery(ConsolePage):
    """POST /console/webhooks/deliveries/<id>/replay"""

    here = "/console/webhooks"

    @console
    async def post(self, delivery_id: str) -> None:
        try:
            async with self.services.staff_actions.recorded(
                actor=self.actor, action="replay webhook", subject=delivery_id
            ):
                await self.services.webhook_deliveries.replay(delivery_id)
            said = "replayed"
        except Refusal as refusal:
            said = said_of(refusal)
        self.redirect(f"/console/webhooks/deliveries/{delivery_id}?{urlencode({'said': said})}", status=303)


def said_of(refusal: Refusal) -> str:
    if isinstance(refusal, NotFound):
        return "not_found"
    return "not_now" if isinstance(refusal, WrongState) else "failed"


A_DELIVERY = r"/console/webhooks/deliveries/(msg_[0-9a-f]{32})"
ROUTES = [
    (r"/console/webhooks/?", WebhooksPage),
    (r"/console/webhooks/register/?", RegisterEndpoint),
    (r"/console/webhooks/endpoint/?", ChangeEndpoint),
    (rf"{A_DELIVERY}/?", DeliveryPage),
    (rf"{A_DELIVERY}/replay/?", ReplayDelivery),
]
