# SPDX-License-Identifier: EUPL-1.2
"""A file in a store that speaks S3: every form, followed when it changes, and each way to fail.

The other side is SeaweedFS; what it does not do by itself (slow, half an answer) a server of the
tests does.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from tests.integration.other_rig import asked, declared, door, values
from tests.integration.store_rig import (
    READER,
    key_file,
    put,
    remove,
    running_store,
    stored,
)
from tests.integration.test_files import MORE, WRITERS
from tests.ports import free_port

from landschap.integration.connectors.bulk.scanning import Scan, scanned
from landschap.integration.connectors.discovery import discovered
from landschap.integration.connectors.health import look_at
from landschap.integration.connectors.object_store import remove_left
from landschap.integration.connectors.opening import Surroundings
from landschap.integration.mistakes import DeclarationError
from landschap.integration.rows import Connector, Reason, SourceFailed

CSV = "csv: {scheiding: ';', aanhaling: '\"', codering: utf-8}"


def around(folder: Path) -> Surroundings:
    return Surroundings(secrets=folder, folder=folder, snapshots=folder / "momentopnamen")


async def streets(made: Connector, key: str = "a1") -> list[object]:
    found = await made.rows(asked(key, columns=["straat"], by="id"))
    return [row["straat"] for row in values(found)]


def left(folder: Path) -> list[str]:
    """What is left of objects that were fetched."""
    return [each.name for each in (folder / "momentopnamen").glob(".*")]


async def told(made: Connector) -> list[object] | Reason:
    """What it answers, or why it does not."""
    try:
        return await streets(made)
    except SourceFailed as failed:
        return failed.reason


async def until(made: Connector, wanted: list[object] | Reason) -> None:
    for _ in range(800):
        if (seen := await told(made)) == wanted:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"still {seen}, and not {wanted}")


# A store as other people make it.
@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_store(tmp_path_factory.mktemp("opslag")) as address:
        yield address


@pytest.mark.long
@pytest.mark.parametrize("form", WRITERS)
async def test_every_form_is_read_from_the_store(store: str, form: str, tmp_path: Path) -> None:
    WRITERS[form](tmp_path / "bron")
    put(store, f"map/bron {form}", (tmp_path / "bron").read_bytes())
    key_file(tmp_path, *READER)
    declaration = declared(stored(store, f"map/bron {form}", form, MORE.get(form, "")), column="id")
    made = door(declaration, tmp_path)
    assert await streets(made) == ["Hoogstraat"]
    assert await streets(made, "a2") == ['De "Grote" weg; noord', "Zijweg"]
    assert left(tmp_path) == []
    [seen] = await look_at(declaration, around(tmp_path))
    assert seen.well, seen.detail
    assert seen.detail.startswith("3 rows")
    columns = await discovered(declaration, around(tmp_path))
    assert "straat" in columns["bron"].names
    source = declaration.sources["bron"]
    moment = asked("a1", columns=["straat"], by="id").moment
    scan = Scan(source=source, by="id", columns=("straat",), moment=moment)
    rows = [row.id async for part in scanned(scan, around(tmp_path), {}) for row in part]
    assert rows == ["a1", "a2", "a2"]
    assert left(tmp_path) == []


@pytest.mark.long
async def test_a_changed_object_is_seen_and_one_that_is_gone_leaves_the_former_state(
    store: str, tmp_path: Path
) -> None:
    put(store, "volgt.csv", b"id;straat\na1;Eerst\n")
    key_file(tmp_path, *READER)
    made = door(declared(stored(store, "volgt.csv", "csv", CSV), column="id"), tmp_path)
    assert await streets(made) == ["Eerst"]
    # As long, and perhaps within the same second: by its entity tag it is another one.
    put(store, "volgt.csv", b"id;straat\na1;Later\n")
    await until(made, ["Later"])
    remove(store, "volgt.csv")
    await asyncio.sleep(1.1)
    assert await streets(made) == ["Later"]
    put(store, "volgt.csv", b"id;straat\na1;Terug\n")
    await until(made, ["Terug"])
    snapshots = list((tmp_path / "momentopnamen").glob("*.momentopname"))
    assert len(snapshots) == 1


@pytest.mark.long
async def test_a_key_that_is_refused_ends_the_answers_and_a_new_one_brings_them_back(
    store: str, tmp_path: Path
) -> None:
    put(store, "recht.csv", b"id;straat\na1;Zichtbaar\n")
    key_file(tmp_path, *READER)
    made = door(declared(stored(store, "recht.csv", "csv", CSV), column="id"), tmp_path)
    assert await streets(made) == ["Zichtbaar"]
    key_file(tmp_path, READER[0], "een-ander-geheim")
    await until(made, Reason.REFUSED)
    key_file(tmp_path, *READER)
    await until(made, ["Zichtbaar"])


@pytest.mark.long
@pytest.mark.parametrize(
    ("key", "changed", "reason", "words"),
    [
        ("weg.csv", {}, Reason.UNREADABLE, "no such object in bucket uitwisseling"),
        ("recht.csv", {"emmer": "andere"}, Reason.REFUSED, "refuses the key in s3-sleutel"),
        ("groot.csv", {"hoogstens_bytes": "1000"}, Reason.TOO_LARGE, "is over 1000 bytes"),
        ("geen.csv", {}, Reason.UNREADABLE, "no column 'id'"),
    ],
)
async def test_what_the_store_refuses_has_a_name(
    store: str, tmp_path: Path, key: str, changed: dict[str, str], reason: Reason, words: str
) -> None:
    put(store, "recht.csv", b"id;straat\na1;Zichtbaar\n")
    put(store, "groot.csv", b"id;straat\n" + b"a1;Lang\n" * 200)
    put(store, "geen.csv", b"nummer;straat\na1;Lang\n")
    key_file(tmp_path, *READER)
    declaration = declared(stored(store, key, "csv", CSV, **changed), column="id")
    assert await told(door(declaration, tmp_path)) is reason
    [seen] = await look_at(declaration, around(tmp_path))
    assert not seen.well
    assert words in seen.detail
    assert READER[1] not in seen.detail
    assert left(tmp_path) == []


# What a good store does not do.
@asynccontextmanager
async def faulty(
    way: str, heard: list[web.BaseRequest] | None = None, to: str = ""
) -> AsyncIterator[str]:
    """The address of a store that fails in this way, or sends ``to`` elsewhere; what it is asked
    goes in ``heard``.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        if heard is not None:
            heard.append(request)
        headers = {"ETag": '"een"', "Last-Modified": "Mon, 30 Nov 2026 10:00:00 GMT"}
        if way == "storing":
            return web.Response(status=503)
        if way == "elders":
            return web.Response(status=307, headers={"Location": to})
        size = 900 if way == "half" else 20_000_000
        given = web.StreamResponse(headers={**headers, "Content-Length": str(size)})
        await given.prepare(request)
        if request.method == "HEAD":
            return given
        if way == "half":
            await given.write(b"id;straat\n")
            assert request.transport is not None
            request.transport.abort()
        if way == "traag":
            for _ in range(400):
                await given.write(b"a1;Lang\n")
                await asyncio.sleep(0.1)
        return given

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("way", "changed", "reasons"),
    [
        ("traag", {"ophalen_s": "1"}, {Reason.TOO_LATE}),
        ("storing", {}, {Reason.UNREACHABLE}),
        ("half", {}, {Reason.UNREACHABLE, Reason.UNREADABLE}),
        ("groot", {"hoogstens_bytes": "1000000"}, {Reason.TOO_LARGE}),
    ],
)
async def test_a_store_that_fails_is_a_failure_with_a_name(
    way: str, changed: dict[str, str], reasons: set[Reason], tmp_path: Path
) -> None:
    key_file(tmp_path, *READER)
    async with faulty(way) as address:
        declaration = declared(stored(address, "a.csv", "csv", CSV, **changed), column="id")
        assert await told(door(declaration, tmp_path)) in reasons
    assert left(tmp_path) == []


