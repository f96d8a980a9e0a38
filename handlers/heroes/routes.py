"""The paths of contract heroes."""

from __future__ import annotations

from handlers.base import Handler, unknown_path
from handlers.heroes import accounts, call_requests, conferences, heroes
from handlers.heroes.dialect import DIALECT

# An id that the database can be asked for; anything else is an unknown path.
NUMBER = "([1-9][0-9]{0,9})"

ROUTES: list[tuple[str, type[Handler]]] = [
    (r"/api/v1/accounts/phone-token/?", accounts.PhoneToken),
    (r"/api/v1/accounts/register/?", accounts.Register),
    (r"/api/v1/accounts/login/?", accounts.Login),
    (r"/api/v1/accounts/logout/?", accounts.Logout),
    (r"/api/v1/accounts/profile/?", accounts.Profile),
    (r"/api/v1/accounts/verify-email/?", accounts.VerifyEmail),
    (r"/api/v1/accounts/verify-phone/?", accounts.VerifyPhone),
    (r"/api/v1/accounts/change-password/?", accounts.ChangePassword),
    (r"/api/v1/accounts/request-password/?", accounts.RequestPassword),
    (r"/api/v1/accounts/reset-password/?", accounts.ResetPassword),
    (r"/api/v1/accounts/get-time/?", accounts.GetTime),
    (r"/api/v1/heroes/?", heroes.Heroes),
    (r"/api/v1/heroes/apply/?", heroes.Apply),
    (r"/api/v1/heroes/profile/?", heroes.Profile),
    (r"/api/v1/heroes/accept/?", heroes.Accept),
    (r"/api/v1/heroes/decline/?", heroes.Decline),
    (r"/api/v1/heroes/([0-9a-fA-F-]{1,36})/?", heroes.Hero),
    (r"/api/v1/call-requests/?", call_requests.CallRequests),
    (rf"/api/v1/call-requests/{NUMBER}/?", call_requests.CallRequest),
    (rf"/api/v1/call-requests/{NUMBER}/accept/?", call_requests.Accept),
    (rf"/api/v1/call-requests/{NUMBER}/decline/?", call_requests.Decline),
    (rf"/api/v1/call-requests/{NUMBER}/new-times/?", call_requests.NewTimes),
    (rf"/api/v1/call-requests/{NUMBER}/agreed-time/?", call_requests.AgreedTime),
    (rf"/api/v1/call-requests/{NUMBER}/cancel/?", call_requests.Cancel),
    (r"/api/v1/conferences/?", conferences.Conferences),
    (r"/api/v1/conferences/([^/]+)/?", conferences.ConferenceDetail),
    (r"/api/v1/(?:accounts|heroes|call-requests|conferences|payments)(?:/.*)?", unknown_path(DIALECT)),
]
