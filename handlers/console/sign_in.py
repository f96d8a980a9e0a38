"""/console/sign-in and /console/sign-out: staff come in by a code in a text or with a password."""

from __future__ import annotations

from typing import Any

from handlers.access import anyone, console
from handlers.bodies import FieldErrors, Malformed
from handlers.console.base import SIGN_IN, ConsolePage, safe_return
from handlers.fields import Body, Password, Phone, Text
from thserver.domain.errors import BadCredentials, CodeWrong, NotSignedIn, Throttled
from thserver.services.console_sign_in import LIFE

WRONG = "This does not let you in. Check what you have typed; only staff can sign in here."
SLOWER = "Too many tries. Wait a while, and try again, or let a code be texted to you."
NO_NUMBER = "This is no phone number. Write it like +1 202 555 0123."
SENT = "If this is the number of a staff account, a code is on its way to it. It is good for five minutes."


class AskCode(Body):
    phone = Phone(required=True)


class EnterCode(AskCode):
    code = Text(required=True, longest=20)


class EnterPassword(Body):
    name = Text(required=True, longest=254)
    password = Password(required=True)


class SignInPage(ConsolePage):
    here = SIGN_IN

    @anyone
    async def get(self) -> None:
        try:
            await self.check_console()
        except NotSignedIn:
            self._show()
            return
        if self.person is not None:
            self.redirect(self._back, status=303)
            return
        self._show()

    @anyone
    async def post(self) -> None:
        """`by` says what was sent: a number to text a code to, the code, or a password."""
        by = self.raw_body().get("by")
        try:
            if by == "ask":
                await self._ask()
            elif by == "code":
                await self._enter_code()
            elif by == "password":
                await self._enter_password()
            else:
                raise Malformed
        except (CodeWrong, BadCredentials):
            self._show(status=401, problem=WRONG)
        except Throttled as refusal:
            self.set_header("Retry-After", str(refusal.retry_after))
            self._show(status=429, problem=SLOWER)
        except FieldErrors as errors:
            self._show(status=400, problem=NO_NUMBER if "phone" in errors.messages else WRONG)

    async def _ask(self) -> None:
        phone = self.read(AskCode())["phone"]
        await self.services.console_sign_in.ask_code(phone, address=self.address)
        self._show(notice=SENT, asked=True)

    async def _enter_code(self) -> None:
        given = self.read(EnterCode())
        code = "".join(given["code"].split())
        _, token = await self.services.console_sign_in.with_code(given["phone"], code, address=self.address)
        self._let_in(token)

    async def _enter_password(self) -> None:
        given = self.read(EnterPassword())
        _, token = await self.services.console_sign_in.with_password(
            given["name"], given["password"], address=self.address
        )
        self._let_in(token)

    def _let_in(self, token: str) -> None:
        self.set_cookie(
            self.cookie_name,
            token,
            path="/",
            max_age=int(LIFE.total_seconds()),
            httponly=True,
            secure=self.is_secure,
            samesite="Strict",
        )
        self.redirect(self._back, status=303)

    @property
    def _back(self) -> str:
        return safe_return(self.get_argument("next", ""))

    def _show(self, *, status: int = 200, **facts: Any) -> None:
        given = self.raw_body() if self.request.method == "POST" else {}
        asked = facts.pop("asked", False) or given.get("by") == "code"
        self.show(
            "sign_in.html",
            status=status,
            **{
                "problem": "",
                "notice": "",
                "asked": asked,
                "phone": str(given.get("phone", ""))[:40],
                "name": str(given.get("name", ""))[:254],
                "next": self._back,
                **facts,
            },
        )


class SignOut(ConsolePage):
    @console
    async def post(self) -> None:
        if self.person is not None and self.token is not None:
            await self.services.console_sign_in.sign_out(self.person, self.token)
        self.clear_cookie(self.cookie_name, path="/", httponly=True, secure=self.is_secure, samesite="Strict")
        self.redirect(SIGN_IN, status=303)
