"""The text that brings a code."""

from __future__ import annotations

from datetime import timedelta

from thserver.wording.times import length


def text_with_code(code: str, *, life: timedelta, web_domain: str) -> str:
    """Its last line ties the code to the web pages' domain, which lets phones fill it in there and nowhere else."""
    good_for = length(max(1, round(life.total_seconds() / 60)))
    return (
        f"Your Tech Heroes code is {code}. It is good for {good_for}. Never tell it to anybody.\n\n"
        f"@{web_domain} #{code}"
    )


def text_about_new_number(masked: str) -> str:
    """For the old number, so that a thief's change does not go unseen."""
    return (
        f"The phone number of your Tech Heroes account is being changed to {masked}. "
        "If this was not you, sign in and change your password."
    )
