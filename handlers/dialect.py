"""How contracts word what went wrong, and the forms of what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from handlers.bodies import FieldErrors
from thserver.domain.errors import Invalid, Refusal


def one_sentence(key: str) -> dict[str, Any]:
    """The JSON schema of an object with a sentence under this key."""
    return {
        "type": "object",
        "properties": {key: {"type": "string"}},
        "required": [key],
        "additionalProperties": False,
    }


FIELD_ERRORS = {
    "description": "What is wrong, field by field.",
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    "minProperties": 1,
}


class Dialect:
    """How a contract words what went wrong. One instance per contract; see each `dialect.py`."""

    name: ClassVar[str] = "general"
    # By the class of the refusal, the nearest base class winning: (status, sentence).
    words: ClassVar[Mapping[type[Refusal], tuple[int, str]]] = {}
    # Sentences for the codes in Invalid, and the wire's names for our fields.
    problems: ClassVar[Mapping[str, str]] = {}
    field_names: ClassVar[Mapping[str, str]] = {}
    not_found: ClassVar[str] = "Not found."
    method_not_allowed: ClassVar[str] = 'Method "{method}" not allowed.'
    # The forms of what is said of refusals, as JSON schema.
    shapes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Refusal": one_sentence("detail"),
        "FieldErrors": FIELD_ERRORS,
    }

    def status_and_sentence(self, refusal: Refusal) -> tuple[int, str]:
        return self.word(type(refusal))

    def word(self, kind: type[Refusal]) -> tuple[int, str]:
        for base in kind.__mro__:
            if base in self.words:
                return self.words[base]
        raise LookupError(f"{self.name} has no word for {kind.code}")

    def http_status(self, kind: type[Refusal]) -> int:
        return self.word(kind)[0]

    def told(self, kind: type[Refusal]) -> str:
        """What a document says of such a refusal."""
        return self.word(kind)[1]

    def shape(self, kind: type[Refusal]) -> str:
        """The name of the form, one of `shapes`, that the body for such a refusal has."""
        return "FieldErrors" if issubclass(kind, (FieldErrors, Invalid)) else "Refusal"

    def field_messages(self, refusal: Invalid) -> dict[str, list[str]]:
        return {
            self.field_names.get(field, field): [self.problems[problem]]
            for field, problem in refusal.problems.items()
        }

    def refusal(self, refusal: Refusal) -> tuple[int, Any]:
        """The HTTP status and the body for a refusal."""
        status, sentence = self.status_and_sentence(refusal)
        if isinstance(refusal, FieldErrors):
            return status, refusal.messages
        if isinstance(refusal, Invalid):
            return status, self.field_messages(refusal)
        return status, {"detail": sentence}

    def http_error(self, status: int, reason: str) -> tuple[int, Any]:
        """The HTTP status and the body for what the framework refuses: unknown path, wrong method, our own bugs."""
        return status, {"detail": reason}
