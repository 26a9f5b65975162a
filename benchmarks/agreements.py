# SPDX-License-Identifier: EUPL-1.2
"""What agreeing costs, and whether it matters to a question how much was agreed.

    benchmarks/agreements.py [--write docs/performance-agreements.md] [--seconds 1] [--rounds 2]
                             [--sizes 1,100,10000] [--contracts 60]

Contracts per second from proposal to valid at both sides, tokens per second at the Manager, and
questions per second at an Inway with few and with many live contracts. Loopback only, two whole
organisations on one machine. Needs Go for the load generator, and says so when it is not there.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from agreed import Agreed, offer, open_agreed
from live import INWAY, MANAGER, Live, propose
from measuring import Cell, Target, measure, median
from parts import NotReadyError, build, service
from ports import free_port
from table import versions
from workplace import tell, workplace

CONNECTIONS = 16
# Apart from those of the other benchmark, which may run beside this one.
NETWORK = 78
SIGNS_BY_ITSELF = '\n[fsc]\nauto_sign = ["serviceConnection"]\n'
CHANGES = 5
_CASES = ("one", "all")


@dataclass(kw_only=True)
class Results:
    """All that was measured, by the number of live contracts."""

    agreed_per_second: float = 0.0
    agreed_count: int = 0
    tokens: dict[int, Cell] = field(default_factory=dict)
    questions: dict[tuple[str, int], Cell] = field(default_factory=dict)
    changes: dict[int, float] = field(default_factory=dict)
    fills: dict[int, float] = field(default_factory=dict)
    loads: list[float] = field(default_factory=list)


async def main() -> int:
    """Measure, tell, and write when asked to."""
    wanted = _arguments()
    try:
        async with workplace("lb-") as (folder, stack):
            results = await _measured(folder, stack, wanted)
    except NotReadyError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return 1
    tell(page(results, _sizes(wanted), wanted), wanted.write)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", type=Path, help="page to write the results to")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--sizes", default="1,100,10000", help="numbers of live contracts")
    parser.add_argument("--contracts", type=int, default=60, help="how many are agreed for real")
    return parser.parse_args()


def _sizes(wanted: argparse.Namespace) -> list[int]:
    return sorted(int(word) for word in wanted.sizes.split(","))


async def _measured(folder: Path, stack: AsyncExitStack, wanted: argparse.Namespace) -> Results:
    load = build(folder)["load"]
    port = free_port()
    upstream = f"http://127.0.0.1:{port}"
    agreed = await open_agreed(
        folder / "landscape", upstream, network=NETWORK, more_at_weesp=SIGNS_BY_ITSELF
    )
    stack.callback(agreed.stop)
    stack.callback(service(folder, agreed.weesp, port).stop)
    # A plain purpose: what a signed declaration costs is the other benchmark's row.
    await offer(agreed.weesp, upstream, declaration="unsigned")
    live = await Live.open(agreed)
    stack.push_async_callback(live.close)
    await asyncio.sleep(3)  # the doors render what was agreed
    results = Results()
    for size in _sizes(wanted):
        began = time.perf_counter()
        await live.fill(size)
        results.fills[size] = time.perf_counter() - began
        _say(f"{size} live contracts, written in {results.fills[size]:.1f} s")
        await _measure_size(load, live, folder, wanted, results)
    await _measure_agreeing(live, wanted, results)
    return results


async def _measure_size(
    load: Path, live: Live, folder: Path, wanted: argparse.Namespace, results: Results
) -> None:
    """At the present number of live contracts: effect of a change, questions, tokens."""
    agreed = live.agreed
    size = 1 + len(live.contracts)
    ends = size in (min(_sizes(wanted)), max(_sizes(wanted)))
    taken = [await live.change_one() for _ in range(CHANGES)]
    results.changes[size] = statistics.median(taken)
    _say(f"  a change counts after {', '.join(f'{each * 1000:.0f}' for each in taken)} ms")
    files = {
        "one": live.requests_under_one(folder / "one.requests"),
        "all": live.requests_under_all(folder / "all.requests"),
    }
    cells: dict[str, list[Cell]] = {case: [] for case in (*_CASES, "token")}
    roots = [agreed.processes[0].pid]
    landscape = agreed.landscape
    asked = {case: _target(agreed, landscape.weesp.inway, INWAY, files[case]) for case in _CASES}
    tokens = live.token_requests(folder / "token.requests")
    if ends:
        asked["token"] = _target(agreed, landscape.weesp.manager, MANAGER, tokens)
    for _ in range(wanted.rounds):
        for case, target in asked.items():
            cell = await asyncio.to_thread(
                measure, load, target, roots, CONNECTIONS, wanted.seconds
            )
            cells[case].append(cell)
            _say(f"  {case}: {cell.per_second:,.0f}/s {cell.p50_ms:.2f}/{cell.p99_ms:.1f} ms")
        results.loads.append(os.getloadavg()[0])
    for case in _CASES:
        results.questions[case, size] = median(cells[case])
    if ends:
        results.tokens[size] = median(cells["token"])


async def _measure_agreeing(live: Live, wanted: argparse.Namespace, results: Results) -> None:
    hashes, seconds = await propose(live.agreed, live.register, wanted.contracts)
    results.agreed_count, results.agreed_per_second = len(hashes), len(hashes) / seconds
    _say(f"{len(hashes)} contracts agreed in {seconds:.1f} s")


def _target(agreed: Agreed, address: str, name: str, requests: Path) -> Target:
    identity = agreed.doesburg.identity
    return Target(
        address=address,
        requests=requests,
        name=name,
        certificate=identity.certificate,
        key=identity.key,
        anchor=identity.trust_anchors[0],
    )


def page(results: Results, sizes: Sequence[int], wanted: argparse.Namespace) -> str:
    """The page in Markdown."""
    questions = results.questions
    rows: dict[str, list[Cell | None]] = {
        "questions, all under one contract": [questions.get(("one", size)) for size in sizes],
        "questions, each under the next contract": [questions.get(("all", size)) for size in sizes],
        "tokens at the Manager": [results.tokens.get(size) for size in sizes],
    }
    table = [
        "| | " + " | ".join(f"{size:,} live" for size in sizes) + " |",
        "| --- |" + " --- |" * len(sizes),
    ]
    for words, cells in rows.items():
        table.append(f"| {words} | " + " | ".join(_shown(each, cells[0]) for each in cells) + " |")
    changes = [f"**{results.changes[size] * 1000:,.0f}** ms" for size in sizes]
    table.append("| a change of one contract counts after | " + " | ".join(changes) + " |")
    circumstances = (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load average "
        f"{min(results.loads):.1f} to {max(results.loads):.1f}. {CONNECTIONS} connections, medians "
        f"of {wanted.rounds} rounds of {wanted.seconds:g} s; every answer was 200. {versions()}"
    )
    return PAGE.format(
        table="\n".join(table),
        agreed=f"{results.agreed_per_second:,.0f}",
        count=results.agreed_count,
        live=f"{sizes[-1]:,}",
        circumstances=circumstances,
    )


def _shown(cell: Cell | None, first: Cell | None) -> str:
    if cell is None or first is None:
        return ""
    ratio = "" if cell is first else f", x{cell.per_second / first.per_second:.2f}"
    return f"**{cell.per_second:,.0f}**/s, {cell.p50_ms:.2f}/{cell.p99_ms:.1f} ms{ratio}"


def _say(words: str) -> None:
    print(words, file=sys.stderr)


PAGE = """# Performance of agreeing

