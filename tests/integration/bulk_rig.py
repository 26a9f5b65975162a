# SPDX-License-Identifier: EUPL-1.2
"""Both ways to the same records: one object at a time, and all of them as sets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.integration.small import MOMENT

from landschap.integration.answer import gaps_body, release
from landschap.integration.bulk.assembling import GAPS, Leaving, records_of
from landschap.integration.bulk.compiling import Statement, statement
from landschap.integration.bulk.dialects import DUCKDB, Dialect
from landschap.integration.bulk.relational import Table, relational
from landschap.integration.connectors.bulk.engine import Begin, Limits, opened
from landschap.integration.connectors.bulk.gathering import Gathered, code_tables
from landschap.integration.connectors.bulk.staging import Stage, view_of
from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.deriving import with_derived
from landschap.integration.merge import merge
from landschap.integration.obliging import obeyed
from landschap.integration.permitted_rows import within
from landschap.integration.plan import Plan, make_plan
from landschap.integration.rows import Connector, Moment, Reason, Row, batch_of, key_text
from landschap.purposes.duties import NO_DUTIES, Duties
from landschap.purposes.rows import RowCondition

Rows = Mapping[str, Sequence[Row] | Reason]


def leaving(
    plan: Plan,
    moment: Moment = MOMENT,
    rows: tuple[RowCondition, ...] = (),
    duties: Duties = NO_DUTIES,
    chosen: frozenset[str] | None = None,
) -> Leaving:
    """How records leave when nothing more is said."""
    return Leaving(
        plan=plan, chosen=chosen or plan.paths, day=moment.valid_on, rows=rows, duties=duties
    )


def staged(plan: Plan, rows: Rows, folder: Path) -> Gathered:
    """Rows in memory as tables."""
    tables: dict[str, Table] = {}
    views: dict[str, str] = {}
    for place, ask in enumerate(plan.asks):
        name, source = f"t{place}", ask.source.name
        given = rows[source]
        if isinstance(given, Reason):
            tables[source] = Table(source=source, name=name, failure=given)
            continue
        leads = {e.link.origin.name: e.link.splits for e in plan.below(source) if e.link}
        columns = tuple(dict.fromkeys((ask.by, *ask.columns)))
        file = folder / f"{name}.parquet"
        with Stage(file, source, by=ask.by, columns=columns, leads=leads) as stage:
            stage.add(given)
        keys = [key_text(row.values.get(ask.by)) for row in given]
        known = [key for key in keys if key]
        tables[source] = replace(stage.table(name), unique=len(set(known)) == len(known))
        views[name] = view_of(file)
    for ask in plan.asks:
        if ask.link and tables[ask.link.origin.source].failure is not None:
            tables[ask.source.name] = replace(tables[ask.source.name], failure=Reason.DEPENDS)
    codes = code_tables(plan, folder, views)
    return Gathered(tables=tables, views=views, files={}, codes=codes)


def compiled(plan: Plan, found: Gathered, dialect: Dialect = DUCKDB) -> Statement:
    """The statement of a plan over these tables."""
    return statement(relational(plan), found.tables, dialect, found.codes)


class Engine:
    """The embedded engine in this process, for tables in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened = opened(
            Begin(folder=folder, limits=Limits(memory_mb=512, threads=1), views={})
        )

    def rows(self, sql: str, views: Mapping[str, str]) -> list[dict[str, Any]]:
        """The rows of a statement over these relations."""
        for name, each in views.items():
            self._opened.execute(f"CREATE OR REPLACE VIEW {name} AS {each}")
        found: list[dict[str, Any]] = self._opened.sql(sql).to_arrow_table().to_pylist()
        return found

    def records(self, how: Leaving, found: Gathered) -> list[dict[str, Any]]:
        """Every record, as it leaves."""
        made = compiled(how.plan, found)
        rows = self.rows(made.sql, found.views)
        return [dict(each) for each in records_of(rows, made, how).records]

    def close(self) -> None:
        """End it."""
        self._opened.close()


async def single(
    how: Leaving, key: str, doors: Mapping[str, Connector], moment: Moment = MOMENT
) -> list[dict[str, Any]]:
    """The records of one object as a question gets them, each with its gaps."""
    collected = await collect(how.plan, key, Occasion(moment=moment), doors)
    return answered(how, collected, moment)


def of_key(how: Leaving, rows: Rows, key: str, moment: Moment = MOMENT) -> list[dict[str, Any]]:
    """As `single`, of rows in memory: all of each source, of which the root only that key."""
    from landschap.integration.rows import Batch, Failure

    collected: dict[str, Batch | Failure] = {}
    for ask in how.plan.asks:
        given = rows[ask.source.name]
        if isinstance(given, Reason):
            collected[ask.source.name] = Failure(given)
            continue
        batch = batch_of(given, ask.by)
        if ask.link is None:
            batch = Batch({key: batch.by_key.get(key, ())})
        collected[ask.source.name] = batch
    return answered(how, collected, moment)


def answered(how: Leaving, collected: Any, moment: Moment) -> list[dict[str, Any]]:
    """What leaves of collected rows."""
    whole = with_derived(how.plan, merge(how.plan, collected), moment.valid_on)
    marks = frozenset({how.duties.mark.path} if how.duties.mark else ())
    seen = within(whole, how.rows, how.chosen | marks)
    merged = within(seen, (), how.chosen)
    body: Mapping[str, Any] = release(merged, moment, how.chosen).body
    if how.duties:
        body = obeyed(body, how.duties, seen)
    found = [dict(each) for each in body["resultaten"]]
    for gap in gaps_body(merged.gaps, how.chosen):
        assert isinstance(gap, dict)
        for number in gap.get("resultaten", ()):
            for name, replaced in (("velden", False), ("vervangen", True)):
                for path in gap.get(name, ()):
                    line = {"bron": gap["bron"], "reden": gap["reden"], "veld": path}
                    found[number].setdefault(GAPS, []).append(
                        {**line, "vervangen": True} if replaced else line
                    )
    return found


def plain(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Records to compare: 5 and 5.0 are one number, and gaps have no order."""
    return sorted(json.dumps(_plain(each), sort_keys=True) for each in records)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        made = {name: _plain(each) for name, each in value.items()}
        if GAPS in made:
            made[GAPS] = sorted(made[GAPS], key=lambda gap: json.dumps(gap, sort_keys=True))
        return made
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def all_fields(declaration: Any) -> Plan:
    """The plan of every field."""
    return make_plan(declaration, declaration.fields)
