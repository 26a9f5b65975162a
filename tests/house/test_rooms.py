# SPDX-License-Identifier: EUPL-1.2
"""The house rules that a machine can check: floors, doors, licences, words."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "landschap"
WHOLE_ROOM_IS_A_DOOR = {"platform", "cli"}
# What programs of others import: it only hands on what stands in the doors of its room.
FRONT_DOOR = Path("client/__init__.py")
DOORS = {"store", "api", "pages", "client", "connectors", "worker"}
# What touches the world: sockets, files, clocks, chance, environment, processes, databases.
WORLD = {
    "aiohttp", "asyncio", "asyncpg", "glob", "http.client", "httptools", "httpx", "io", "litestar",
    "multiprocessing", "os", "pathlib.Path", "pgqueuer", "random", "requests", "secrets", "select",
    "selectors", "shutil", "signal", "socket", "sqlite3", "ssl", "structlog", "subprocess",
    "tempfile", "threading", "time", "urllib.request", "uuid_utils", "uvicorn", "uvloop",
}  # fmt: skip
# Calls that read a clock or chance although their module is harmless.
WORLDLY_CALLS = re.compile(
    r"\b(?:datetime\.now|datetime\.utcnow|datetime\.today|date\.today|uuid\.uuid[147]|uuid[147]"
    r"|time\.time|open)\("
)


def _pure_modules() -> Iterator[Path]:
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).parts
        if len(parts) == 1 or parts[0] in WHOLE_ROOM_IS_A_DOOR or Path(*parts) == FRONT_DOOR:
            continue
        inside = {Path(part).stem for part in parts[1:]}
        if not inside & DOORS:
            yield path


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


@pytest.mark.parametrize("path", list(_pure_modules()), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_module_that_is_no_door_touches_nothing_outside(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    names = set(_imports(tree))
    worldly = {name for name in names if name in WORLD or name.split(".")[0] in WORLD}
    assert not worldly, f"{path.name} imports {sorted(worldly)}; only {sorted(DOORS)} may"
    own_doors = {
        name
        for name in names
        if name.startswith("landschap.")
        and (DOORS & set(name.split(".")[2:]) or name.startswith("landschap.platform"))
    }
    assert not own_doors, f"{path.name} is pure but imports the doors {sorted(own_doors)}"
    calls = [line for line in text.splitlines() if WORLDLY_CALLS.search(line.split("#")[0])]
    assert not calls, f"{path.name} reads a clock, chance or a file: {calls}"


def test_rooms_import_only_from_floors_below() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_room_asks_another_rooms_tables() -> None:
    rooms = {p.name for p in SOURCE.iterdir() if p.is_dir()} - WHOLE_ROOM_IS_A_DOOR
    asked = re.compile(rf"(?i)\b(?:FROM|JOIN|INTO|UPDATE)\s+({'|'.join(sorted(rooms))})\.[a-z_]+")
    found = []
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix not in {".py", ".sql"} or _room(path) in WHOLE_ROOM_IS_A_DOOR:
            continue
        matches = asked.finditer(_sql_of(path))
        found += [f"{path.name}: {each[0]}" for each in matches if each[1].lower() != _room(path)]
    assert not found, found


def _sql_of(path: Path) -> str:
    if path.suffix == ".sql":
        return path.read_text()
    tree = ast.parse(path.read_text())
    texts = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return "\n".join(t for t in texts if re.search(r"\b(?:SELECT|INSERT|UPDATE|DELETE)\b", t))


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("not a git checkout: nothing to list")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_every_source_file_names_its_licence() -> None:
    missing = [
        str(path.relative_to(ROOT))
        for path in _tracked()
        if path.suffix in {".py", ".sql", ".css"}
        and "SPDX-License-Identifier: EUPL-1.2" not in path.read_text()[:400]
    ]
    assert not missing, missing


def test_no_file_names_a_place_of_one_machine() -> None:
    """Neither this checkout's own place nor anybody's home stands in a tracked file."""
    places = {f"{ROOT}/", f"{Path.home()}/"} - {"//"}
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:100]}"
        for path in _tracked()
        if path.suffix in {".py", ".sql", ".md", ".toml", ".yaml", ".yml", ".json", ".lock", ""}
        for line in path.read_text(errors="replace").splitlines()
        if any(place in line for place in places)
    ]
    assert not found, found


def test_the_lock_pins_every_package_with_hashes_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(
        r"^([a-z0-9._-]+)==[^\n]+ \\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", lock, re.MULTILINE
    )
    names = re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE)
    assert len(pins) == len(names) > 60
    assert "://" not in lock
    assert "--index-url" not in lock
