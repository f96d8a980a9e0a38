"""Uploaded pictures over HTTP: headers, caching, what is unknown, and readers that are slow or gone."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from store.database import Database
from tests.cases import each_case
from tests.clients.http import Api
from tests.pictures import picture
from thserver.domain.media import Image
from thserver.services.all import Services


@pytest.fixture
def path(services: Services, io_loop: object) -> str:
    async def make() -> Image:
        return await services.media.store_image(picture(size=(400, 300)), owner_id=1, purpose="logo")

    return io_loop.run_sync(make).url_path  # type: ignore[attr-defined]


async def test_a_picture_is_served_for_ever_and_harmlessly(api: Api, path: str) -> None:
    answer = await api("GET", path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{path.rpartition("/")[2]}"'
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Content-Length"] == str(len(answer.raw))
    assert answer.headers["ETag"]
    assert "Set-Cookie" not in answer.headers


async def test_head_answers_like_get_without_the_body(api: Api, path: str) -> None:
    whole = await api("GET", path)
    head = await api("HEAD", path)
    assert head.status == 200
    assert head.raw == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Cache-Control"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"other", {0}', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_has_it_already_gets_304(api: Api, path: str, method: str, form: str) -> None:
    tag = (await api("GET", path)).headers["ETag"]
    answer = await api(method, path, headers={"If-None-Match": form.format(tag)})
    assert answer.status == 304
    assert answer.raw == b""
    assert answer.headers["ETag"] == tag


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"another"'},
        {"If-None-Match": "no tag at all"},
        {"If-Modified-Since": "not a date"},
        {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"Range": "bytes=0-1000000000000"},
        {"Authorization": "Token wrong"},
    ],
)
async def test_other_headers_change_nothing(api: Api, path: str, headers: dict[str, str]) -> None:
    answer = await api("GET", path, headers=headers)
    assert answer.status == 200
    assert answer.raw[:2] == b"\xff\xd8"


@each_case(
    "name",
    [
        "",
        "x",
        "0" * 32,
        "0" * 32 + ".jpg",
        "0" * 32 + "-thumb.jpg",
        "0" * 32 + ".html",
        "0" * 31 + ".jpg",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "%ff",
        "x" * 10_000,
    ],
)
async def test_what_is_unknown_is_not_found(api: Api, path: str, name: str) -> None:
    answer = await api("GET", f"/media/{name}")
    assert (answer.status, answer.body) == (404, {"detail": "Not found."})
    assert answer.headers["Cache-Control"] == "no-store"
    head = await api("HEAD", f"/media/{name}")
    assert head.status == 404


async def test_pictures_can_only_be_read(api: Api, path: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await api(method, path, {})).status == 405


async def test_a_picture_whose_bytes_are_gone_is_not_found(api: Api, path: str, database: Database) -> None:
    await database.media_chunks._collection.delete_many({})
    # The answer had begun when this was found out, so the connection ends; or there is none to be given.
    answer = await api("GET", path)
    assert answer.status in (404, 599)


async def test_a_reader_who_leaves_does_no_harm(
    api: Api, path: str, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    parts = urlsplit(api.base_url)
    for _ in range(5):
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await writer.drain()
        writer.transport.abort()
    assert (await api("GET", path)).status == 200
    assert "Traceback" not in caplog.text


async def test_many_readers_at_once_are_served(api: Api, path: str) -> None:
    answers = await asyncio.gather(*(api("GET", path) for _ in range(50)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.raw for answer in answers}) == 1
