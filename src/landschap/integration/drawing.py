# SPDX-License-Identifier: EUPL-1.2
"""A plan as a drawing: a tree of sources, with what is asked of each and why.

woon-en-uitkeringssituatie 1.0.0: 1 of 17 fields, 2 of 7 sources, 2 stages
inwoners  (stage 1, register inwoners.inwoner, by burgerservicenummer)
│  burgerservicenummer  link, log line
└─ adressen  (stage 2, register bag.nummeraanduiding, by identificatie)
      postcode  adres.postcode
"""

from __future__ import annotations

from collections.abc import Iterator

from landschap.integration.plan import Ask, Plan
from landschap.vocabulary.ijson import JsonValue

_WORDS = {"koppeling": "link", "logregel": "log line", "volgorde": "order"}


def draw(plan: Plan) -> str:
    """The plan as text, one line per source and per column."""
    declaration = plan.declaration
    stages = max(ask.stage for ask in plan.asks)
    head = (
        f"{declaration.name} {declaration.version}: "
        f"{len(plan.paths)} of {len(declaration.fields)} fields, "
        f"{len(plan.asks)} of {len(declaration.sources)} sources, {stages} stages, "
        f"{declaration.budget_ms} ms"
    )
    asked = {ask.source.name for ask in plan.asks}
    not_asked = sorted(declaration.sources.keys() - asked)
    lines = [head, *_branch(plan, plan.root, "", "")]
    if not_asked:
        lines.append(f"not asked: {', '.join(not_asked)}")
    return "\n".join(lines)


def _branch(plan: Plan, ask: Ask, first: str, rest: str) -> Iterator[str]:
    below = plan.below(ask.source.name)
    yield f"{first}{ask.source.name}  ({', '.join(_facts(ask))})"
    stem = f"{rest}│  " if below else f"{rest}   "
    width = max(len(column) for column in ask.columns)
    for column, why in ask.columns.items():
        yield f"{stem}{column:<{width}}  {', '.join(_WORDS.get(one, one) for one in why)}"
    for place, child in enumerate(below, start=1):
        last = place == len(below)
        yield from _branch(
            plan, child, f"{rest}{'└─ ' if last else '├─ '}", f"{rest}{'   ' if last else '│  '}"
        )


def _facts(ask: Ask) -> Iterator[str]:
    yield f"stage {ask.stage}"
    yield ask.source.access.words
    yield f"by {ask.by}"
    if ask.link is not None and ask.link.many:
        yield "several rows"
    if ask.link is not None and ask.link.required:
        yield "required"
    yield f"{ask.source.timeout_ms} ms"


def plan_body(plan: Plan) -> dict[str, JsonValue]:
    """The plan as one JSON document."""
    return {
        "logische_bron": plan.declaration.name,
        "versie": plan.declaration.version,
        "velden": sorted(plan.paths),
        "tijdbudget_ms": plan.declaration.budget_ms,
        "vragen": [
            {
                "bron": ask.source.name,
                "trap": ask.stage,
                "soort": ask.source.access.words,
                "op": ask.by,
                "van": str(ask.link.origin) if ask.link else None,
                "kolommen": {column: list(why) for column, why in ask.columns.items()},
            }
            for ask in plan.asks
        ],
    }
