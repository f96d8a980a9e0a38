"""Named points between two steps of something that must survive a crash; tests kill the process at each of them.

`reached(name)` does nothing unless the setting KILL_AT (DEBUG only) names this point.
"""

from __future__ import annotations

import os
import signal

armed: str = ""
# Every point, with what has been done just before it. A test goes through all of them.
POINTS: dict[str, str] = {}


def arm(name: str) -> None:
    global armed
    armed = name


def reached(name: str) -> None:
    """Die here, at once and without any cleaning up, if this point is armed."""
    if armed and armed == name:
        os.kill(os.getpid(), signal.SIGKILL)
