"""The client examples in `docs/clients/` do what their README says, each in a process of its own against a service on a socket."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.openapi.contracts import CONTRACTS
from tests.service_in_thread import service_in_thread

CLIENTS = Path(__file__).parent.parent / "docs" / "clients"
LINES = 40
AN_HOUR = r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z"
PRINTS = {
    "heroes": r"""
Hanna Berg: Make a service that survives a crash, \$1\.50 a minute
Call request \d+, 30 minutes: open
""",
    "mentors": rf"""
Maya Singh: Databases, Go
{AN_HOUR}, 30 minutes with Maya Singh: Pending
""",
    "experts": rf"""
Ada has [0-4] credits
The same again with Ivan Moreau at {AN_HOUR}: pending
""",
    "circles": r"""
Wilma Stone has named
  Nina Falk: trusted_friend, accepted
  Otto Lang: trusted_friend, accepted
  Pia Holm: lifelink, accepted
Otto Lang was named by
  August Stone, passed away; farewell at Old Chapel, Elm Street
  Wilma Stone
""",
    "gatherings": r"""
Signed in, with 2 contacts: Sam Okoye, Yuki Mori
Who brings the cake\? A gathering of 3, mine
""",
}


@pytest.fixture(scope="module")
def address(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with service_in_thread(mongo_uri, tmp_path_factory.mktemp("service")) as service:
        yield service.url


@pytest.fixture(scope="module", params=["py", "mjs"])
def language(request: pytest.FixtureRequest) -> str:
    if request.param == "mjs" and shutil.which("node") is None:
        reason = "there is no Node.js: install it (apt-get install nodejs) to run the examples in JavaScript"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return str(request.param)


def run(contract: str, language: str, address: str) -> subprocess.CompletedProcess[str]:
    command = sys.executable if language == "py" else shutil.which("node")
    assert command is not None
    return subprocess.run(
        [command, CLIENTS / f"{contract}.{language}", address],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("contract", PRINTS)
def test_an_example_does_what_it_is_there_for(contract: str, language: str, address: str) -> None:
    done = run(contract, language, address)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(PRINTS[contract].lstrip(), done.stdout), done.stdout


def test_a_refusal_is_said(language: str, address: str) -> None:
    done = run("heroes", language, f"{address}/elsewhere")
    assert done.returncode == 1
    assert "POST /accounts/login/: 404" in done.stderr


def test_each_contract_has_a_short_example_in_both_languages() -> None:
    for contract in CONTRACTS:
        for language in ("py", "mjs"):
            example = CLIENTS / f"{contract.name}.{language}"
            lines = [line for line in example.read_text("utf-8").splitlines() if line.strip()]
            assert len(lines) <= LINES, example.name
    assert {each.stem for each in CLIENTS.glob("*.*js")} == set(PRINTS)
