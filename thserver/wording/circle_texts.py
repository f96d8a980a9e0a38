"""Texts to an account holder about the notice of his own passing: short, and how to stop it."""

from __future__ import annotations

from thserver.domain.death_notices import Step
from thserver.wording.texts import name


def about_notice(step: Step, *, by: str, web_domain: str) -> str:
    """`Tech Heroes: Ann Lee has told us that you have died. If this is wrong, sign in now: https://…`"""
    who = name(by) or "Somebody"
    said = {
        Step.INITIATED: f"{who} has told us that you have died. If this is wrong, sign in now: https://{web_domain}",
        Step.CANCELLED: "you have signed in, so the notice of your passing is cancelled.",
        Step.WITHDRAWN: f"{who} has left your circle, so the notice of your passing is withdrawn.",
        Step.AUTHORISED: (
            f"{who} has confirmed the notice of your passing, and your circle is told. "
            f"If this is wrong, tell them, and see https://{web_domain}"
        ),
        Step.FUNERAL: f"{who} has sent the funeral details to your circle. See https://{web_domain}",
    }
    return f"Tech Heroes: {said[step]}"
