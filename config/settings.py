"""Every knob of the service: name, type, default and one line of help; the only reader of the environment.

Settings come from environment variables, then `.env`, then the default. Secrets have no default outside
DEBUG and hide themselves in `repr`. `thserver settings` prints this list as a commented example file.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from config.values import SettingsError, parse

DEVELOPMENT_SECRET = "development-only-secret-key-never-for-production"


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
            found[knob.name] = parse(name, values[name].strip(), knob)
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
