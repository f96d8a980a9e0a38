"""The paths of contract mentors, with the document's spelling; each also under `/v2/`."""

from __future__ import annotations

from handlers.base import Handler, unknown_path
from handlers.mentors import accounts, availability, mentees, mentors, notifications, sessions
from handlers.mentors.dialect import DIALECT

V = "(?:/v2)?"
NUMBER = "([1-9][0-9]{0,9})"

ROUTES: list[tuple[str, type[Handler]]] = [
    (rf"{V}/auth/users/?", accounts.Users),
    (rf"{V}/auth/token/login/?", accounts.Login),
    (rf"{V}/auth/token/logout/?", accounts.Logout),
    (rf"{V}/myprofile/?", accounts.Profile),
    (rf"{V}/myprofile/verify-phone/?", accounts.VerifyPhone),
    (rf"{V}/mentor/?", mentors.Mentors),
    (rf"{V}/mentor/([^/]{{1,500}})/?", mentors.MentorsBySkill),
    (rf"{V}/mentorinfo/?", mentors.Information),
    (rf"{V}/mentorinfoupdate/?", mentors.InformationUpdate),
    (rf"{V}/mentee/?", mentees.Mentees),
    (rf"{V}/menteeinfo/?", mentees.Information),
    (rf"{V}/menteeinfoupdate/?", mentees.InformationUpdate),
    (rf"{V}/availabilty/?", availability.Availability),
    (rf"{V}/availabilty/{NUMBER}/?", availability.OneAvailability),
    (rf"{V}/session/?", sessions.Sessions),
    (rf"{V}/archivesession/?", sessions.ArchivedSessions),
    (rf"{V}/sessionrequest/?", sessions.SessionRequests),
    (rf"{V}/sessionrequest/{NUMBER}/?", sessions.SessionRequest),
    (rf"{V}/notificationsettings/?", notifications.OwnNotificationSettings),
    (rf"{V}/notificationsettings/{NUMBER}/?", notifications.NotificationSettings),
    (
        rf"{V}/(?:auth|myprofile|mentor|mentorinfo|mentorinfoupdate|mentee|menteeinfo|menteeinfoupdate"
        r"|availabilty|session|archivesession|sessionrequest|notificationsettings)(?:/.*)?",
        unknown_path(DIALECT),
    ),
    (r"/v2(?:/.*)?", unknown_path(DIALECT)),
]
