# SPDX-License-Identifier: EUPL-1.2
"""``landschap source running``: which text of each logical source answers now."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from prometheus_client.parser import text_string_to_metric_families

from landschap.cli.config_option import config_option, json_option
from landschap.cli.source import source
from landschap.integration.connectors.opening import EXAMPLES_SUFFIX, SOURCES_FOLDER, SUFFIX
from landschap.platform.part_figures import figures_of
from landschap.platform.settings import load_settings
from landschap.vocabulary.times import as_utc_text

_NOT_FOUND = 3
_PARTS = ("web",)
_FIGURE = "landschap_integration_source_running"
_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One text that answers in one process; ``as_file`` says that a file has that text now."""

    source: str
    version: str
    digest: str
    since: str
    part: str
    as_file: bool


@source.command()
@config_option
@json_option
def running(config: Path, as_json: bool) -> None:
    """Show which text of each logical source answers now, in every process.

    What runs follows the files in `bronnen` within seconds. A text that is wrong is not taken over:
    the former one goes on, its digest is not that of the file, and the technical log says why.

    \b
    Examples:
      landschap source running
      landschap source running --config weesp/organisation.toml --json
    """
    settings = load_settings(config)
    told = asyncio.run(figures_of(settings, _PARTS))
    found = list(_running(told, _digests(settings.path.parent / SOURCES_FOLDER)))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2))
    for each in [] if as_json else found:
        mark = "as the file" if each.as_file else "ANOTHER TEXT THAN THE FILE"
        where = f"{each.source} {each.version} ({each.digest}), {each.part}"
        click.echo(f"{where}: since {each.since}, {mark}")
    if not told:
        click.echo("nothing runs here; start it with landschap serve", err=True)
        sys.exit(_NOT_FOUND)


def _running(told: Mapping[str, str], files: set[str]) -> Iterator[Running]:
    for part, text in told.items():
        for family in text_string_to_metric_families(text):
            for each in family.samples if family.name == _FIGURE else ():
                yield Running(
                    source=each.labels["source"],
                    version=each.labels["version"],
                    digest=each.labels["digest"],
                    since=as_utc_text(datetime.fromtimestamp(each.value, UTC)),
                    part=part,
                    as_file=each.labels["digest"] in files,
                )


def _digests(folder: Path) -> set[str]:
    """What the texts that lie there are known by."""
    return {
        hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]
        for path in folder.glob(f"*{SUFFIX}")
        if not path.name.endswith(EXAMPLES_SUFFIX)
    }
