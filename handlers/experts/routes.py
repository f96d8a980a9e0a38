"""The paths of contract experts. Those of meetings are another contract's too: the scheme of the sign-in decides."""

from __future__ import annotations

from handlers.base import Handler
from handlers.experts import accounts, credits, meetings, messages, notifications, skills, sockets
from handlers.experts.base import UnknownExpertsPath

# An id that the database can be asked for; anything else is an unknown path.
NUMBER = "([1-9][0-9]{0,17})"

ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/api/users/register/?", accounts.Register),
    (r"/api/users/login/?", accounts.Login),
    (r"/api/users/logout/?", accounts.Logout),
    (r"/api/users/me/?", accounts.Me),
    (r"/api/users/verify-phone/?", accounts.VerifyPhone),
    (r"/api/user-skills/?", skills.UserSkills),
    (r"/api/user-availability/?", skills.UserAvailability),
    (r"/api/categories/?", skills.Categories),
    (r"/api/credits/balance/?", credits.Balance),
    (r"/api/credits/transfer/?", credits.Transfer),
    (r"/api/credit-transactions/?", credits.Transactions),
    (r"/api/payments/purchase_credits/?", credits.PurchaseCredits),
    (r"/api/reviews/?", meetings.Reviews),
    (r"/api/messages/?", messages.Messages),
    (r"/api/notifications/?", notifications.Notifications),
    (rf"/api/notifications/{NUMBER}/?", notifications.Notification),
    (r"/ws/?", sockets.Everything),
    (rf"/ws/chat/{NUMBER}/?", sockets.Chat),
    (r"/ws/notifications/?", sockets.NotificationsOnly),
    (r"/ws(?:/.*)?", UnknownExpertsPath),
    (
        r"/api/(?:user-skills|user-availability|categories|credits|credit-transactions|payments|reviews|messages"
        r"|notifications|users/(?:register|login|logout|me|verify-phone))(?:/.*)?",
        UnknownExpertsPath,
    ),
]

MEETINGS: list[tuple[str, type[Handler]]] = [
    (r"/api/meetings/?", meetings.Meetings),
    (rf"/api/meetings/{NUMBER}/?", meetings.Meeting),
    (rf"/api/meetings/{NUMBER}/update_status/?", meetings.UpdateStatus),
    (r"/api/meetings(?:/.*)?", UnknownExpertsPath),
]
