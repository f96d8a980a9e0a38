"""A mail company of our own: letters are kept and can be read, and some domains fail as servers do."""

from __future__ import annotations

import base64
from typing import Any

from thserver.domain.ports import INVITE_NAME, Letter, Outcome, Sent
from thserver.gateways.simulated_records import Records

REFUSED = Sent(Outcome.FAILED, reason="550")
FAILURES = {
    "bounce.example": REFUSED,
    "busy.example": Sent(Outcome.RETRY, reason="451"),
}
LOST_DOMAIN = "lost.example"  # taken, but the answer never came


class SimulatedMail:
    def __init__(self, *, records: Records) -> None:
        self._records = records

    async def send(self, letter: Letter) -> Sent:
        domain = letter.to.strip().lower().rpartition("@")[2]
        failure = REFUSED if "@" not in letter.to else FAILURES.get(domain)
        if failure is not None:
            return Sent(failure.outcome, letter.message_id, failure.reason)
        earlier = self._records.get("letters", letter.message_id)
        kept = _kept(letter) | {"copies": 1 if earlier is None else earlier["copies"] + 1}
        self._records.put("letters", letter.message_id, kept)
        if domain == LOST_DOMAIN:
            return Sent(Outcome.UNKNOWN, letter.message_id, "SMTPServerDisconnected")
        return Sent(Outcome.DONE, letter.message_id)

    async def close(self) -> None:
        """The records belong to whoever made them."""

    def all_letters(self) -> list[dict[str, Any]]:
        """Every letter with the fields of `Letter`, oldest first. `copies` says how often the same one was sent;
        the content of an attachment is in base64."""
        return self._records.all("letters")

    def letters_to(self, address: str) -> list[dict[str, Any]]:
        wanted = address.strip().lower()
        return [letter for letter in self.all_letters() if letter["to"].strip().lower() == wanted]


def _kept(letter: Letter) -> dict[str, Any]:
    attachments = list(letter.attachments)
    if letter.invite is not None:
        mime_type = f"text/calendar; method={letter.invite.method}; charset=UTF-8"
        attachments.append((INVITE_NAME, mime_type, letter.invite.content.encode()))
    return {
        "to": letter.to,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "message_id": letter.message_id,
        "attachments": [
            [name, mime_type, base64.b64encode(content).decode()] for name, mime_type, content in attachments
        ],
    }
