# SPDX-License-Identifier: EUPL-1.2
"""A store that speaks S3, as other people make it (SeaweedFS), and a source that stands in it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import obstore
from obstore.store import S3Store
from tests.ports import free_ports

READER, OWNER = ("lezer", "geheim-van-lezer"), ("beheer", "geheim-van-beheer")
BUCKET = "uitwisseling"
_READY_SECONDS = 60.0


def identities() -> dict[str, object]:
    """Who may read one bucket, and who may do everything."""
    return {
        "identities": [
            {
                "name": name,
                "credentials": [{"accessKey": name, "secretKey": secret}],
                "actions": actions,
            }
            for (name, secret), actions in (
                (READER, [f"Read:{BUCKET}", f"List:{BUCKET}"]),
                (OWNER, ["Admin", "Read", "Write", "List"]),
            )
        ]
    }


@contextmanager
def running_store(folder: Path) -> Iterator[str]:
    """The address of a store that keeps its data in the folder; ended at the end."""
    (folder / "wie.json").write_text(json.dumps(identities()))
    (folder / "data").mkdir()
    master, volume, filer, s3, *more = free_ports(8)
    command = [
        str(Path(sys.executable).with_name("weed")), "server", f"-dir={folder / 'data'}",
        "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.port.iceberg=0",
        f"-master.port={master}", f"-master.port.grpc={more[0]}", f"-volume.port={volume}",
        f"-volume.port.grpc={more[1]}", f"-filer.port={filer}", f"-filer.port.grpc={more[2]}",
        f"-s3.port={s3}", f"-s3.port.grpc={more[3]}", f"-s3.config={folder / 'wie.json'}",
        "-master.volumeSizeLimitMB=64", "-volume.max=8",
    ]  # fmt: skip
    with (folder / "store.log").open("wb") as told:
        process = subprocess.Popen(command, stdout=told, stderr=told, cwd=folder)
    address = f"http://127.0.0.1:{s3}"
    try:
        _wait(process, address, folder / "store.log")
        yield address
    finally:
        process.kill()  # asked kindly it takes half a minute, and what it keeps is thrown away
        process.wait(timeout=40)


def _wait(process: subprocess.Popen[bytes], address: str, told: Path) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):  # noqa: S310  # our own
                break
        except urllib.error.HTTPError:
            break  # it answers
        except OSError:
            time.sleep(0.1)
    else:
        raise RuntimeError(f"the store is not ready:\n{told.read_text()[-2_000:]}")
    while time.monotonic() < ends:
        try:
            put(address, "gereed", b"ja")
        except obstore.exceptions.BaseError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"nothing can be put in the store:\n{told.read_text()[-2_000:]}")


def put(address: str, key: str, content: bytes) -> None:
    """Put an object in the bucket, as who keeps it."""
    obstore.put(_owned(address), key, content)


def remove(address: str, key: str) -> None:
    """Take an object out of the bucket."""
    obstore.delete(_owned(address), key)


def _owned(address: str) -> S3Store:
    return S3Store(
        BUCKET,
        endpoint=address,
        region="us-east-1",
        access_key_id=OWNER[0],
        secret_access_key=OWNER[1],
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


def stored(address: str, key: str, form: str, more: str = "", **changed: str) -> str:
    """The lines of a declaration for a file in the store."""
    store = {"adres": address, "emmer": BUCKET, "sleutel": "s3-sleutel", "kijkt_elke_s": "1"}
    inner = ", ".join(f"{name}: {value}" for name, value in {**store, **changed}.items())
    lines = ["soort: bestand", f"pad: {key}", f"vorm: {form}", f"opslag: {{{inner}}}", more]
    return "".join(f"    {line}\n" for line in lines if line)


def key_file(folder: Path, identity: str, secret: str) -> None:
    """The key with which the store is asked."""
    (folder / "s3-sleutel").write_text(f"{identity}\n{secret}\n")
