# SPDX-License-Identifier: EUPL-1.2
"""The parts that only the benchmark has: the service behind all, bare carriers, the Go peer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agreed import Agreed
from landschap.cli.demo.landscape import SERVICE
from landschap.gateway.carrier import render
from landschap.gateway.plan import Listen, service_upstream_name
from landschap.gateway.store import Pools, carrier_plan
from landschap.platform import nginx, postgres
from landschap.platform.postgres.roles import ADMINISTRATOR, password_of
from landschap.platform.privileges import arrange

HERE = Path(__file__).parent
ANSWER_BYTES = 1114
GO_PACKAGES = Path("/usr/share/gocode")
# Where a distribution puts it; compiled for speed, which the packaged one is not.
DISTRIBUTION_NGINX = Path("/usr/sbin/nginx")


class NotReadyError(Exception):
    """A part did not start; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Running:
    """A part that runs: its process, and where it answers."""

    process: subprocess.Popen[bytes]
    address: str

    def stop(self) -> None:
        """Stop it and wait."""
        self.process.terminate()
        self.process.wait(timeout=20)


def service(folder: Path, settings: object, port: int) -> Running:
    """The service behind every door: one nginx that answers 1,114 bytes of JSON."""
    body = '{"situatie":"' + "x" * (ANSWER_BYTES - 15) + '"}'
    text = f"""
worker_processes 1; pid {folder}/service.pid; error_log {folder}/service.log warn; daemon off;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/s1;
  proxy_temp_path {folder}/s2; fastcgi_temp_path {folder}/s3; scgi_temp_path {folder}/s4;
  uwsgi_temp_path {folder}/s5;
  server {{ listen 127.0.0.1:{port}; default_type application/json;
    location / {{ return 200 '{body}'; }} }}
}}
"""
    file = folder / "service.conf"
    file.write_text(text)
    return _started([_nginx(settings), "-c", str(file)], f"127.0.0.1:{port}", folder / "service")


async def carrier(agreed: Agreed, folder: Path, listen: Listen, decider: Path | None) -> Running:
    """Weesp's Inway at another port: with another decider, or asking nobody at all."""
    settings = agreed.weesp
    pools = Pools(
        gateway=await postgres.pool(settings, "gateway", size=1),
        fsc=await postgres.pool(settings, "fsc", size=1),
        purposes=await postgres.pool(settings, "purposes", size=1),
    )
    user = arrange(settings).service
    program = nginx.program(settings)
    plan = await carrier_plan(
        settings,
        pools,
        nginx_version=program.version,
        worker_user=user.name if user else None,
    )
    for pool in (pools.gateway, pools.fsc, pools.purposes):
        await pool.close()
    assert plan.inway is not None
    folder.mkdir(mode=0o755, exist_ok=True)
    text = render(
        replace(
            plan,
            run=folder,
            logs=folder,
            decide_socket=decider or folder / "nobody.sock",
            manager=None,
            web=None,
            outway=None,
            open=None,
            decisions=None,
            inway=replace(plan.inway, listen=listen),
        )
    ).text
    if decider is None:
        text = _without_decision(text)
    file = folder / "nginx.conf"
    file.write_text(text)
    command = [_nginx(settings), "-c", str(file)]
    return _started(command, listen.text(), folder / "nginx")


def _without_decision(text: str) -> str:
    """The same configuration, with what the decider would answer written into it."""
    text = re.sub(r"^\s*auth_request(_set)? .*;\n", "", text, flags=re.MULTILINE)
    fixed = f'set $d_svc "{service_upstream_name(SERVICE)}"; set $d_base ""; set $d_permit "";'
    names = set(re.findall(r"\$(d_[a-z]+)", text)) - {"d_svc", "d_base", "d_permit"}
    fixed += "".join(f' set ${name} "";' for name in sorted(names))
    return re.sub(r"(\n    location / \{\n)", rf"\1      {fixed}\n", text, count=1)


def unrecorded(agreed: Agreed, folder: Path) -> tuple[Running, Path]:
    """A decider that records nothing, and its socket."""
    place = folder / "unrecorded.sock"
    command = [sys.executable, str(HERE / "unrecorded.py"), str(agreed.weesp.path), str(place)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    if process.stdout.readline() != b"ready\n":
        raise NotReadyError("the decider without record does not start")
    return Running(process, str(place)), place


def build(folder: Path) -> dict[str, Path]:
    """The load generator and the Go peer. Raises NotReadyError, naming what to install."""
    if shutil.which("go") is None:
        raise NotReadyError(
            "no Go here: nothing is measured. Install golang-go and "
            "golang-github-jackc-pgx-v4-dev (Debian), then ask again"
        )
    environment = {
        **os.environ,
        "GOPATH": str(GO_PACKAGES), "GO111MODULE": "off", "GOCACHE": str(folder / "go"),
        "GOFLAGS": "-trimpath",
    }  # fmt: skip
    found = {}
    for name in ("load", "peer"):
        target = folder / name
        done = subprocess.run(
            ["go", "build", "-o", str(target), "."],
            cwd=HERE / name, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise NotReadyError(f"benchmarks/{name} does not build:\n{done.stderr}")
        found[name] = target
    return found


async def peer_database(agreed: Agreed, folder: Path) -> postgres.Server:
    """A PostgreSQL of its own for the Go peer: the same programs and settings, fsync on."""
    paths = replace(
        agreed.weesp.paths, data=folder / "data", secrets=folder / "secrets", run=folder / "run"
    )
    server = postgres.Server(replace(agreed.weesp, paths=paths))
    await server.start()
    # The very table of our log: columns, indexes, checks, partitions.
    await postgres.apply_migrations(server.settings)
    return server


def go_peer(
    agreed: Agreed, program: Path, server: postgres.Server, place: tuple[int, str, bool]
) -> Running:
    """The Go peer on a port, before a service, verifying declarations or not."""
    port, upstream, verifying = place
    sockets = postgres.socket_folder(server.settings)
    password = password_of(server.settings, ADMINISTRATOR)
    dsn = (
        f"host={sockets} port=5432 user={ADMINISTRATOR} password={password} dbname=landschap "
        f"sslmode=disable pool_max_conns={GO_POOL}"
    )
    identity = agreed.weesp.identity
    command = [
        str(program), "-listen", f"127.0.0.1:{port}", "-upstream", upstream,
        "-certificate", str(identity.certificate), "-key", str(identity.key),
        "-anchor", str(identity.trust_anchors[0]), "-dsn", dsn,
        "-record", str(HERE / "peer" / "record.json"),
    ]  # fmt: skip
    if verifying:
        command += ["-declarations", str(agreed.doesburg.identity.certificate)]
    return _started(command, f"127.0.0.1:{port}", Path(server.settings.paths.data) / f"go{port}")


# Tried 8, 16, 32 and 64 here: 32 was best for it at 64 connections, none mattered at 16.
GO_POOL = 32


def _nginx(settings: object) -> str:
    return str(nginx.program(settings).path)  # type: ignore[arg-type]


def _started(command: Sequence[str], address: str, log: Path) -> Running:
    import socket

    out = log.with_suffix(".out").open("wb")
    process = subprocess.Popen(command, stdout=out, stderr=out)
    host, port = address.rsplit(":", 1)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return Running(process, address)
    process.kill()
    raise NotReadyError(f"{command[0]} does not start: {log.with_suffix('.out').read_text()}")
