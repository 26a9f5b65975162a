# SPDX-License-Identifier: EUPL-1.2
"""The lines of a look: that this person looked, in whose name, and which others were asked.

A look is a line of the person whose data are shown. With a mandate that is the one represented;
the line then names the mandate, and who acts by a pseudonym that only our own log has. Without a
durable line nothing is shown. Source: Logboek Dataverwerkingen, "Gedrag van de applicatie"; hold-
back rules, H12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import structlog

from landschap.gateway.insight.client import Heard, Person
from landschap.logboek.drafts import line_draft
from landschap.logboek.faults import LogUnavailable, QueueFull
from landschap.logboek.payloads import LineEntry, Mandated, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.web.sessions import Session
from landschap.portal.known import Known
from landschap.vocabulary.desk import SOURCE
from landschap.vocabulary.problems import Fault, ProblemError, Refusal
from landschap.vocabulary.tracing import TraceContext

if TYPE_CHECKING:
    from landschap.portal.pages.context import PortalDeps

log = structlog.get_logger(__name__)

LOOK_NAME = "Inwoner bekijkt wie gegevens gebruikte"
MANDATED_NAME = "Gemachtigde bekijkt wie gegevens gebruikte"
DESK_NAME = "Medewerker aan de balie bekijkt wie gegevens gebruikte"
ASK_NAME = "Inwoner vraagt een andere organisatie wie gegevens gebruikte"
LOOK_GROUP = "gebruik"
_NOT_RECORDED = Refusal(
    code="log_unavailable",
    status=503,
    title="Looking can not be recorded now",
    detail="We show data only when we can record that it was shown. Try again in a few minutes.",
    owner="the operator of this service",
    fault=Fault.OURS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A look that is on record: its place in the trace, and the person it is about."""

    deps: PortalDeps
    known: Known
    trace: TraceContext

    @property
    def subjects(self) -> list[bytes]:
        """The pseudonyms of the person whose data are shown, one per living key."""
        return subjects_of(self.deps, self.known)

    @property
    def person(self) -> Person:
        """How others are told who asks; who acts is not told."""
        known = self.known
        return Person(
            bsn=known.whose,
            level=known.level,
            authenticated_at=datetime.fromtimestamp(known.authenticated_at, UTC),
            mandate=mandated_of(known, self.deps.settings.portal.mandate_services),
        )

    async def write_questions(self, heard: Sequence[Heard]) -> None:
        """Record that these organisations were asked. Raises ProblemError as `write_look` does."""
        if heard:
            await _append(self.deps, [self._question(each) for each in heard])

    def _question(self, heard: Heard) -> Draft:
        failed = heard.outcome in {Outcome.FAILED, Outcome.REFUSED}
        entry = msgspec.structs.replace(
            _line(self.deps, self.known, self.trace.child(heard.span_id)),
            parent_span_id=self.trace.span_id,
            name=ASK_NAME,
            started_at=heard.started_at,
            ended_at=heard.ended_at,
            outcome=heard.outcome,
            direction="outgoing",
            peer=heard.peer.number,
            transaction_id=heard.transaction_id,
            grant_hash=heard.grant_hash,
            purpose=heard.purpose or None,
            exception_type=heard.exception_type[:100] or None if failed else None,
        )
        return line_draft(entry, now=heard.ended_at)


async def write_look(
    deps: PortalDeps, session: Session[Known], name: str = "", group: str = LOOK_GROUP
) -> Look:
    """Record that this person looks, at which group of data; returns when it is durable.

    Raises ProblemError (503) when it can not be recorded: then nothing may be shown.
    """
    return await _written(deps, session.known, name, group, Outcome.DELIVERED)


async def write_attempt(deps: PortalDeps, session: Session[Known]) -> None:
    """Record for the person represented that somebody tried to look, and saw nothing."""
    await _written(deps, session.known, "", LOOK_GROUP, Outcome.REFUSED)


def not_recorded(error: Exception) -> ProblemError:
    """What is raised instead of showing what can not be recorded; told in the technical log."""
    log.warning("look not recorded", error=str(error))
    return ProblemError(_NOT_RECORDED)


def subjects_of(deps: PortalDeps, known: Known) -> list[bytes]:
    """The pseudonyms of the person whose data are shown, the newest key last."""
    keys = deps.pseudonym_keys.values()
    return [pseudonym_of(deps, key, known.kind, known.whose) for key in keys]


def mandated_of(
    known: Known, services: Sequence[str], acting: bytes | None = None
) -> Mandated | None:
    """The mandate that is used, as a line and an assertion name it; a visit at the desk is one.

    ``services`` are the names of what a visit is for.
    """
    visit = known.at_desk
    if visit is not None:
        return Mandated(
            source=SOURCE,
            reference=visit.reference,
            services=tuple(services),
            until=datetime.fromtimestamp(visit.until, UTC),
            acting=acting,
        )
    mandate = known.company or known.mandate
    if mandate is None:
        return None
    return Mandated(
        source=mandate.source,
        reference=mandate.reference,
        services=mandate.services,
        until=mandate.until,
        acting=acting,
    )


async def _written(deps: PortalDeps, known: Known, name: str, group: str, outcome: Outcome) -> Look:
    trace = TraceContext(trace_id=new_trace_id(), span_id=new_span_id(), flags=1)
    entry = msgspec.structs.replace(
        _line(deps, known, trace),
        name=_named(known, name),
        outcome=outcome,
        data_groups=(group,),
    )
    await _append(deps, [line_draft(entry, now=entry.ended_at)])
    return Look(deps=deps, known=known, trace=trace)


def _named(known: Known, name: str) -> str:
    if known.at_desk is not None:
        return f"{name}, aan de balie" if name else DESK_NAME
    return name or (MANDATED_NAME if known.acting else LOOK_NAME)


def _line(deps: PortalDeps, known: Known, trace: TraceContext) -> LineEntry:
    """What all lines of a look share, as of now."""
    now = datetime.now(UTC)
    key_id, key = list(deps.pseudonym_keys.items())[-1]
    acting = pseudonym_of(deps, key, *known.acting) if known.acting else None
    return LineEntry(
        trace_id=trace.trace_id,
        span_id=trace.span_id,
        name=LOOK_NAME,
        started_at=now,
        ended_at=now,
        controller=deps.settings.organisation.oin.value,
        outcome=Outcome.DELIVERED,
        system=f"landschap-portal/{deps.version}",
        activity=deps.look_activity,
        subject=pseudonym_of(deps, key, known.kind, known.whose),
        subject_type=f"{deps.pseudonym_space}/{known.kind}/{key_id}",
        key_id=key_id,
        data_groups=(LOOK_GROUP,),
        mandate=mandated_of(known, deps.settings.portal.mandate_services, acting),
    )


async def _append(deps: PortalDeps, drafts: Sequence[Draft]) -> None:
    try:
        await deps.writer.append(drafts)
    except (LogUnavailable, QueueFull) as error:
        raise not_recorded(error) from None


def acting_of(deps: PortalDeps, known: Known) -> bytes | None:
    """The pseudonym of who acts for another; None for the person itself."""
    key = list(deps.pseudonym_keys.values())[-1]
    return pseudonym_of(deps, key, *known.acting) if known.acting else None


def pseudonym_of(deps: PortalDeps, key: bytes, kind: str, number: str) -> bytes:
    """What stands for a person or company under a key."""
    return subject_pseudonym(key, deps.settings.organisation.oin, kind, number)
