"""`holder`: somebody with an account; `circle`: a holder with everybody who stands to him in one way or another."""

from __future__ import annotations

import pytest
from tornado.ioloop import IOLoop

from tests.circle_makers import App, befriend, invite, make_app
from tests.clients.http import Api
from tests.handlers.circles.death_notice_makers import Circle
from thserver.services.all import Services


@pytest.fixture
def holder(io_loop: IOLoop, api: Api, services: Services) -> App:
    app: App = io_loop.run_sync(
        lambda: make_app(api, services, "holder@example.com", first_name="Hida", last_name="Isao")
    )
    return app


@pytest.fixture
def circle(io_loop: IOLoop, api: Api, services: Services) -> Circle:
    async def make() -> Circle:
        holder, ann, bob, link, grey, stranger = [
            await make_app(api, services, f"{name.lower()}@example.com", first_name=name, last_name="Doe")
            for name in ("Holder", "Ann", "Bob", "Link", "Grey", "Stranger")
        ]
        for friend, level in ((ann, "trusted_friend"), (bob, "trusted_friend"), (link, "lifelink")):
            await befriend(services, holder, friend, level)
        await invite(holder, grey.email, "grey_list")
        return Circle(services, holder, ann, bob, link, grey, stranger)

    found: Circle = io_loop.run_sync(make)
    return found
