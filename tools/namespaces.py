# SPDX-License-Identifier: EUPL-1.2
"""Run the FSC cases with the organisations in network namespaces of their own.

Provider, consumer, the other organisations and the tests each get a namespace. Cables lead from
each to one switch, and nothing leads out: there is no default route, no DNS and no shared
loopback, so whatever passes between two organisations passes over the wire. Needs root and `ip`.

python tools/namespaces.py                  the whole list
python tools/namespaces.py -k test_inway    what pytest selects
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CASES = "tests/fsc_running"
BASE = "10.77.0"
SWITCH = "switch"
# Who lives where; the names are those of tests/fsc_running/places.py.
MEMBERS = {
    "tests": ("tester",),
    "provider": ("weesp",),
    "consumer": ("doesburg",),
    "others": ("gids", "proefland", "proefwater", "proefregio"),
}
CANNOT = 75
_END_SECONDS = 10.0


def why_not() -> str:
    """Why namespaces can not be made here; empty when they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "the command ip (iproute2) is not there"
    probe = f"{_prefix()}-probe"
    if _ip("netns", "add", probe, check=False).returncode != 0:
        return "this kernel or container allows no network namespaces"
    _ip("netns", "del", probe)
    return ""


@contextmanager
def namespaces() -> Iterator[dict[str, str]]:
    """The namespaces, cabled; gives their names. Whatever still runs in them is ended."""
    names = {part: f"{_prefix()}-{part}" for part in (SWITCH, *MEMBERS)}
    try:
        for name in names.values():
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", names[SWITCH], "link", "add", "bridge", "type", "bridge")
        _ip("-n", names[SWITCH], "link", "set", "bridge", "up")
        for part in MEMBERS:
            _cable(names, part)
        yield names
    finally:
        for name in names.values():
            _end_all_in(name)
            _ip("netns", "del", name, check=False)


def run(arguments: Sequence[str]) -> int:
    """Run pytest in the namespace of the tests; its exit code."""
    with namespaces() as names:
        for part in MEMBERS:
            _require_closed(names[part])
        living = [
            f"{key}={names[part]}"
            for part, keys in MEMBERS.items()
            for key in keys
            if part != "tests"
        ]
        environment = os.environ | {
            "LANDSCHAP_TEST_NETWORK": BASE,
            "LANDSCHAP_TEST_NAMESPACES": ",".join(living),
        }
        command = [sys.executable, "-m", "pytest", CASES, "-m", "not long", *arguments]
        inside = ["ip", "netns", "exec", names["tests"], *command]
        return subprocess.run(inside, cwd=ROOT, env=environment, check=False).returncode


def _cable(names: dict[str, str], part: str) -> None:
    """A cable from a namespace to the switch, with the addresses of those that live there."""
    from tests.fsc_running.places import numbers_of

    here, switch = names[part], names[SWITCH]
    _ip(
        "link", "add", "cable", "netns", here, "type", "veth",
        "peer", "name", f"to-{part}", "netns", switch,
    )  # fmt: skip
    for key in MEMBERS[part]:
        for number in numbers_of(key):
            _ip("-n", here, "address", "add", f"{BASE}.{number}/24", "dev", "cable")
    _ip("-n", here, "link", "set", "cable", "up")
    _ip("-n", switch, "link", "set", f"to-{part}", "master", "bridge")
    _ip("-n", switch, "link", "set", f"to-{part}", "up")


def _require_closed(name: str) -> None:
    """Nothing leads out of a namespace, or the run would prove less than it says."""
    # 192.0.2.1 is kept for documentation (RFC 5737): only a default route would lead there.
    if _ip("-n", name, "route", "get", "192.0.2.1", check=False).returncode == 0:
        raise SystemExit(f"{name} has a way out")


def _end_all_in(name: str) -> None:
    """End what still runs in a namespace of ours: with it goes the last that could hold it."""
    deadline = time.monotonic() + _END_SECONDS
    number = signal.SIGTERM
    while pids := _ip("netns", "pids", name, check=False).stdout.split():
        if time.monotonic() > deadline:
            number = signal.SIGKILL
        for pid in map(int, pids):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        time.sleep(0.2)


def _prefix() -> str:
    return f"ls{os.getpid()}"


def _ip(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise SystemExit(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done


def main() -> int:
    """Build, run, take down. The exit code is pytest's; 75 when namespaces can not be made."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        return 0
    reason = why_not()
    if reason:
        print(f"not run: {reason}", file=sys.stderr)
        return CANNOT
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
