"""The Tornado application: the URL table with the services in its hands."""

from __future__ import annotations

from typing import Any

from tornado.httputil import (
    ParseBodyConfig,
    ParseMultipartConfig,
    ParseUrlEncodedConfig,
    set_parse_body_config,
)
from tornado.routing import Matcher, Rule
from tornado.web import Application, url

from config.settings import Settings
from handlers.access import unmarked_methods
from handlers.base import Handler
from handlers.url_table import NOT_FOUND, URL_TABLE
from handlers.web_socket import origin_of
from thserver.logs import log_request
from thserver.services.all import Services

# An address book comes as two fields for each of its thousands of numbers. Tornado knows these limits only globally.
FORM_LIMITS = ParseBodyConfig(
    multipart=ParseMultipartConfig(max_parts=2_000),
    urlencoded=ParseUrlEncodedConfig(max_arguments=25_000),
)


def make_application(services: Services, settings: Settings, **more: Any) -> Application:
    """Refuses to start while any handler method does not say who may call it."""
    unmarked = [
        f"{handler.__name__}.{method}" for _, handler in URL_TABLE for method in unmarked_methods(handler)
    ]
    if unmarked:
        raise RuntimeError(f"who may call these methods? {', '.join(unmarked)}")
    set_parse_body_config(FORM_LIMITS)
    return Application(
        [rule(pattern, handler) for pattern, handler in URL_TABLE],
        default_handler_class=NOT_FOUND,
        log_function=log_request,
        services=services,
        debug_mode=settings.debug,
        base_url=settings.base_url,
        public_url=settings.public_url,
        allowed_origins=frozenset(
            origin_of(each)
            for each in (settings.base_url, f"https://{settings.web_domain}", *settings.allowed_origins)
        ),
        **more,
    )


def rule(pattern: str | Matcher, handler: type[Handler]) -> Rule:
    return url(pattern, handler) if isinstance(pattern, str) else Rule(pattern, handler)
