"""The URLs that the phone company posts to."""

from __future__ import annotations

from handlers.base import Handler, unknown_path
from handlers.phone import conference_events, dial_out, texts, voice
from handlers.phone.dialect import DIALECT

ID = r"([0-9]{1,15})"

ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/phone/voice/?", voice.Ring),
    (r"/phone/voice/fallback/?", voice.Fallback),
    (r"/phone/voice/pin/([1-3])/?", voice.Pin),
    (r"/phone/voice/choice/([1-3])/?", voice.Choice),
    (rf"/phone/voice/hold/{ID}/([0-9]{{1,4}})/?", voice.Hold),
    (rf"/phone/wait/{ID}/{ID}/?", voice.Wait),
    (rf"/phone/dial-out/{ID}/{ID}/{ID}/?", dial_out.Answered),
    (rf"/phone/dial-out/{ID}/{ID}/{ID}/key/([12])/?", dial_out.Pressed),
    (rf"/phone/dial-out/{ID}/{ID}/{ID}/status/?", dial_out.Ended),
    (rf"/phone/announcements/{ID}/([0-9a-f]{{32}})/?", dial_out.Announcement),
    (rf"/phone/conferences/{ID}/events/?", conference_events.ConferenceEvents),
    (r"/phone/text/?", texts.TextReceived),
    (r"/phone/texts/([0-9a-f]{32})/status/?", texts.TextProgressed),
    (r"/phone(?:/.*)?", unknown_path(DIALECT)),
]
