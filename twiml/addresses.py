"""Where the phone company goes next: our URLs with ids in the path, and how it is asked to reach them."""

from __future__ import annotations

from dataclasses import dataclass

# One try again after a failure, both within the fifteen seconds that the phone company waits for.
CONNECTION_OVERRIDES = "#rc=1&rp=5xx,ct,rt&ct=2000&rt=5000"


@dataclass(frozen=True, slots=True)
class Addresses:
    """`base_url` is our public URL without a slash at its end."""

    base_url: str

    def pin(self, try_number: int) -> str:
        return self._url(f"/phone/voice/pin/{try_number}")

    def choice(self, try_number: int) -> str:
        return self._url(f"/phone/voice/choice/{try_number}")

    def hold(self, booking_id: int, try_number: int) -> str:
        return self._url(f"/phone/voice/hold/{booking_id}/{try_number}")

    def dial_out(self, booking_id: int, person_id: int, number: int, *, try_number: int) -> str:
        return self._url(f"/phone/dial-out/{booking_id}/{person_id}/{number}/key/{try_number}")

    def wait(self, booking_id: int, person_id: int) -> str:
        return self._url(f"/phone/wait/{booking_id}/{person_id}")

    def conference_events(self, booking_id: int) -> str:
        return self._url(f"/phone/conferences/{booking_id}/events")

    def _url(self, path: str) -> str:
        return self.base_url + path + CONNECTION_OVERRIDES