async def test_a_store_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    key_file(tmp_path, *READER)
    address = f"http://127.0.0.1:{free_port()}"
    declaration = declared(stored(address, "a.csv", "csv", CSV), column="id")
    assert await told(door(declaration, tmp_path)) is Reason.UNREACHABLE


async def test_nothing_of_the_environment_goes_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_SESSION_TOKEN": "van-elders", "AWS_ENDPOINT": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "ander", "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    key_file(tmp_path, *READER)
    heard: list[web.BaseRequest] = []
    async with faulty("storing", heard) as address:
        declaration = declared(stored(address, "a.csv", "csv", CSV), column="id")
        assert await told(door(declaration, tmp_path)) is Reason.UNREACHABLE
    assert heard, "a proxy was asked"
    for each in heard:
        assert "x-amz-security-token" not in each.headers
        assert f"Credential={READER[0]}/" in each.headers["authorization"]


async def test_who_stops_while_an_object_is_fetched_is_stopped_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    key_file(tmp_path, *READER)
    async with faulty("traag") as address:
        lines = stored(address, "a.csv", "csv", CSV, ophalen_s="1")
        source = declared(lines, column="id").sources["bron"]
        moment = asked("a1", columns=["straat"], by="id").moment
        scan = Scan(source=source, by="id", columns=("straat",), moment=moment)

        async def read() -> None:
            async for _ in scanned(scan, around(tmp_path), {}):
                pass

        reading = asyncio.create_task(read())
        async with asyncio.timeout(40):
            while not left(tmp_path):  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        async with asyncio.timeout(40):
            while left(tmp_path):  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(("host", "asked_there"), [("localhost", False), ("127.0.0.1", True)])
