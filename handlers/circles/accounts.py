"""Signing in, registering, passwords."""

from __future__ import annotations

from typing import Any

from handlers.access import anyone, signed_in
from handlers.circles import answers, request_bodies, response_bodies
from handlers.circles.base import CirclesHandler
from handlers.descriptions import described
from thserver.domain.errors import BadCredentials, NotVerified, Throttled, TokenNotFound

CONTRACT = CirclesHandler.dialect.name


class Login(CirclesHandler):
    """/api/v1/user/authentication/login"""

    failure = "Failed to login. Please check for form errors"

    @anyone
    @described(
        body=request_bodies.Login,
        under="user",
        answers={200: answers.LoggedIn},
        refuses=(BadCredentials, NotVerified, Throttled),
    )
    async def post(self) -> None:
        """Sign in."""
        body = self.read()
        person, token = await self.services.circle_accounts.log_in(
            **body, contract=CONTRACT, address=self.address
        )
        self.done("Login successfully", user=response_bodies.signed_in(person), access_token=token)


class Register(CirclesHandler):
    """/api/v1/user/registration/register"""

    failure = "Failed to register. Please check for form errors"

    @anyone
    @described(
        body=request_bodies.Registration,
        under="user",
        answers={200: answers.Registered},
        refuses=(Throttled,),
    )
    async def post(self) -> None:
        """Make an account: the answer is the same whether the address is taken or not."""
        body = self.read()
        registered = await self.services.circle_accounts.register(
            email=body["email"],
            password=body["password"],
            first_name=body["first_name"],
            last_name=body.get("last_name") or "",
            invite_token=self.invite_token(body),
            contract=CONTRACT,
            address=self.address,
        )
        token = {"access_token": registered.token} if registered.token is not None else {}
        self.done(
            "Thanks for register with us. You now can login to the DSRT",
            user=response_bodies.signed_in(registered.person),
            **token,
        )

    def invite_token(self, body: dict[str, Any]) -> str | None:
        """From the user's section, or beside it."""
        beside = self.parameters().get("invite_token")
        return body.get("invite_token") or (beside if isinstance(beside, str) else None)


class Confirm(CirclesHandler):
    """/api/v1/user/registration/confirm"""

    failure = "Failed to confirm. Please check for form errors"

    @anyone
    @described(body=request_bodies.Token, answers={200: answers.Done}, refuses=(TokenNotFound, Throttled))
    async def post(self) -> None:
        """Prove the address that the token was mailed to."""
        body = self.read()
        await self.services.circle_accounts.confirm(body["token"], address=self.address)
        self.done("Your email has been confirmed. You now can login to the DSRT")


class UpdatePassword(CirclesHandler):
    """/api/v1/user/profile/update_password"""

    failure = "Failed to update password"

    @signed_in
    @described(
        body=request_bodies.NewPassword, under="user", answers={200: answers.Done}, refuses=(Throttled,)
    )
    async def post(self) -> None:
        """Change one's own password; other sign-ins end."""
        body = self.read()
        await self.services.circle_accounts.update_password(
            self.me, body["password"], token=self.token, address=self.address
        )
        self.done("Password updated successfully")


class ForgotPassword(CirclesHandler):
    """/api/v1/user/password/forgot"""

    failure = "Failed to reset password. Please check for form errors"

    @anyone
    @described(body=request_bodies.Forgot, under="user", answers={200: answers.Done}, refuses=(Throttled,))
    async def post(self) -> None:
        """Have a token for a new password mailed; the answer is the same for an address that nobody has."""
        body = self.read()
        await self.services.circle_accounts.forgot(body["email"], address=self.address)
        self.done("Please check your email for reset password instructions")


class ResetPassword(CirclesHandler):
    """/api/v1/user/password/reset"""

    failure = "Failed to reset password. Please check for form errors"

    @anyone
    @described(body=request_bodies.Reset, answers={200: answers.Done}, refuses=(TokenNotFound, Throttled))
    async def post(self) -> None:
        """Set a new password with the token from the mail; every sign-in ends."""
        body = self.read()
        await self.services.circle_accounts.reset(body["token"], body["password"], address=self.address)
        self.done("Password updated successfully")
