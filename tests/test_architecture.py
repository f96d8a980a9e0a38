"""The arrows of the house: who may import whom, and which folder alone knows each foreign thing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("config", "handlers", "scheduler", "store", "thserver", "twiml")
OUTERMOST = {
    f"thserver/{name}"
    for name in (
        "__main__.py",
        "application.py",
        "companies.py",
        "http_server.py",
        "serve.py",
        "storage.py",
        "wiring.py",
    )
}

# What each place may import of ours; the outermost files may import everything.
MAY_IMPORT = {
    "config": ("config",),
    "thserver/domain": ("thserver.domain",),
    "thserver/wording": ("thserver.domain", "thserver.wording"),
    "thserver/gateways": ("thserver.domain", "thserver.gateways"),
    "store": ("store", "thserver.domain"),
    "thserver/services": (
        "store",
        "thserver.domain",
        "thserver.gateways",
        "thserver.kill_points",
        "thserver.metrics",
        "thserver.sealing",
        "thserver.services",
        "thserver.wording",
    ),
    "twiml": ("twiml", "thserver.domain", "thserver.wording"),
    "handlers": ("handlers", "thserver.domain", "thserver.logs", "thserver.metrics", "thserver.services"),
    # Its pages say times as letters and texts do.
    "handlers/console": (
        "handlers",
        "thserver.domain",
        "thserver.logs",
        "thserver.metrics",
        "thserver.services",
        "thserver.wording",
    ),
    "handlers/phone": ("handlers", "thserver.domain", "thserver.metrics", "thserver.services", "twiml"),
    "scheduler": ("scheduler", "thserver.domain", "thserver.metrics", "thserver.services"),
}

# Foreign packages that only these places may know.
KNOWN_BY = {
    "pymongo": ("store",),
    "motor": ("store",),
    "bson": ("store",),
    "gridfs": ("store",),
    "apscheduler": ("scheduler",),
    "stripe": ("thserver/gateways",),
    "twilio": ("thserver/gateways", "twiml", "handlers/phone"),
    "tornado": ("handlers", "scheduler", "thserver/commands"),
    "dotenv": ("config", "thserver/commands"),
    "aiosmtplib": ("thserver/gateways",),
    "icalendar": ("thserver/wording",),
    "argon2": ("thserver/gateways",),
    "apispec": ("handlers/openapi",),
}


def sources() -> Iterator[tuple[str, Path]]:
    for top in OURS:
        for path in sorted((ROOT / top).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path


def imports(path: Path) -> Iterator[str]:
    """Every module imported, but not what is imported for type checking only."""
    tree = ast.parse(path.read_text())
    typing_only = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def place_of(name: str) -> str:
    """The most particular place in MAY_IMPORT that holds this file."""
    fitting = [place for place in MAY_IMPORT if name.startswith(place + "/")]
    return max(fitting, key=len, default="")


def is_outermost(name: str) -> bool:
    return name in OUTERMOST or name.startswith("thserver/commands/")


@pytest.mark.parametrize("name", [name for name, _ in sources()])
def test_imports_follow_the_arrows(name: str) -> None:
    found = set(imports(ROOT / name))
    place = place_of(name)
    if place and not is_outermost(name):
        allowed = MAY_IMPORT[place]
        for module in found:
            if module.split(".")[0] in OURS:
                fits = any(module == each or module.startswith(each + ".") for each in allowed)
                assert fits or any(each.startswith(module + ".") for each in allowed), (
                    f"{name} imports {module}"
                )
    for module in found:
        knowers = KNOWN_BY.get(module.split(".")[0])
        if knowers is not None and not is_outermost(name):
            assert any(name.startswith(each + "/") for each in knowers), f"{name} imports {module}"


def test_no_contract_imports_another() -> None:
    contracts = {"heroes", "mentors", "experts", "circles", "gatherings"}
    for name, path in sources():
        parts = name.split("/")
        if parts[0] == "handlers" and parts[1] in contracts:
            for module in imports(path):
                other = module.split(".")
                assert not (
                    other[0] == "handlers" and len(other) > 1 and other[1] in contracts - {parts[1]}
                ), f"{name} imports {module}"


def test_only_the_settings_read_the_environment() -> None:
    for name, path in sources():
        if name.startswith("config/") or is_outermost(name):
            continue
        text = path.read_text()
        assert "os.environ" not in text, name
        assert "getenv" not in text, name


def test_importing_every_module_starts_nothing() -> None:
    import subprocess
    import sys

    modules = [
        name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        for name, _ in sources()
        if not name.endswith("__main__.py")
    ]
    code = (
        "import asyncio, threading, importlib\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "try:\n    asyncio.get_running_loop()\nexcept RuntimeError:\n    print('quiet')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:thserver", "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=50,
    )
    assert done.stdout.strip() == "quiet", done.stderr
