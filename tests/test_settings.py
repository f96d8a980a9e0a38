"""Settings: read from the environment and .env, refused in one sentence that names the variable, silent about secrets."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from config.settings import DEVELOPMENT_SECRET, Settings, example_file, load
from config.values import SettingsError

ROOT = Path(__file__).parent.parent
DOCUMENTED = re.findall(
    r"\w+",
    """
    SECRET_KEY DEBUG ADDRESS PORT DATA_DIR DATABASE_URL PUBLIC_URL WEB_DOMAIN API_DOMAIN TRUSTED_PROXIES
    TWILIO_ACCOUNT_ID TWILIO_API_TOKEN TWILIO_NUMBER CONFERENCE_NUMBER TWILIO_API_BASE
    STRIPE_TEST_SECRET_KEY STRIPE_TEST_PUB_KEY STRIPE_LIVE_SECRET_KEY STRIPE_LIVE_PUB_KEY STRIPE_API_BASE
    STRIPE_WEBHOOK_SECRET SMTP_URL SERVER_EMAIL AWS_ACCESS_KEY AWS_SECRET_KEY AWS_REGION
    SMS_REMINDER_TIME_IN_MIN MAX_CONFERENCE_CALL_TIME_IN_MIN ALLOWED_CANCELATIONS CANCELATION_FEE_IN_CENTS
    AUTH_TOKEN_EXP_IN_DAYS VERIFICATION_TOKEN_EXP_IN_DAYS PLATFORM_FEE_PERCENT ADMIT_BEFORE_MIN ADMIT_AFTER_MIN
    SMS_COUNTRIES LIMIT_CODES_PER_PHONE_HOUR LIMIT_CODES_PER_ADDRESS_HOUR LIMIT_CODES_ALL_HOUR
    LIMIT_AUTH_PER_ADDRESS_MIN LIMIT_REQUESTS_PER_PERSON_MIN
    """,
)
SECRET = {"SECRET_KEY": "0123456789abcdef"}


def settings(**values: str) -> Settings:
    return load({**SECRET, **values}, dotenv=None)


def refusal(values: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(values, dotenv=None)
    return str(caught.value)


def test_every_documented_setting_exists() -> None:
    known = {knob.name.upper() for knob in dataclasses.fields(Settings)}
    assert set(DOCUMENTED) <= known


def test_every_setting_has_a_line_of_help() -> None:
    for knob in dataclasses.fields(Settings):
        assert re.fullmatch(r"\S.*\.", knob.metadata["help"]), knob.name


def test_the_example_file_is_what_the_settings_say() -> None:
    assert (ROOT / "config" / "settings.example.env").read_text("utf-8") == example_file()


def test_the_example_file_changes_nothing_when_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(example_file(), "utf-8")
    assert load(SECRET, dotenv=tmp_path / ".env") == settings()


def test_the_example_file_is_read_back_as_the_defaults_when_uncommented(tmp_path: Path) -> None:
    uncommented = re.sub(r"^#([A-Z])", r"\1", example_file(), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(uncommented, "utf-8")
    assert load(SECRET, dotenv=tmp_path / ".env") == settings()


def test_the_environment_comes_before_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1111\nADMIT_BEFORE_MIN=3\n", "utf-8")
    found = load({**SECRET, "PORT": "2222"}, dotenv=tmp_path / ".env")
    assert (found.port, found.admit_before_min) == (2222, 3)


def test_an_env_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\xfe\n")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(SECRET, dotenv=tmp_path / ".env")


def test_an_empty_variable_is_the_default() -> None:
    assert settings(PORT="", TWILIO_API_TOKEN=" ").port == 8888


def test_without_secret_key_nothing_starts_outside_development() -> None:
    assert "SECRET_KEY" in refusal({})
    assert "SECRET_KEY" in refusal({"SECRET_KEY": "short"})
    assert load({"DEBUG": "True"}, dotenv=None).secret_key == DEVELOPMENT_SECRET


@pytest.mark.parametrize(
    ("environment", "env_file", "debug"),
    [
        ({}, "", True),
        ({"DEBUG": ""}, "", True),
        ({**SECRET, "DEBUG": "False"}, "", False),
        (SECRET, "DEBUG=False\n", False),
        ({**SECRET, "DEBUG": "True"}, "DEBUG=False\n", True),
    ],
)
def test_development_turns_debug_on_only_where_nobody_said_otherwise(
    environment: dict[str, str], env_file: str, debug: bool, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(env_file, "utf-8")
    assert load(environment, dotenv=tmp_path / ".env", development=True).debug is debug


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("DATABASE_URL", "mongodb://localhost:27017"),
        ("DATABASE_URL", "postgres://localhost/x"),
        ("PUBLIC_URL", "example.com"),
        ("PUBLIC_URL", "ftp://example.com"),
        ("PUBLIC_URL", "http://example.com:99999"),
        ("PUBLIC_URL", "http://[::1"),
        ("TWILIO_ACCOUNT_ID", "XX123"),
        ("TWILIO_NUMBER", "202-555-0199"),
        ("CONFERENCE_NUMBER", "12025550100"),
        ("TWILIO_API_BASE", "localhost:9000"),
        ("STRIPE_API_BASE", "nonsense"),
        ("SMTP_URL", "mail.example.com"),
        ("SMS_REMINDER_TIME_IN_MIN", "0"),
        ("ALLOWED_CANCELATIONS", "-1"),
        ("CANCELATION_FEE_IN_CENTS", "5.00"),
        ("PLATFORM_FEE_PERCENT", "101"),
        ("SMS_COUNTRIES", "USA"),
        ("TRUSTED_PROXIES", "proxy.example.com"),
        ("WEB_DOMAIN", "a b"),
        ("WEB_DOMAIN", "https://www.example.com"),
        ("WEB_DOMAIN", "www.example.com/path"),
        ("WEB_DOMAIN", "-x.example.com"),
        ("WEB_DOMAIN", f"{'x' * 64}.example.com"),
        ("API_DOMAIN", "api..example.com"),
        ("API_DOMAIN", "api.example.com:8888"),
        ("API_DOMAIN", "api.example.com\nBcc: x"),
        ("AWS_REGION", "us east"),
        ("LIMIT_CODES_PER_PHONE_HOUR", "many"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable(name: str, value: str) -> None:
    said = refusal({**SECRET, name: value})
    assert said.startswith(name)
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"TWILIO_ACCOUNT_ID": "AC123"}, "TWILIO_API_TOKEN"),
        ({"TWILIO_API_TOKEN": "token"}, "TWILIO_ACCOUNT_ID"),
        ({"AWS_ACCESS_KEY": "key"}, "AWS_SECRET_KEY"),
        ({"AWS_SECRET_KEY": "key"}, "AWS_ACCESS_KEY"),
    ],
)
def test_half_of_a_pair_names_the_other_half(given: dict[str, str], missing: str) -> None:
    assert refusal({**SECRET, **given}).startswith(missing)


@pytest.mark.parametrize("name", ["localhost", "www.example.com", "xn--bcher-kva.example", "10.0.0.2"])
def test_a_host_name_is_taken_as_it_is(name: str) -> None:
    assert settings(WEB_DOMAIN=name, API_DOMAIN=name).web_domain == name


def test_secrets_are_not_in_the_repr_nor_in_a_refusal() -> None:
    secrets = {
        "SECRET_KEY": "hush-hush-hush-hush",
        "TWILIO_ACCOUNT_ID": "AC123",
        "TWILIO_API_TOKEN": "hush-token",
        "DATABASE_URL": "mongodb://me:hush-word@localhost/thserver",
        "STRIPE_LIVE_SECRET_KEY": "sk_live_hush",
        "STRIPE_WEBHOOK_SECRET": "whsec_hush",
        "SMTP_URL": "smtp://me:hush@localhost:25",
    }
    assert "hush" not in repr(load(secrets, dotenv=None))
    assert "hush" not in refusal({**SECRET, "DATABASE_URL": "mongodb://me:hush@localhost"})


def test_the_simulated_parts_are_those_without_an_account() -> None:
    assert settings().carrier_is_simulated
    assert settings().payments_are_simulated
    assert settings().mail_is_simulated
    real = settings(
        TWILIO_ACCOUNT_ID="AC123",
        TWILIO_API_TOKEN="one,two",
        STRIPE_LIVE_SECRET_KEY="sk_live_1",
        SMTP_URL="smtp://localhost:25",
    )
    assert real.twilio_api_token == ("one", "two")
    assert not real.carrier_is_simulated
    assert not real.payments_are_simulated
    assert not real.mail_is_simulated


def test_test_keys_count_in_development_only() -> None:
    keys = {"STRIPE_TEST_SECRET_KEY": "sk_test_1", "STRIPE_LIVE_SECRET_KEY": "sk_live_1"}
    assert settings(**keys).stripe_secret_key == "sk_live_1"
    assert settings(**keys, DEBUG="yes").stripe_secret_key == "sk_test_1"


def test_the_public_url_follows_the_address_unless_it_is_given() -> None:
    assert settings(PORT="9000").base_url == "http://127.0.0.1:9000"
    assert dataclasses.replace(settings(PORT="0"), port=4711).base_url == "http://127.0.0.1:4711"
    assert settings(PUBLIC_URL="https://calls.example.com/").base_url == "https://calls.example.com"
