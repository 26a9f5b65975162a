# SPDX-License-Identifier: EUPL-1.2
"""The chain a question stands in: read from a log, told in words, and held against other logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from landschap.gateway.tracing.explained import decision_parts
from landschap.logboek.records import Record
from landschap.purposes.chain_review import Declared, Finding, Word, declared_in, hops_of
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What came of comparing one trace in some logs; ``logs`` are the OINs of these.

    ``unsigned`` are those of a copy that nobody signed: that it is theirs is not proved.
    """

    trace_id: str
    logs: tuple[str, ...]
    declared: tuple[Declared, ...]
    findings: tuple[Finding, ...]
    unsigned: tuple[str, ...] = ()

    @property
    def harmed(self) -> bool:
        """True when somebody did not keep to the chain."""
        return any(each.word.is_harm for each in self.findings)

    @property
    def whole(self) -> bool:
        """True when everything could be compared."""
        return all(each.word is not Word.UNSEEN for each in self.findings)

    def as_json(self, names: Mapping[str, str]) -> dict[str, JsonValue]:
        """For a program."""
        return {
            "traceId": self.trace_id,
            "logs": list(self.logs),
            "unsigned": list(self.unsigned),
            "harmed": self.harmed,
            "whole": self.whole,
            "hops": [hop_json(each) for each in hops_of(self.declared)],
            "findings": [
                {
                    "word": each.word.value,
                    "declaration": str(each.about.claims.jti),
                    "whom": each.whom,
                    "name": names.get(each.whom),
                    "what": each.what,
                }
                for each in self.findings
            ],
        }


def declared_by(owner: str, records: Iterable[Record]) -> list[Declared]:
    """The declarations that the records of one log hold. What was no declaration is left out."""
    found = []
    for record in records:
        request, response, _ = decision_parts(record.content())
        context = response.get("context")
        code = str(context.get("code") or "") if isinstance(context, Mapping) else ""
        if code.startswith("declaration_"):
            continue
        permitted = response.get("decision") is True
        one = declared_in(owner, str(record.record_id), request, permitted=permitted)
        if one is not None:
            found.append(one)
    return found


def chain_words(declared: Sequence[Declared], names: Mapping[str, str]) -> Iterator[str]:
    """The hops that these declarations show, from the origin down; nothing without a chain."""
    hops = hops_of(declared)
    if not any(each.claims.follows for each in hops):
        return
    known = {each.digest for each in hops}
    yield "\nChain"
    for hop in hops:
        follows = hop.claims.follows
        if follows is not None and follows.digest not in known:
            before = (
                f"  {follows.depth - 1}  {_name(follows.issuer, names)}: {follows.purpose}"
                f" (declaration {follows.jti})"
            )
            yield before
            yield f"     by what {_name(hop.claims.issuer, names)} says; it stands in their logs"
        claims = hop.claims
        yield (
            f"  {hop.depth}  {_name(claims.issuer, names)} asked {_name(claims.audience, names)}: "
            f"{claims.purpose} ({claims.service}, declaration {claims.jti})"
        )
        if follows is not None:
            yield f"     to answer {follows.jti}; purpose at the origin {follows.origin}"
            yield f"     hash of the declaration before {follows.digest}"


def finding_words(findings: Iterable[Finding], names: Mapping[str, str]) -> Iterator[str]:
    """What was found, one line each; what could not be compared says whom to ask."""
    for each in findings:
        claims = each.about.claims
        about = f"hop {each.about.depth}, declaration {claims.jti}"
        who = _name(each.whom, names)
        if each.word is Word.UNSEEN:
            yield f"  {each.word.value}: {about}: ask {who}: {each.what}"
        else:
            yield f"  {each.word.value}: {about}: {who}: {each.what}"


def hop_json(hop: Declared) -> dict[str, JsonValue]:
    """One hop for a program."""
    claims, follows = hop.claims, hop.claims.follows
    return {
        "depth": hop.depth,
        "issuer": claims.issuer,
        "audience": claims.audience,
        "service": claims.service,
        "purpose": claims.purpose,
        "declaration": str(claims.jti),
        "hash": hop.digest,
        "permitted": hop.permitted,
        "record": hop.record,
        "recordedBy": hop.owner,
        "follows": follows.recorded() if follows else None,
    }


def _name(peer: str, names: Mapping[str, str]) -> str:
    return f"{names[peer]} ({peer})" if peer in names else peer
