# SPDX-License-Identifier: EUPL-1.2
"""``landschap api``: whether a description of an API keeps the design rules."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import click

from landschap.catalogue.client import NotFetched, NotSetUp, fetch, structures
from landschap.catalogue.design_rules import check as check_document
from landschap.catalogue.documents import UnreadableDocument, read_document
from landschap.catalogue.findings import Finding, Mode, Severity
from landschap.catalogue.reports import as_json, as_junit, as_sarif, pointer_of
from landschap.catalogue.rules import RULES
from landschap.catalogue.scoring import score_of
from landschap.platform.trouble import Trouble

_FAILED = 1


@click.group()
def api() -> None:
    """Check descriptions of APIs.

    \b
    Examples:
      landschap api check openapi.yaml
      landschap api check --mode official --json https://api.example.nl/v1/openapi.json
    """


@api.command("check")
@click.argument("where", metavar="FILE|URL")
@click.option(
    "--mode",
    type=click.Choice([each.value for each in Mode]),
    default=Mode.STRICT.value,
    show_default=True,
    help="official: as the official linter has it, quirks included; strict: as the rules mean it.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="text for people, sarif for code hosts, junit for build servers.",
)
@click.option("--json", "is_json", is_flag=True, help="Print as JSON.")
def check(where: str, mode: str, form: str, is_json: bool) -> None:
    """Check an OpenAPI document against the NL GOV REST API Design Rules.

    Each finding has a rule, a place, a line, why it matters and how to mend it. References are
    followed within the document; nothing else is fetched. Ends with 1 when a rule is broken, with
    0 when there are warnings only.

    \b
    Examples:
      landschap api check openapi.yaml
      landschap api check --format sarif openapi.yaml > findings.sarif
      landschap api check --mode official --json openapi.json
    """
    try:
        document = read_document(_bytes_of(where))
        findings = check_document(document, Mode(mode), structures())
    except UnreadableDocument as error:
        raise Trouble(
            f"{where} can not be read ({error.code}): {error}{_at(error.line)}",
            "mend the document; a description is JSON or YAML of at most 50 MB",
        ) from None
    except NotSetUp as error:
        raise Trouble(str(error), "run `make setup`, or install the wheel") from None
    if is_json:
        click.echo(json.dumps(as_json(where, Mode(mode), findings), ensure_ascii=False))
    elif form == "sarif":
        click.echo(as_sarif(where, version("landschap"), findings))
    elif form == "junit":
        click.echo(as_junit(where, findings))
    else:
        _tell(where, mode, findings)
    if any(RULES[each.code].severity is Severity.ERROR for each in findings):
        sys.exit(_FAILED)


def _bytes_of(where: str) -> bytes:
    """Raises Trouble."""
    try:
        if where.startswith(("https://", "http://")):
            return asyncio.run(fetch(where))
        return Path(where).read_bytes()
    except NotFetched as error:
        raise Trouble(
            str(error), "look at the address, or save the document and name the file"
        ) from None
    except OSError as error:
        raise Trouble(f"{where}: {error.strerror}", "name a file or an address") from None


def _tell(where: str, mode: str, findings: Sequence[Finding]) -> None:
    for each in findings:
        rule = RULES[each.code]
        click.echo(f"{where}:{each.line}: {rule.severity.value} {each.code}")
        click.echo(f"    {each.message}")
        click.echo(f"    at {pointer_of(each) or '/'}")
        click.echo(f"    {rule.why} {rule.mend}")
        if rule.address:
            click.echo(f"    {rule.address}")
    errors = sum(RULES[each.code].severity is Severity.ERROR for each in findings)
    warnings = len(findings) - errors
    told = f"{errors} errors, {warnings} warnings" if findings else "nothing found"
    click.echo(f"{where}: {told}; score {score_of(findings)} of 100 ({mode})", err=True)


def _at(line: int) -> str:
    return f", line {line}" if line else ""
