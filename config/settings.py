"""Every knob of the service: name, type, default and one line of help; the only reader of the environment.

Settings come from environment variables, then `.env`, then the default. Secrets have no default outside
DEBUG and hide themselves in `repr`. `thserver settings` prints this list as a commented example file.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

DEVELOPMENT_SECRET = "development-only-secret-key-never-for-production"


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one sentence that names the variable."""


def _knob(default: Any, help: str, *, secret: bool = False, check: str = "") -> Any:
    return field(default=default, repr=not secret, metadata={"help": help, "secret": secret, "check": check})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the operator decides. Field names are the variables' names in lower case."""

    secret_key: str = _knob("", "Signs and keys every hash; required unless DEBUG.", secret=True)
    debug: bool = _knob(False, "Development mode: codes in answers, practice phones, open console.")
    address: str = _knob("127.0.0.1", "The address to listen on.")
    port: int = _knob(8888, "The port to listen on.", check="port")
    data_dir: Path = _knob(Path("data"), "Where the embedded MongoDB and the simulated companies keep data.")
    database_url: str = _knob(
        "",
        "A mongodb:// URI with database name; empty starts the embedded MongoDB.",
        secret=True,
        check="mongo",
    )
    public_url: str = _knob(
        "", "What the phone company calls and signs; empty is http://ADDRESS:PORT.", check="url"
    )
    web_domain: str = _knob(
        "www.techheroes.xyz", "Domain of the web pages that e-mails link to.", check="host"
    )
    api_domain: str = _knob("api.techheroes.xyz", "Domain of this service.", check="host")
    trusted_proxies: tuple[str, ...] = _knob(
        (), "Addresses whose X-Forwarded-For is believed, comma-separated.", check="addresses"
    )

    allowed_origins: tuple[str, ...] = _knob(
        (),
        "Web pages that may open WebSockets, besides this host's and WEB_DOMAIN's: https://…, comma-separated.",
        check="origins",
    )

    twilio_account_id: str = _knob("", "Twilio account SID; empty simulates the phone company.", check="AC")
    twilio_api_token: tuple[str, ...] = _knob(
        (), "Twilio auth token(s), comma-separated while rotating.", secret=True
    )
    twilio_number: str = _knob("+12025550199", "The number that texts are sent from.", check="phone")
    conference_number: str = _knob("+12025550100", "The one number to dial.", check="phone")
    twilio_api_base: str = _knob("", "Replaces scheme and host of every request to Twilio.", check="url")

    stripe_test_secret_key: str = _knob("", "Stripe test key, used under DEBUG.", secret=True)
    stripe_test_pub_key: str = _knob("", "Stripe publishable test key.")
    stripe_live_secret_key: str = _knob("", "Stripe live key, used unless DEBUG.", secret=True)
    stripe_live_pub_key: str = _knob("", "Stripe publishable live key.")
    stripe_api_base: str = _knob("", "Replaces scheme and host of every request to Stripe.", check="url")
    stripe_webhook_secret: tuple[str, ...] = _knob(
        (), "Signing secret(s) of the Stripe webhook, comma-separated while rolling.", secret=True
    )

    smtp_url: str = _knob(
        "", "smtp://user:password@host:port or smtps://…; empty simulates mail.", secret=True, check="smtp"
    )
    server_email: str = _knob("", "Sender of e-mails; empty is no-reply@WEB_DOMAIN.")
    aws_access_key: str = _knob("", "Amazon SES key id: mail through SES's SMTP endpoint.", secret=True)
    aws_secret_key: str = _knob("", "Amazon SES secret key.", secret=True)
    aws_region: str = _knob("us-east-1", "Amazon SES region.", check="host")

    sms_reminder_time_in_min: int = _knob(
        15, "How long before a call its reminder is texted.", check="positive"
    )
    max_conference_call_time_in_min: int = _knob(120, "Longest time on the line, minutes.", check="positive")
    allowed_cancelations: int = _knob(
        3, "Cancellations of accepted calls before a fee is due.", check="natural"
    )
    cancelation_fee_in_cents: int = _knob(
        500, "The fee for a forced cancellation, US cents.", check="natural"
    )
    auth_token_exp_in_days: int = _knob(30, "Life of a sign-in token, days.", check="positive")
    verification_token_exp_in_days: int = _knob(7, "Life of a token in an e-mail, days.", check="positive")
    credit_settle_after_hours: float = _knob(
        24.0, "How long after a meeting its credit goes to the expert by itself, hours."
    )
    platform_fee_percent: int = _knob(15, "The platform's part of a call's price.", check="percent")
    admit_before_min: int = _knob(
        10, "How early a caller is let in, minutes before the time.", check="natural"
    )
    admit_after_min: int = _knob(60, "How late a caller is let in, minutes after the end.", check="natural")

    sms_countries: tuple[str, ...] = _knob(
        ("US", "CA"), "Countries that codes are texted to, ISO codes.", check="countries"
    )
    limit_codes_per_phone_hour: int = _knob(5, "Codes texted to one number an hour.", check="positive")
    limit_codes_per_address_hour: int = _knob(
        20, "Codes asked for from one address an hour.", check="positive"
    )
    limit_codes_all_hour: int = _knob(2000, "Codes texted to everyone together an hour.", check="positive")
    limit_auth_per_address_min: int = _knob(
        10, "Sign-ins and registrations from one address a minute.", check="positive"
    )
    limit_requests_per_person_min: int = _knob(
        60, "Requests of one person a minute (experts).", check="positive"
    )

    limit_invitations_per_person_day: int = _knob(
        1000, "Invitations into a circle that one person may have mailed a day.", check="positive"
    )

    limit_invitation_texts_per_person_hour: int = _knob(
        2000, "Invitations to gatherings that one person may have texted an hour.", check="positive"
    )

    webhook_disable_after_days: int = _knob(
        5, "Days without any success after which a webhook endpoint is disabled.", check="positive"
    )

    keep_calls_days: int = _knob(
        730,
        "Days that rings, the phone company's reports, texts and e-mails are kept; 0 keeps them for ever.",
        check="days_kept",
    )

    kill_at: str = _knob("", "DEBUG only: the kill point at which the process ends itself, for crash tests.")

    @property
    def stripe_secret_key(self) -> str:
        return self.stripe_test_secret_key if self.debug else self.stripe_live_secret_key

    @property
    def stripe_pub_key(self) -> str:
        return self.stripe_test_pub_key if self.debug else self.stripe_live_pub_key

    @property
    def carrier_is_simulated(self) -> bool:
        return not self.twilio_account_id

    @property
    def payments_are_simulated(self) -> bool:
        return not self.stripe_secret_key

    @property
    def mail_is_simulated(self) -> bool:
        return not (self.smtp_url or self.aws_access_key)

    @property
    def real_companies(self) -> list[str]:
        """Those that are not simulated, in words."""
        simulated = {
            "phone company": self.carrier_is_simulated,
            "card company": self.payments_are_simulated,
            "mail": self.mail_is_simulated,
        }
        return [company for company, is_simulated in simulated.items() if not is_simulated]

    @property
    def base_url(self) -> str:
        """The public URL without a trailing slash: what Twilio calls and signs."""
        return (self.public_url or f"http://{self.address}:{self.port}").rstrip("/")

    @property
    def sender(self) -> str:
        return self.server_email or f"no-reply@{self.web_domain}"


