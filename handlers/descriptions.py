"""What a handler's method takes and answers, said once: the method reads by it, the OpenAPI documents and the tests too.

    @signed_in
    @described(body=request_bodies.Decline, answers={200: answers.CallRequest}, refuses=(NotFound, WrongState))
    async def patch(self, call_request_id: str) -> None:
        \"\"\"The hero declines, with a reason.\"\"\"
        booking = await self.find(call_request_id)
        await self.show(await self.services.bookings.decline(booking, self.me.id, **self.read()))

The path comes from the route, its parameters' names from the method, the summary from the docstring, the sign-in from the access mark,
and what can go wrong everywhere (not signed in, malformed, wrong fields, too large, unavailable) is known without saying.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from marshmallow import Schema

from thserver.domain.errors import Refusal

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True)
class Many:
    """A bare list of these."""

    item: type[Schema]


@dataclass(frozen=True)
class Either:
    """One of these, whichever the request asked for."""

    choices: tuple[Content, ...]


Content = type[Schema] | Many | Either | None


def many(item: type[Schema]) -> Many:
    return Many(item)


def either(*choices: Content) -> Either:
    return Either(choices)


@dataclass(frozen=True)
class Description:
    """`answers` by status, None for an empty one. `body` and `query` are read by `Handler.read` and `read_query`.
    `under` is the key in whose object the body's fields stand. `files` are what a multipart form carries beside them: name to
    whether it must; `form` are that form's fields, where they are not the body's. `only_form`: JSON can not carry what
    is required. `refuses` are refusals of this method's own."""

    answers: Mapping[int, Content]
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    refuses: tuple[type[Refusal], ...] = ()
    under: str | None = None
    form: type[Schema] | None = None
    files: Mapping[str, bool] | None = None
    only_form: bool = False

    @cached_property
    def body_reader(self) -> Schema:
        assert self.body is not None, "this method's description has no body"
        return self.body()

    @cached_property
    def form_reader(self) -> Schema:
        return self.form() if self.form is not None else self.body_reader

    @cached_property
    def query_reader(self) -> Schema:
        assert self.query is not None, "this method's description has no query"
        return self.query()


def described(
    *,
    answers: Mapping[int, Content],
    body: type[Schema] | None = None,
    query: type[Schema] | None = None,
    refuses: tuple[type[Refusal], ...] = (),
    under: str | None = None,
    form: type[Schema] | None = None,
    files: Mapping[str, bool] | None = None,
    only_form: bool = False,
) -> Callable[[Method], Method]:
    """Say what a method takes and answers; see Description."""
    description = Description(answers, body, query, refuses, under, form, files, only_form)

    def describe(method: Method) -> Method:
        marked: Any = method
        marked.description = description
        return method

    return describe


def description_of(handler: object, method: str) -> Description | None:
    """Of a handler's or its class's method, by its name in any case; HEAD is answered as GET is."""
    name = method.lower()
    return getattr(getattr(handler, "get" if name == "head" else name, None), "description", None)
