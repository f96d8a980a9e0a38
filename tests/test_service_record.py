"""What a running service leaves in its data folder for other commands: above all, which companies are real to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import load
from store.data_folder import read_record
from thserver.serve import _write_record

TWILIO = {"TWILIO_ACCOUNT_ID": "AC0123456789", "TWILIO_API_TOKEN": "a-token"}
STRIPE = {"STRIPE_TEST_SECRET_KEY": "sk_test_1"}
MAIL = {"SMTP_URL": "smtp://mail.example.com"}


@pytest.mark.parametrize(
    ("real", "companies"),
    [
        ({}, []),
        (TWILIO, ["phone company"]),
        (STRIPE | MAIL, ["card company", "mail"]),
        (TWILIO | STRIPE | MAIL, ["phone company", "card company", "mail"]),
    ],
)
def test_it_says_which_companies_are_real_and_no_secret(
    tmp_path: Path, real: dict[str, str], companies: list[str]
) -> None:
    given = {"DEBUG": "True", "SECRET_KEY": "a-secret-for-tests-only", "DATA_DIR": str(tmp_path), **real}
    _write_record(load(given, dotenv=None))
    record = read_record(tmp_path)
    assert record["real_companies"] == companies
    assert record["development"] is True
    assert not {"a-token", "sk_test_1", "a-secret-for-tests-only"} & set(map(str, record.values()))
