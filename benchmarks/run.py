# SPDX-License-Identifier: EUPL-1.2
"""Questions per second of the door against its peers, all in one run on one machine.

    benchmarks/run.py [--write docs/performance.md] [--rounds 3] [--seconds 2] [--rows record,go]

Both sides have the same service behind them, the same certificates and the same kind of
PostgreSQL, with fsync on. Loopback only. Needs Go, and says so when it is not there.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from agreed import offer, open_agreed
from landschap.gateway.plan import Listen
from measuring import Cell, Target, measure, median
from parts import (
    DISTRIBUTION_NGINX,
    NotReadyError,
    Running,
    build,
    carrier,
    go_peer,
    peer_database,
    service,
    unrecorded,
)
from ports import free_port
from questions import at_inway, at_outway
from table import ROWS, Circumstances, as_table, page, verdict, versions

CONNECTIONS = (1, 16, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One row: where it is asked, which processes serve, and how its requests are made."""

    target: Target
    roots: Sequence[int]
    renew: Callable[[], object] | None = None


async def main() -> int:
    """Measure, tell, and write when asked to."""
    wanted = _arguments()
    folder = _folder()
    try:
        _choose_nginx(wanted)
        programs = build(folder)
        async with AsyncExitStack() as stack:
            variants = await _open(folder, programs, stack)
            rows = wanted.rows.split(",") if wanted.rows else [row.key for row in ROWS]
            chosen = {key: variants[key] for key in rows}
            cells, loads = _measure_all(chosen, programs["load"], wanted)
    except NotReadyError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _tell(cells, loads, wanted)
    return 0


def _folder() -> Path:
    """A short path, for the sockets; open to the user that PostgreSQL and nginx run as."""
    folder = Path(tempfile.mkdtemp(prefix="lb-"))
    folder.chmod(0o755)
    return folder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", type=Path, help="page to write the results to")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rows", default="", help="only these rows, separated by commas")
    parser.add_argument("--connections", default="1,16,64")
    parser.add_argument(
        "--nginx",
        choices=("distribution", "packaged"),
        help="which nginx carries; the distribution's when it is installed, as in production",
    )
    return parser.parse_args()


def _choose_nginx(wanted: argparse.Namespace) -> None:
    """Have every nginx of this run be the same one."""
    if wanted.nginx != "packaged" and DISTRIBUTION_NGINX.exists():
        os.environ["LANDSCHAP__NGINX__PATH"] = str(DISTRIBUTION_NGINX)
    elif wanted.nginx == "distribution":
        raise NotReadyError(
            f"no {DISTRIBUTION_NGINX}: install nginx-light (Debian), then ask again"
        )


async def _open(
    folder: Path, programs: dict[str, Path], stack: AsyncExitStack
) -> dict[str, Variant]:
    """Start everything; it stops again with ``stack``."""
    port = free_port()
    upstream = f"http://127.0.0.1:{port}"
    agreed = await open_agreed(folder / "landscape", upstream)
    stack.callback(agreed.stop)

    def kept(running: Running) -> Running:
        stack.callback(running.stop)
        return running

    kept(service(folder, agreed.weesp, port))
    await offer(agreed.weesp, upstream, declaration="unsigned")
    alone = kept(await carrier(agreed, folder / "c1", _listen(), None))
    decider, place = unrecorded(agreed, folder)
    kept(decider)
    deciding = kept(await carrier(agreed, folder / "c2", _listen(), place))
    database = await peer_database(agreed, folder / "go")
    stack.push_async_callback(database.stop)
    peers = [
        kept(go_peer(agreed, programs["peer"], database, (free_port(), upstream, verifying)))
        for verifying in (False, True)
    ]
    plain = at_inway(agreed, folder / "plain.requests", signed=False)
    signed = folder / "signed.requests"
    outside = at_outway(agreed, folder / "outway.requests")
    weesp, doesburg = (process.pid for process in agreed.processes)
    assert database.pid is not None
    await asyncio.sleep(3)  # the door renders what was agreed

    def inway(address: str, roots: Sequence[int], *, sign: bool = False) -> Variant:
        identity = agreed.doesburg.identity
        target = Target(
            address=address,
            requests=signed if sign else plain,
            name="inway.weesp.test",
            certificate=identity.certificate,
            key=identity.key,
            anchor=identity.trust_anchors[0],
        )
        renew = (lambda: at_inway(agreed, signed, signed=True)) if sign else None
        return Variant(target=target, roots=roots, renew=renew)

    own = agreed.landscape.weesp.inway
    return {
        "carrier": inway(alone.address, [alone.process.pid]),
        "decision": inway(deciding.address, [deciding.process.pid, decider.process.pid]),
        "record": inway(own, [weesp]),
        "signed": inway(own, [weesp], sign=True),
        "pair": Variant(
            target=Target(address=agreed.landscape.doesburg.outway, requests=outside),
            roots=[weesp, doesburg],
        ),
        "go": inway(peers[0].address, [peers[0].process.pid, database.pid]),
        "go-signed": inway(peers[1].address, [peers[1].process.pid, database.pid], sign=True),
    }


def _measure_all(
    variants: dict[str, Variant], load: Path, wanted: argparse.Namespace
) -> tuple[dict[tuple[str, int], Cell], list[float]]:
    connections = [int(word) for word in wanted.connections.split(",")]
    places = [(key, count) for key in variants for count in connections]
    found: dict[tuple[str, int], list[Cell]] = {place: [] for place in places}
    loads = []
    for number in range(wanted.rounds):
        random.shuffle(places)
        for key, count in places:
            variant = variants[key]
            if variant.renew is not None:
                variant.renew()
            cell = measure(load, variant.target, variant.roots, count, wanted.seconds)
            found[key, count].append(cell)
            print(
                f"round {number + 1}: {key} at {count}: {cell.per_second:,.0f}/s "
                f"{cell.p50_ms:.2f}/{cell.p99_ms:.1f} ms {cell.cpu_us:.0f} us",
                file=sys.stderr,
            )
        loads.append(os.getloadavg()[0])
    return {place: median(cells) for place, cells in found.items()}, loads


def _tell(
    cells: dict[tuple[str, int], Cell], loads: list[float], wanted: argparse.Namespace
) -> None:
    if wanted.rows:
        return
    connections = [int(word) for word in wanted.connections.split(",")]
    circumstances = Circumstances(
        rounds=wanted.rounds, seconds=wanted.seconds, loads=loads, versions=versions()
    )
    table = as_table(cells, connections)
    print(f"{table}\n\n{circumstances.text()}\n\n{verdict(cells)}")
    if wanted.write is not None:
        wanted.write.write_text(page(table, circumstances.text(), verdict(cells)))


def _listen() -> Listen:
    return Listen(host="127.0.0.1", port=free_port())


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
