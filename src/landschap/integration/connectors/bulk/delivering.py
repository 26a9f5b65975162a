# SPDX-License-Identifier: EUPL-1.2
"""A delivery of an extract: decided, gathered, recorded, and only then written.

All of a logical source is a service of its own, `NAME-bulk`, with policies of its own: who may ask
a question may not by that have everything. The order is the rule: decide, read only what is
permitted, look up who may not be used, write the lines and wait until they are durable, and only
then write rows. No line, no rows.
Source: Logboek Dataverwerkingen, "Gedrag van de applicatie", rules 2 and 5; AVG art. 5 lid 1 sub c.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from landschap.integration.bulk.anonymity import (
    DECLARED,
    InvalidQuestion,
    declaration_of,
    queries,
    report,
)
from landschap.integration.bulk.assembling import Leaving
from landschap.integration.bulk.extracts import Form, Manifest, columns_of
from landschap.integration.connectors.bulk.engine import Job, Limits
from landschap.integration.connectors.bulk.extracting import (
    EngineFailed,
    Extract,
    Places,
    Result,
    draft_of,
    opened_extract,
)
from landschap.integration.connectors.bulk.office import (
    ACTION,
    MANIFEST_ENDING,
    Delivered,
    Office,
    Told,
    Wish,
    decided,
)
from landschap.integration.connectors.opening import Surroundings
from landschap.integration.lines import SYSTEM
from landschap.integration.plan import Plan, make_plan
from landschap.integration.rows import Connector
from landschap.logboek.drafts import refused_draft
from landschap.logboek.faults import LogUnavailable
from landschap.logboek.lines import Processing, lines_of
from landschap.logboek.payloads import AdlEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft
from landschap.platform.ids import new_span_id, span_ids, uuid7
from landschap.platform.trouble import Trouble
from landschap.purposes.decision import Decision
from landschap.purposes.permit import LIFETIME, Permit, closed_history
from landschap.purposes.second_look import stopped
from landschap.registers.answering import guarding
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError


class Delivery:
    """One delivery of an extract."""

    def __init__(self, office: Office, wish: Wish, limits: Limits, work: Path) -> None:
        self.office, self.wish, self.limits, self.work = office, wish, limits, work
        self.transaction: UUID = uuid7()
        self.begun = datetime.now(UTC)
        self._recorded: Processing | None = None

    async def run(
        self, around: Surroundings, doors: Mapping[str, Connector], *, told: Told | None = None
    ) -> Delivered:
        """Deliver. Raises ProblemError when it is refused, and Trouble when it can not be made."""
        told = told or Told()
        decision = await decided(self.office, self.wish, self.begun)
        if not decision.allow:
            await self.office.log.append([self._decision(decision)])
            raise ProblemError(decision.refusal())
        permit = self._permit(decision)
        self._check_history(permit)
        chosen = frozenset(permit.fields) & frozenset(self.wish.declaration.fields)
        if not chosen:
            raise Trouble(
                f"the policy {permit.policy} gives no field that {self.wish.declaration.name} has",
                "name fields of the declaration in the field set of that policy",
            )
        leaving = self._leaving(permit, chosen)
        self._check_geometry(chosen)
        try:
            async with opened_extract(
                leaving, self.wish.moment, around, doors,
                places=Places(work=self.work, out=self.wish.folder),
                limits=self.limits, progress=told.reading,
            ) as extract:  # fmt: skip
                try:
                    left_out = await self._record(extract, decision, permit, chosen)
                    return await self._write(extract, permit, left_out, told)
                except BaseException:
                    await self._say_failed()
                    raise
        except EngineFailed as failed:
            raise Trouble(
                f"no extract: {failed}", "see the log; give it more, or ask less"
            ) from None

    def _permit(self, decision: Decision) -> Permit:
        """What is permitted, in the form in which all of our services know it."""
        activity = decision.activity
        return Permit(
            transaction_id=self.transaction,
            service=self.wish.service,
            method="EXTRACT",
            target=self.wish.service,
            peer=self.wish.receiver,
            purpose=decision.purpose,
            policy=decision.policy,
            snapshot=decision.snapshot,
            activity=activity.uri if activity else "",
            activity_version=activity.version if activity else 0,
            fields=tuple(sorted(decision.visible)),
            searchable=(),
            expires_at=self.begun + LIFETIME,
            rows=decision.rows,
            checks=decision.checks,
            obligations=decision.obligations,
            mark=decision.mark,
            third_party=decision.third_party,
            history=decision.history,
        )

    def _leaving(self, permit: Permit, chosen: frozenset[str]) -> Leaving:
        # What a condition or mark is about is read as well, and goes no further than here.
        extra = {*(each.path for each in permit.rows), *([permit.mark.path] if permit.mark else [])}
        beside = extra & self.wish.declaration.fields.keys()
        plan: Plan = make_plan(self.wish.declaration, chosen | beside)
        return Leaving(
            plan=plan,
            chosen=chosen,
            day=self.wish.moment.valid_on,
            rows=permit.rows,
            duties=guarding(permit.duties(self.office.line_key), self.wish.declaration.derived),
        )

    def _check_history(self, permit: Permit) -> None:
        moment = self.wish.moment
        closed = closed_history(
            permit,
            material="" if moment.today else "--geldig-op",
            formal="" if moment.now else "--beschikbaar-op",
        )
        if closed is not None:
            raise ProblemError(closed)

    def _check_geometry(self, chosen: frozenset[str]) -> None:
        if self.wish.form is Form.GEOJSON and self.wish.geometry not in chosen:
            raise Trouble(
                "GeoJSON needs a field with the geometry, that is permitted",
                f"name it with --geometry; permitted are {', '.join(sorted(chosen))}",
            )

    # The log.
    async def _record(
        self, extract: Extract, decision: Decision, permit: Permit, chosen: frozenset[str]
    ) -> dict[str, int]:
        """Write the decision and the lines; gives how many were left out, by code.

        Raises ProblemError when the log can not be written: then nothing leaves.
        """
        declaration, subject = self.wish.declaration, self.wish.declaration.subject
        if permit.checks and subject is None:
            raise Trouble(
                f"{permit.policy} looks up persons, and this source does not say whose data it is",
                "declare `betrokkene`, or take another policy",
            )
        groups = tuple(dict.fromkeys(declaration.data_group(path) for path in sorted(chosen)))
        first = new_span_id()
        processing = self._processing(permit, groups)
        drafts = [self._decision(decision), *lines_of(processing, [], iter([first]))]
        await self.office.log.append(drafts)
        self._recorded = replace(processing, parent=first, outcome=Outcome.FAILED)
        await extract.look()
        codes: dict[str, int] = {}
        if permit.checks:
            blocked: list[str] = []
            async for numbers in extract.subjects():
                against = await self._against(permit, numbers)
                blocked += against
                for code in against.values():
                    codes[code] = codes.get(code, 0) + 1
            extract.leave_out(blocked)
        below = replace(processing, parent=first)
        async for numbers in extract.subjects():
            found = self._pseudonyms(self.office.line_key, numbers)
            await self.office.log.append(
                [line for each in found for line in lines_of(below, [each], span_ids())]
            )
        return codes

    async def _say_failed(self) -> None:
        """Say in the log, below the line of the extract, that nothing was delivered after all."""
        if self._recorded is not None:
            now = max(datetime.now(UTC), self.begun)
            lines = lines_of(replace(self._recorded, ended_at=now), [], span_ids())
            # The log may be what failed; then it says too much, and never too little.
            with contextlib.suppress(LogUnavailable):
                await self.office.log.append(lines)

    async def _against(self, permit: Permit, numbers: Iterable[str]) -> dict[str, str]:
        """Per number that may not be used: the code why."""
        if not permit.checks:
            return {}
        listed = sorted(numbers)
        by_subject = dict(
            zip(self._pseudonyms(self.office.pseudonym_key, listed), listed, strict=True)
        )
        codes = await stopped(permit, list(by_subject), self.office.persons)
        return {by_subject[subject]: code for subject, code in codes.items()}

    def _pseudonyms(self, key: bytes, numbers: Iterable[str]) -> list[bytes]:
        subject = self.wish.declaration.subject
        assert subject is not None  # noqa: S101  # else there are no numbers
        try:
            return [
                subject_pseudonym(key, self.office.controller, subject.kind, number)
                for number in numbers
            ]
        except InvalidValue:
            raise Trouble(
                f"a number in {subject.column} is no {subject.kind}: nobody could be told of it",
                f"correct the rows of {subject.column.source}; nothing was written",
            ) from None

    def _processing(self, permit: Permit, groups: tuple[str, ...]) -> Processing:
        declaration, moment = self.wish.declaration, self.wish.moment
        kind = declaration.subject.kind if declaration.subject else ""
        return Processing(
            permit=permit,
            system=SYSTEM,
            controller=self.office.controller.value,
            name=f"{declaration.title or declaration.name}: extract",
            trace_id=self.transaction.bytes,
            parent=None,
            started_at=self.begun,
            ended_at=max(datetime.now(UTC), self.begun),
            outcome=Outcome.DELIVERED,
            data_groups=groups,
            key_id=self.office.key_id,
            subject_type=f"{self.office.pseudonym_space}/{kind}/{self.office.key_id}",
            valid_on=moment.valid_on,
            known_at=moment.known_at,
            direction="own" if permit.peer == self.office.controller.value else "incoming",
        )

    def _decision(self, decision: Decision) -> Draft:
        """The decision, allowed or not. Source: Authorization Decision Log, "Logrecord"."""
        wish = self.wish
        context = {"code": decision.code} if decision.code else {"policy": decision.policy}
        entry = AdlEntry(
            trace_id=self.transaction.bytes,
            span_id=new_span_id(),
            at=self.begun,
            transaction_id=self.transaction,
            references={"adl.core.policies": {"purposes": decision.snapshot}},
            body={
                "adl.core.request": {
                    "subject": {"type": "organisation", "id": wish.receiver},
                    "action": {"name": ACTION},
                    "resource": {"type": "service", "id": wish.service},
                    "context": {"purpose": wish.purpose, "fields": list(wish.fields or ())},
                },
                "adl.core.response": {"decision": decision.allow, "context": context},
            },
        )
        return refused_draft(entry, peer=wish.receiver, service=wish.service)

    # The file.
    async def _write(
        self, extract: Extract, permit: Permit, left_out: Mapping[str, int], told: Told
    ) -> Delivered:
        wish, leaving = self.wish, extract.leaving
        outputs = extract.statement().outputs
        columns = columns_of(leaving.plan, outputs, leaving.chosen, leaving.duties)
        beside = wish.file.with_name(f"{wish.file.name}{MANIFEST_ENDING}")
        draft = draft_of(beside)
        try:
            async with extract.written(
                columns, wish.form, wish.file, geometry=wish.geometry, progress=told.writing
            ) as (partly, result):
                k = await self._anonymous(extract, partly)
                manifest = self._manifest(leaving, permit, result, left_out, k)
                text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
                draft.write_text(text, "utf-8")
            draft.replace(beside)
        finally:
            draft.unlink(missing_ok=True)
        return Delivered(file=wish.file, manifest=manifest, result=result)

    def _manifest(
        self, leaving: Leaving, permit: Permit, result: Result, left_out: Mapping[str, int], k: int
    ) -> dict[str, JsonValue]:
        wish = self.wish
        if result.left_out:
            left_out = {**left_out, "row_mismatch": result.left_out}
        manifest = Manifest(
            declaration=wish.declaration,
            declaration_sha256=wish.declaration_sha256,
            models=wish.models,
            form=wish.form,
            fields=tuple(path for path in wish.declaration.fields if path in leaving.chosen),
            purpose=permit.purpose,
            policy=permit.policy,
            receiver=permit.receiver,
            moment=wish.moment,
            transaction=str(self.transaction),
            file=wish.file.name,
            engine="duckdb",
            key_id=self.office.key_id if leaving.duties.obligations else 0,
            left_out=left_out,
        ).as_json(result.rows, result.sha256, result.gaps)
        if wish.anonymous is not None:
            manifest[DECLARED] = declaration_of(wish.anonymous, k)
        return manifest

    async def _anonymous(self, extract: Extract, file: Path) -> int:
        """The k of what was written. Raises Trouble when it is too low, and what the engine does:
        then no file is left.
        """
        question = self.wish.anonymous
        if question is None:
            return 0
        try:
            asked = queries(question, self.wish.form, str(file))
            found = report(question, await extract.engine.run(Job(queries=asked)))
        except InvalidQuestion as error:
            raise Trouble(str(error), "name fields of the extract with --quasi") from None
        if not found.holds:
            raise Trouble(
                f"k is {found.k}, below {question.least}: {found.rows_below:,} rows stand in "
                "groups that are too small; no file was left",
                "make fields coarser (pc4, geboortejaar, klasse), or leave one out",
            )
        return found.k
