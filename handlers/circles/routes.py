"""The paths of contract circles."""

from __future__ import annotations

from handlers.base import Handler
from handlers.circles import accounts, death_notice, friendship, profile
from handlers.circles.base import UnknownEndpoint

USER = r"/api/v1/user"

ROUTES: list[tuple[str, type[Handler]]] = [
    (rf"{USER}/authentication/login/?", accounts.Login),
    (rf"{USER}/registration/register/?", accounts.Register),
    (rf"{USER}/registration/confirm/?", accounts.Confirm),
    (rf"{USER}/profile/me/?", profile.Me),
    (rf"{USER}/profile/update/?", profile.Update),
    (rf"{USER}/profile/close_account/?", profile.CloseAccount),
    (rf"{USER}/profile/update_password/?", accounts.UpdatePassword),
    (rf"{USER}/password/forgot/?", accounts.ForgotPassword),
    (rf"{USER}/password/reset/?", accounts.ResetPassword),
    (rf"{USER}/friendship/followers/?", friendship.Followers),
    (rf"{USER}/friendship/following/?", friendship.Following),
    (rf"{USER}/friendship/add_one/?", friendship.AddOne),
    (rf"{USER}/friendship/add_many/?", friendship.AddMany),
    (rf"{USER}/friendship/resend_invitation/?", friendship.ResendInvitation),
    (rf"{USER}/friendship/update_invitation/?", friendship.UpdateInvitation),
    (rf"{USER}/friendship/accept_invitation/?", friendship.AcceptInvitation),
    (rf"{USER}/friendship/reject_invitation/?", friendship.RejectInvitation),
    (rf"{USER}/friendship/remove_follower/?", friendship.RemoveFollower),
    (rf"{USER}/friendship/unfollow/?", friendship.Unfollow),
    (rf"{USER}/death_notice/info/?", death_notice.Info),
    (rf"{USER}/death_notice/save/?", death_notice.Save),
    (rf"{USER}/death_notice/initiate/?", death_notice.Initiate),
    (rf"{USER}/death_notice/authorise/?", death_notice.Authorise),
    (rf"{USER}/death_notice/send_funeral_details/?", death_notice.SendFuneralDetails),
    (rf"{USER}(?:/.*)?", UnknownEndpoint),
]
