"""Reading TwiML: a checked document and the attributes of its verbs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from thserver.gateways.simulated_carrier.conferences import Wish
from thserver.gateways.simulated_carrier.webhooks import Answer

PARSE_FAILURE = 12100
CONTENT_TYPE_FAILURE = 12300
CONFERENCE_ATTRIBUTES = 16002
EVENTS = frozenset(("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"))
LONGEST_CALL_S = 4 * 60 * 60


class BadDocument(Exception):
    """The answer is no TwiML. `code` is the carrier's error code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        super().__init__(reason)


@dataclass(frozen=True)
class Document:
    """A TwiML document and the URL it came from, to which its relative URLs belong."""

    url: str
    verbs: tuple[Element, ...]

    def absolute(self, url: str) -> str:
        """The URL given, a relative one completed; an empty one is the document's own."""
        return urljoin(urldefrag(self.url).url, url) if url else self.url


def read(url: str, answer: Answer) -> Document:
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind.startswith("audio/"):
        play = Element("Play")
        play.text = url
        return Document(url, (play,))
    if kind == "text/plain":
        say = Element("Say")
        say.text = answer.text
        return Document(url, (say,))
    if kind not in ("text/xml", "application/xml", "text/html"):
        raise BadDocument(CONTENT_TYPE_FAILURE, f"content type {kind or 'missing'} is no TwiML")
    try:
        root = ElementTree.fromstring(answer.text)
    except ElementTree.ParseError as error:
        raise BadDocument(PARSE_FAILURE, f"not XML: {error}") from None
    if root.tag != "Response":
        raise BadDocument(PARSE_FAILURE, f"<Response> expected, not <{root.tag}>")
    return Document(url, tuple(root))


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def number_of(element: Element, name: str, default: int, *, most: int = LONGEST_CALL_S) -> int:
    """A whole number in an attribute; what is no number counts as not given."""
    text = element.get(name, "").strip()
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 9 else default


def wish_of(document: Document, conference: Element) -> Wish:
    """What `<Conference>` asks for. Raises BadDocument when an attribute is not allowed."""

    def flag(name: str, default: bool) -> bool:
        text = conference.get(name, str(default)).lower()
        if text not in ("true", "false"):
            raise BadDocument(CONFERENCE_ATTRIBUTES, f"{name} must be true or false")
        return text == "true"

    room = text_of(conference)
    events = frozenset(conference.get("statusCallbackEvent", "").split())
    most = conference.get("maxParticipants", "250")
    if not room or len(room) > 250:
        raise BadDocument(CONFERENCE_ATTRIBUTES, "a conference needs a name of 250 characters at most")
    if not events <= EVENTS:
        raise BadDocument(CONFERENCE_ATTRIBUTES, f"no such events: {sorted(events - EVENTS)}")
    if not (most.isascii() and most.isdigit() and 1 <= int(most) <= 250):
        raise BadDocument(CONFERENCE_ATTRIBUTES, "maxParticipants must be 1 to 250")
    callback, wait = conference.get("statusCallback", ""), conference.get("waitUrl")
    return Wish(
        room=room,
        label=conference.get("participantLabel", ""),
        max_participants=int(most),
        start_on_enter=flag("startConferenceOnEnter", True),
        end_on_exit=flag("endConferenceOnExit", False),
        beep=conference.get("beep", "true"),
        muted=flag("muted", False),
        wait_url=document.absolute(wait) if wait else wait,
        wait_method=conference.get("waitMethod", "POST").upper(),
        callback_url=document.absolute(callback) if callback else "",
        callback_method=conference.get("statusCallbackMethod", "POST").upper(),
        callback_events=events,
    )
