# SPDX-License-Identifier: EUPL-1.2
"""What was found, in the forms that other programs read: SARIF 2.1.0 and JUnit XML.

Source: OASIS SARIF 2.1.0; the JUnit form that build servers share.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from landschap.catalogue.documents import Place
from landschap.catalogue.findings import Finding, Mode, Severity
from landschap.catalogue.rules import RULES
from landschap.catalogue.scoring import score_of
from landschap.vocabulary.ijson import JsonValue

_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def pointer_of(finding: Finding) -> str:
    """The place of a finding as a JSON Pointer."""
    return pointer(finding.path)


def pointer(place: Place) -> str:
    """A place as a JSON Pointer. Source: RFC 6901."""
    escaped = (step.replace("~", "~0").replace("/", "~1") for step in place)
    return "".join(f"/{step}" for step in escaped)


def as_json(name: str, mode: Mode, findings: Sequence[Finding]) -> dict[str, JsonValue]:
    """For programs of our own."""
    return {
        "document": name,
        "mode": mode.value,
        "score": score_of(findings),
        "findings": [each.as_json(RULES[each.code]) for each in findings],
    }


def as_sarif(name: str, version: str, findings: Sequence[Finding]) -> str:
    """For code hosts, that show it beside the line."""
    used = sorted({each.code for each in findings})
    rules: list[JsonValue] = [
        {
            "id": code,
            "shortDescription": {"text": RULES[code].why},
            "help": {"text": RULES[code].mend},
            **({"helpUri": RULES[code].address} if RULES[code].address else {}),
        }
        for code in used
    ]
    results: list[JsonValue] = [
        {
            "ruleId": each.code,
            "ruleIndex": used.index(each.code),
            "level": _LEVEL[RULES[each.code].severity],
            "message": {"text": f"{each.message}. {RULES[each.code].mend}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": name},
                        "region": {"startLine": each.line},
                    },
                    "logicalLocations": [{"fullyQualifiedName": pointer_of(each)}],
                }
            ],
        }
        for each in findings
    ]
    driver: dict[str, JsonValue] = {"name": "landschap", "version": version, "rules": rules}
    document: dict[str, JsonValue] = {
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def as_junit(name: str, findings: Sequence[Finding]) -> str:
    """For build servers: one case per rule, failed by an error, so that a trend can be seen."""
    failed = {each.code for each in findings if RULES[each.code].severity is Severity.ERROR}
    suite = ET.Element(
        "testsuite", name=f"design rules: {name}", tests=str(len(RULES)), failures=str(len(failed))
    )
    for code, rule in RULES.items():
        case = ET.SubElement(suite, "testcase", classname=rule.name, name=code)
        lines = [
            f"line {each.line} {pointer_of(each)}: {each.message}"
            for each in findings
            if each.code == code
        ]
        if code in failed:
            failure = ET.SubElement(case, "failure", message=f"{len(lines)} times. {rule.mend}")
            failure.text = "\n".join(lines)
        elif lines:
            ET.SubElement(case, "system-out").text = "\n".join(lines)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)