Written by `make bench`; run it on your own machine, and compare columns of one run only. What a
question costs at the door is told in [performance](performance.md); here is asked whether it
matters how much was agreed, and what agreeing itself costs.

{table}

Per cell: per second, median and 99th percentile of the time to an answer, and how many times the
first column. The first row must be flat: a decision looks its contract up and never walks through
them. The second tells what it costs when no two questions are alike.

**{agreed} contracts per second** are agreed: {count} that Doesburg proposed, until each was valid
at both, while {live} others were live at Weesp.

{circumstances}

## What is measured

- *Live contracts* are valid connection contracts at Weesp's Inway, signed by both for real and
  written by the functions that the Manager calls.
- *Questions* go to the Inway over mutual TLS with a token, a purpose and a durable record. All
  under one contract: as one busy application asks, so that most are decided from memory
  (`gateway/recall.py`). Each under the next: as if every contract had its own application, so that
  a question comes with a token that is seen for the first time, or not since a second or more, and
  is verified and decided the long way. That costs the same with a hundred contracts or a million.
- *Tokens*: requests to the Manager's token endpoint over mutual TLS, each a contract that is looked
  up and judged, and a token that is signed.
- *A change counts*: the median over {changes} changes of the time between the commit of one new
  contract and the first answer to a question under it. The decider takes over what changed since it
  last looked, not all there is.
- *Agreed*: proposed and signed at Doesburg, brought to Weesp's Manager over mutual TLS, verified,
  signed there by itself, brought back and verified. Doesburg's worker fetches a token for each of
  them meanwhile.
- Limits per peer are off. Keep-alive connections; no handshakes are measured.
"""
PAGE = PAGE.replace("{changes}", str(CHANGES))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
