# SPDX-License-Identifier: EUPL-1.2
"""Processes that belong together: order, readiness, restarts, gentle and certain ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.platform.serving import alive, until

from landschap.platform.processes import Child, ProcessSpec, Supervisor, Watch
from landschap.platform.trouble import Trouble
from landschap.platform.watchdog import Watchdog

TIED = """
import asyncio, os, signal, sys
from landschap.platform.processes import end_with_parent
async def main():
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    end_with_parent(loop)
    open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
    await stop.wait()
    open(sys.argv[1], "a").write("stopped\\n")
asyncio.run(main())
"""


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch()
    yield made
    made.close()


def spec(file: Path, name: str = "tied", code: str = TIED) -> ProcessSpec:
    async def ready() -> bool:
        return file.exists()

    return ProcessSpec(name=name, command=[sys.executable, "-c", code, str(file)], ready=ready)


async def supervised(
    parts: list[Child], watch: Watch
) -> AsyncIterator[tuple[Supervisor, list[str]]]:
    events: list[str] = []
    supervisor = Supervisor(
        [[part] for part in parts],
        watch,
        lambda event, **facts: events.append(f"{event} {facts.get('part', '')}".strip()),
    )
    stop = asyncio.Event()
    ready = asyncio.Event()
    running = asyncio.create_task(supervisor.run(stop, ready=ready.set))
    await asyncio.wait_for(ready.wait(), 20)
    yield supervisor, events
    stop.set()
    await asyncio.wait_for(running, 20)
    events.append("end")


async def until_restarted(supervisor: Supervisor, times: int) -> None:
    state = supervisor.states["tied"]
    for _ in range(2_000):
        if state.restarts >= times and state.up:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"not restarted: {state}")


async def test_starts_in_order_and_stops_in_reverse(tmp_path: Path, watch: Watch) -> None:
    parts = [Child(spec(tmp_path / name, name), watch) for name in ("one", "two")]
    async for supervisor, events in supervised(parts, watch):
        assert events == ["started one", "started two"]
        assert await supervisor.health() == {"one": True, "two": True}
    assert events == ["started one", "started two", "stopped two", "stopped one", "end"]
    assert (tmp_path / "one").read_text(encoding="ascii").endswith("stopped\n")


async def test_what_dies_is_started_again_with_pauses_that_grow(
    tmp_path: Path, watch: Watch
) -> None:
    part = Child(spec(tmp_path / "one"), watch)
    async for supervisor, _ in supervised([part], watch):
        pauses = []
        for times in range(1, 4):
            pid = part.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            began = time.monotonic()
            await until_restarted(supervisor, times)
            pauses.append(time.monotonic() - began)
        assert pauses[2] > pauses[0] + 0.2
        assert supervisor.states["tied"].last_end == "ended by signal 9"


async def test_a_part_that_does_not_start_stops_all_with_a_reason(
    tmp_path: Path, watch: Watch
) -> None:
    broken = Child(spec(tmp_path / "broken", "broken", "import sys; sys.exit(3)"), watch)
    missing = Child(ProcessSpec(name="missing", command=["/no/such/program"]), watch)
    for bad, words in (
        (broken, "ended with exit code 3 before it was ready"),
        (missing, "No such"),
    ):
        file = tmp_path / f"beside {bad.name}"
        well = Child(spec(file, "well"), watch)
        supervisor = Supervisor([[well], [bad]], watch, lambda *_, **__: None)
        with pytest.raises(Trouble, match=words):
            await supervisor.run(asyncio.Event())
        assert well.pid is None
        assert file.read_text(encoding="ascii").endswith("stopped\n")


async def test_a_part_that_never_gets_ready_is_told(watch: Watch) -> None:
    async def never() -> bool:
        return False

    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    part = Child(ProcessSpec(name="slow", command=command, ready=never, ready_seconds=0.2), watch)
    with pytest.raises(Trouble, match="slow is not ready after 0 s"):
        await part.start()
    assert part.pid is None


async def test_a_part_without_a_probe_says_itself_that_it_is_ready(watch: Watch) -> None:
    code = (
        "import time\n"
        "from landschap.platform.processes import tell_ready\n"
        "time.sleep(float({seconds}))\n"
        "tell_ready(); time.sleep(60)\n"
    )
    for seconds, ready_seconds in (("0.4", 20.0), ("50", 0.4)):
        command = [sys.executable, "-c", code.format(seconds=seconds)]
        spec = ProcessSpec(name="teller", command=command, ready_seconds=ready_seconds)
        part, began = Child(spec, watch), time.monotonic()
        if ready_seconds < 1:
            with pytest.raises(Trouble, match="teller is not ready"):
                await part.start()
            continue
        await part.start()
        assert time.monotonic() - began > 0.4
        await part.stop()


async def test_one_that_does_not_listen_is_killed_with_its_children(
    tmp_path: Path, watch: Watch
) -> None:
    file = tmp_path / "stubborn"
    code = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open(sys.argv[1], 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )

    async def ready() -> bool:
        return file.exists() and file.read_text(encoding="ascii") != ""

    command = [sys.executable, "-c", code, str(file)]
    part = Child(ProcessSpec(name="s", command=command, ready=ready, stop_seconds=0.3), watch)
    await part.start()
    pids = [int(file.read_text(encoding="ascii")), part.pid]
    await part.stop()
    until(lambda: not any(pid and alive(pid) for pid in pids), 5)


async def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "child"
    parent = (
        "import asyncio, sys, time\n"
        "from landschap.platform.processes import Child, ProcessSpec, Watch\n"
        "class Nobody(Watch):\n"
        "    def __init__(self): pass\n"
        "    def watch(self, pid, **how): pass\n"
        "async def main():\n"
        "    async def yes(): return True\n"
        "    spec = ProcessSpec(name='c', ready=yes, command=[sys.executable, '-c', sys.argv[1], sys.argv[2]])\n"
        "    await Child(spec, Nobody()).start()\n"
        "    print('up', flush=True); time.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", parent, TIED, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        until(file.exists, 10)
        child = int(file.read_text(encoding="ascii").split()[0])
        process.kill()
    until(lambda: not alive(child), 10)
    assert file.read_text(encoding="ascii").endswith("stopped\n")  # gently, by its own handler


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    )


def test_the_watchdog_stops_what_it_watches_and_nothing_else() -> None:
    watched, forgotten, stranger = sleeper(), sleeper(), sleeper()
    watchdog = Watchdog()
    watchdog.watch(watched.pid)
    watchdog.watch(forgotten.pid)
    watchdog.forget(forgotten.pid)
    watchdog.close()
    assert watched.wait(5) == -signal.SIGTERM
    assert forgotten.poll() is None
    assert stranger.poll() is None
    for process in (forgotten, stranger):
        process.kill()
        process.wait()


def ignores(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn"))
    return bool(int(mask, 16) >> (number - 1) & 1)


def test_the_watchdog_ignores_signals_meant_for_its_owner() -> None:
    watched = sleeper()
    watchdog = Watchdog()
    watchdog.watch(watched.pid)
    meant_for_us = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # All of them: who runs the tests may have had SIGHUP ignored beforehand (nohup).
    until(lambda: all(ignores(watchdog.pid, number) for number in meant_for_us), 10)
    for number in meant_for_us:
        os.kill(watchdog.pid, number)
    time.sleep(0.2)
    assert watchdog.alive()
    watchdog.close()
    assert watched.wait(5) == -signal.SIGTERM