def load(
    environment: Mapping[str, str] | None = None,
    *,
    dotenv: Path | None = Path(".env"),
    development: bool = False,
) -> Settings:
    """Read the settings. Raises SettingsError with one sentence that names the variable.

    `development` turns DEBUG on where neither the environment nor `.env` says anything about it.
    """
    if environment is None:
        environment = os.environ
    values: dict[str, str] = {}
    if dotenv is not None and dotenv.is_file():
        try:
            written = dotenv_values(dotenv)
        except (OSError, UnicodeDecodeError) as problem:
            raise SettingsError(f"{dotenv} cannot be read: {problem}.") from problem
        values.update({name: value for name, value in written.items() if value is not None})
    values.update(environment)
    if development and not values.get("DEBUG", "").strip():
        values["DEBUG"] = "True"
    found: dict[str, Any] = {}
    for knob in dataclasses.fields(Settings):
        name = knob.name.upper()
        if name in values and values[name].strip() != "":
            found[knob.name] = _parse(name, values[name].strip(), knob)
    settings = Settings(**found)
    return _complete(settings)


def _complete(settings: Settings) -> Settings:
    if not settings.secret_key:
        if not settings.debug:
            raise SettingsError(
                "SECRET_KEY is not set: give it a long random value, or set DEBUG=True to try things out."
            )
        settings = dataclasses.replace(settings, secret_key=DEVELOPMENT_SECRET)
    elif not settings.debug and len(settings.secret_key) < 16:
        raise SettingsError("SECRET_KEY is too short: give it at least 16 characters.")
    for one, other in (("twilio_account_id", "twilio_api_token"), ("aws_access_key", "aws_secret_key")):
        if bool(getattr(settings, one)) != bool(getattr(settings, other)):
            missing = other if getattr(settings, one) else one
            present = one if getattr(settings, one) else other
            raise SettingsError(f"{missing.upper()} is not set, although {present.upper()} is.")
    if settings.kill_at and not settings.debug:
        raise SettingsError("KILL_AT works only together with DEBUG=True.")
    return settings


