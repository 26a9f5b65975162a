# SPDX-License-Identifier: EUPL-1.2
"""What the story reads from answers, refusals, reports and copies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from landschap.cli.demo.application import Answer
from landschap.cli.demo.opening import expected_answers
from landschap.cli.demo.report import Seen

COMPARED = (
    "uitkering.soort",
    "uitkering.norm",
    "uitkering.bedragPerMaand",
    "uitkering.status",
    "adres.straat",
    "adres.huisnummer",
    "adres.postcode",
    "pand.identificatie",
    "pand.bouwjaar",
)


def facts_of(body: object) -> Seen:
    """The first answer as dotted fields; of a list its first element."""
    assert isinstance(body, dict)  # noqa: S101  # a 200 of ours is an object
    found = body["resultaten"][0] if body.get("resultaten") else {}
    facts: Seen = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            walk(value[0], path)
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}".lstrip("."))
        elif path != "burgerservicenummer":
            facts[path] = value

    walk(found, "")
    return facts


def expected(bsn: str, valid_on: str, known_at: str | None) -> dict[str, Any]:
    """The answer that was computed apart, as dotted fields. Raises LookupError."""
    for each in expected_answers():
        asked = (each["burgerservicenummer"], each["geldigOp"], each["beschikbaarOp"])
        if asked == (bsn, valid_on, known_at):
            answer: dict[str, Any] = each["antwoord"]
            return answer
    raise LookupError(f"no expected answer on {valid_on}")


def refusal_of(answer: Answer) -> Seen:
    """Status, code and words of a refusal, the missing link and who can add it."""
    body = answer.body if isinstance(answer.body, dict) else {}
    words = body.get("message") or body.get("detail") or answer.text[:200]
    return {
        "status": answer.status,
        "code": answer.code,
        "words": words,
        "missing": body.get("missing", ""),
        "owner": body.get("owner", ""),
    }


def figures_of(report: Any) -> Seen:
    """The counts of a verification report."""
    return {key: value for key, value in dict(report).items() if isinstance(value, int)}


def tamper(copy: Path) -> str:
    """Change one digit in the payload of a record in the middle of a copy; gives its id."""
    lines = copy.read_text(encoding="utf-8").splitlines()
    places = [n for n, line in enumerate(lines) if line.startswith('{"record"')]
    place = places[len(places) // 2]
    line = json.loads(lines[place])
    record = line["record"]
    name = "payload" if record["payload"] else "sealed"  # of a sealed log it is closed
    record[name] = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), record[name], count=1)
    lines[place] = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    copy.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(record["id"])


def year_on(page: str) -> str:
    """The year of construction among the values of a building's page; empty when none is there."""
    found = re.search(r"<dt>Oorspronkelijk bouwjaar</dt><dd>\s*([0-9]{4})", page)
    return found[1] if found else ""
