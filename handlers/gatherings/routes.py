"""The paths of contract gatherings. Those of meetings are another contract's too: the scheme of the sign-in decides."""

from __future__ import annotations

from handlers.base import Handler, unknown_path
from handlers.gatherings import account, meetings, sign_in, users
from handlers.gatherings.dialect import DIALECT

# An id that the database can be asked for; anything else is an unknown path.
NUMBER = "([0-9]{1,18})"
# These belong to contract experts.
NOT_OURS = "(?!/(?:register|login|logout|me)(?:/|$))"

ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/api/auth/code/?", sign_in.SendCode),
    (r"/api/auth/users/?", sign_in.ConfirmCode),
    (r"/api/account/?", account.Account),
    (r"/api/users/?", users.Users),
    (rf"/api/users/{NUMBER}/?", users.User),
    (r"/api/blacklist/?", users.Blacklist),
    (r"/api/contacts/?", users.Contacts),
    (r"/api/(?:auth|account|blacklist|contacts)(?:/.*)?", unknown_path(DIALECT)),
    (rf"/api/users{NOT_OURS}(?:/.*)?", unknown_path(DIALECT)),
]

MEETINGS: list[tuple[str, type[Handler]]] = [
    (r"/api/meetings/?", meetings.Meetings),
    (rf"/api/meetings/{NUMBER}/?", meetings.Meeting),
    (rf"/api/meetings/{NUMBER}/users/?", meetings.MeetingUsers),
    (r"/api/meetings(?:/.*)?", unknown_path(DIALECT)),
]