def _parse(name: str, text: str, knob: dataclasses.Field[Any]) -> Any:
    default, check = knob.default, knob.metadata["check"]
    if isinstance(default, bool):
        if text.lower() in ("1", "true", "yes", "on"):
            return True
        if text.lower() in ("0", "false", "no", "off"):
            return False
        raise SettingsError(f"{name} must be True or False, not {_shown(text, knob)}.")
    if isinstance(default, int):
        if not re.fullmatch(r"-?[0-9]{1,9}", text):
            raise SettingsError(f"{name} must be a whole number, not {_shown(text, knob)}.")
        return _in_range(name, int(text), check)
    if isinstance(default, float):
        # 100,000 hours are eleven years.
        if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,6})?", text):
            raise SettingsError(f"{name} must be a number like 24 or 0.5, not {_shown(text, knob)}.")
        return float(text)
    if isinstance(default, tuple):
        parts = tuple(part.strip() for part in text.split(",") if part.strip())
        if check == "countries" and not all(re.fullmatch(r"[A-Z]{2}", part) for part in parts):
            raise SettingsError(f"{name} must be ISO country codes like US,CA, not {_shown(text, knob)}.")
        if check == "addresses" and not all(_is_address(part) for part in parts):
            raise SettingsError(f"{name} must be IP addresses like 10.0.0.2, not {_shown(text, knob)}.")
        if check == "origins" and not all(_is_origin(part) for part in parts):
            raise SettingsError(
                f"{name} must be origins like https://app.example.com, not {_shown(text, knob)}."
            )
        return parts
    if isinstance(default, Path):
        return Path(text).expanduser()
    return _checked_text(name, text, check, knob)


def _in_range(name: str, number: int, check: str) -> int:
    low, high = {
        "port": (0, 65535),
        "positive": (1, 10**9),
        "natural": (0, 10**9),
        "percent": (0, 100),
        "days_kept": (0, 36500),
    }[check]
    if check == "days_kept" and 0 < number < 30:
        raise SettingsError(f"{name} must be 0, or at least 30, so that repeats are known, not {number}.")
    if not low <= number <= high:
        raise SettingsError(f"{name} must be between {low} and {high}, not {number}.")
    return number


def _checked_text(name: str, text: str, check: str, knob: dataclasses.Field[Any]) -> str:
    if check == "url":
        if not _is_url(text, "http", "https"):
            raise SettingsError(
                f"{name} must be a URL like https://api.example.com, not {_shown(text, knob)}."
            )
    elif check == "smtp":
        if not _is_url(text, "smtp", "smtps"):
            raise SettingsError(f"{name} must be a URL like smtp://user:password@mail.example.com:587.")
    elif check == "phone":
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", text):
            raise SettingsError(f"{name} must be a number like +12025550100, not {_shown(text, knob)}.")
    elif check == "AC":
        if not re.fullmatch(r"AC[0-9A-Za-z]{2,64}", text):
            raise SettingsError(f"{name} must be the account SID that Twilio shows, which begins with AC.")
    elif check == "host":
        if not _is_host(text):
            raise SettingsError(
                f"{name} must be a host name like {knob.default}, without scheme, port or path, "
                f"not {_shown(text, knob)}."
            )
    elif check == "mongo" and not re.fullmatch(r"mongodb(\+srv)?://[^/]+/[^?/]+(\?.*)?", text):
        raise SettingsError(f"{name} must be a mongodb:// URI with a database name at its end.")
    return text


def _is_url(text: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in schemes
            and bool(parts.hostname)
            and not (parts.query or parts.fragment)
            and parts.port != 0
        )
    except ValueError:  # an impossible port or a bracket too few
        return False


def _is_host(text: str) -> bool:
    label = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    return len(text) <= 253 and re.fullmatch(rf"{label}(\.{label})*", text) is not None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_origin(text: str) -> bool:
    return _is_url(text, "http", "https") and urlsplit(text).path in ("", "/")


def _shown(text: str, knob: dataclasses.Field[Any]) -> str:
    return "what it is" if knob.metadata["secret"] else repr(text[:80])


def example_file() -> str:
    """The commented example of every setting, as `thserver settings` prints it."""
    lines = [
        "# Settings of thserver: copy to .env and change what you need. Generated by `thserver settings`.",
        "",
    ]
    for knob in dataclasses.fields(Settings):
        default = knob.default
        shown = ",".join(default) if isinstance(default, tuple) else str(default)
        lines += [f"# {knob.metadata['help']}", f"#{knob.name.upper()}={shown}", ""]
    return "\n".join(lines)