async def test_a_store_can_not_send_us_to_another_host_nor_our_key_anywhere(
    host: str, asked_there: bool, tmp_path: Path
) -> None:
    key_file(tmp_path, *READER)
    heard: list[web.BaseRequest] = []
    async with faulty("storing", heard) as elsewhere:
        there = f"http://{host}:{elsewhere.rpartition(':')[2]}/binnen"
        async with faulty("elders", to=there) as address:
            declaration = declared(stored(address, "a.csv", "csv", CSV), column="id")
            assert await told(door(declaration, tmp_path)) is Reason.UNREACHABLE
    assert bool(heard) is asked_there
    assert not any("authorization" in each.headers for each in heard)


def test_the_key_of_a_store_is_two_lines(tmp_path: Path) -> None:
    declaration = declared(stored("https://s3.example.nl", "a.csv", "csv", CSV), column="id")
    with pytest.raises(FileNotFoundError):
        door(declaration, tmp_path)
    (tmp_path / "s3-sleutel").write_text("een regel met te veel woorden")
    with pytest.raises(ValueError, match="s3-sleutel must hold two lines") as error:
        door(declaration, tmp_path)
    assert "te veel" not in str(error.value)


def test_what_a_killed_process_left_is_removed_and_what_is_read_now_is_not(
    tmp_path: Path,
) -> None:
    for name in ("dood", "leeft", "begint"):
        folder = tmp_path / f".opgehaald-{name}"
        folder.mkdir()
        (folder / "bron.csv").write_text("iets")
        (folder / "slot").touch()
        if name != "begint":
            os.utime(folder, (time.time() - 120,) * 2)
    with (tmp_path / ".opgehaald-leeft" / "slot").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        remove_left(tmp_path)
    kept = sorted(each.name for each in tmp_path.iterdir())
    assert kept == [".opgehaald-begint", ".opgehaald-leeft"]


@pytest.mark.parametrize(
    ("key", "changed", "words"),
    [
        ("../buiten.csv", {}, "must be the key of an object"),
        ("a.csv", {"adres": "https://s3.example.nl/emmer"}, "the address of the store alone"),
        ("a.csv", {"adres": "https://naam:geheim@s3.example.nl"}, "the address of the store alone"),
        ("a.csv", {"emmer": "Emmer_1"}, "must be the name of a bucket"),
        ("a.csv", {"sleutel": "'AKIA geheim'"}, "put the secret in there"),
        ("a.csv", {"emer": "x"}, "emer"),
    ],
)
def test_mistakes_about_a_store_are_named(key: str, changed: dict[str, str], words: str) -> None:
    with pytest.raises(DeclarationError, match=words) as error:
        declared(stored("https://s3.example.nl", key, "csv", CSV, **changed), column="id")
    assert "geheim@" not in str(error.value)
