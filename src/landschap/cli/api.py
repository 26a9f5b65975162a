# SPDX-License-Identifier: EUPL-1.2
"""``landschap api``: whether a description of an API keeps the design rules, and what changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.metadata import version

import click

from landschap.catalogue.changes import breaking, is_new_major
from landschap.catalogue.changes.comparing import changes_between, version_of
from landschap.catalogue.client import NotSetUp, structures
from landschap.catalogue.design_rules import check as check_document
from landschap.catalogue.documents import UnreadableDocument, read_document
from landschap.catalogue.findings import Finding, Mode, Severity
from landschap.catalogue.reports import as_json, as_junit, as_sarif, pointer, pointer_of
from landschap.catalogue.rules import RULES
from landschap.catalogue.scoring import score_of
from landschap.cli.api_kit import kit
from landschap.cli.api_mock import mock
from landschap.cli.description_files import bytes_of, document_at, unreadable
from landschap.platform.trouble import Trouble

_FAILED = 1


@click.group()
def api() -> None:
    """Check and compare descriptions of APIs, and make things of them.

    \b
    Examples:
      landschap api check openapi.yaml
      landschap api check --mode official --json https://api.example.nl/v1/openapi.json
      landschap api diff openapi-1.4.yaml openapi.yaml
      landschap api mock openapi.yaml
      landschap api kit typescript openapi.yaml --out kit
    """


api.add_command(kit)
api.add_command(mock)


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
        document = read_document(bytes_of(where))
        findings = check_document(document, Mode(mode), structures())
    except UnreadableDocument as error:
        raise unreadable(where, error) from None
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


@api.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--json", "is_json", is_flag=True, help="Print as JSON.")
def diff(old: str, new: str, is_json: bool) -> None:
    """Tell what changed between two descriptions of an API, and what breaks who calls it.

    OLD and NEW are files or addresses. Ends with 1 when something breaks and `info.version` of NEW
    is no later major version than that of OLD.

    \b
    Examples:
      landschap api diff openapi-1.4.yaml openapi.yaml
      landschap api diff --json https://api.example.nl/v1/openapi.json openapi.yaml
    """
    before, after = document_at(old), document_at(new)
    changes = changes_between(before, after)
    versions = version_of(before), version_of(after)
    broken = breaking(changes)
    is_refused = bool(broken) and not is_new_major(*versions)
    if is_json:
        told = {
            "old": versions[0],
            "new": versions[1],
            "breaking": len(broken),
            "refused": is_refused,
            "changes": [
                {"weight": each.weight.value, "path": list(each.place), "message": each.message}
                for each in changes
            ],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for each in changes:
            click.echo(f"{each.weight.value}: {each.message}")
            click.echo(f"    at {pointer(each.place) or '/'}")
        if not changes:
            click.echo("nothing changed to who calls it")
    if is_refused:
        click.echo(
            f"refused: {len(broken)} changes break who calls it, and {versions[1] or 'no version'}"
            f" is no later major version than {versions[0] or 'none'}",
            err=True,
        )
        sys.exit(_FAILED)


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
