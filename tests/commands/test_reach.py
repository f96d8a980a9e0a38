"""Commands act with the same companies as the service whose data they act on."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.data_folder import amend_record
from tests.commands.conftest import Command


@pytest.mark.parametrize("words", [("resend",), ("jobs", "deliver-outbox"), ("recount",)])
async def test_no_simulated_company_takes_what_is_meant_for_the_service_s_real_one(
    command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    amend_record(tmp_path, real_companies=["phone company"])
    code, out, err = await command(*words)
    assert (code, out) == (2, "")
    assert "works with the real phone company, which the settings here do not name" in err
    assert err.count("\n") == 1


async def test_with_the_service_s_own_settings_a_command_acts(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: object
) -> None:
    amend_record(tmp_path, real_companies=["mail"])
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("SERVER_EMAIL", "us@example.com")
    assert (await command("resend"))[0] == 0
