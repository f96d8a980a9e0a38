"""`holder`: somebody with an account, for the tests of contract circles."""

from __future__ import annotations

import pytest
from tornado.ioloop import IOLoop

from tests.circle_makers import App, make_app
from tests.clients.http import Api
from thserver.services.all import Services


@pytest.fixture
def holder(io_loop: IOLoop, api: Api, services: Services) -> App:
    app: App = io_loop.run_sync(
        lambda: make_app(api, services, "holder@example.com", first_name="Hida", last_name="Isao")
    )
    return app
