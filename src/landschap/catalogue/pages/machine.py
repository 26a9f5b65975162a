# SPDX-License-Identifier: EUPL-1.2
"""An API as JSON, by stable names."""

from __future__ import annotations

from typing import Any

from landschap.catalogue.criteria import Criteria
from landschap.catalogue.needs import Need
from landschap.catalogue.phases import Standing
from landschap.catalogue.store import Shown
from landschap.gateway.measured import Measured
from landschap.vocabulary.times import as_utc_text


def api_json(api: Shown, standing: Standing) -> dict[str, Any]:
    """What a list says of an API. To whom it is shown is not told."""
    return {
        "name": api.name,
        "title": api.title,
        "version": api.version,
        "organisation": api.organisation,
        "summary": api.summary,
        "score": api.score,
        "findings": api.findings,
        "seenAt": as_utc_text(api.seen_at),
        "lifecycle": {
            "phase": standing.phase,
            "deprecated": str(standing.deprecated) if standing.deprecated else None,
            "sunset": str(standing.sunset) if standing.sunset else None,
            "successor": standing.successor or None,
        },
    }


def criteria_json(criteria: Criteria) -> dict[str, Any]:
    """What is asked of who wants to use it; null is not said."""
    purposes = criteria.purposes
    return {
        "access": criteria.access or None,
        "means": list(criteria.means),
        "certificate": criteria.needs_certificate,
        "contract": criteria.needs_contract,
        "purposes": None
        if purposes is None
        else [{"uri": each.uri, "level": each.level or None} for each in purposes],
        "level": criteria.level or None,
        "personalData": criteria.personal,
        "fsc": {"peerId": criteria.provider, "service": criteria.service}
        if criteria.service
        else None,
    }


def measured_json(measured: Measured | None) -> dict[str, Any] | None:
    """How a service answered over a period; null when nothing was asked of it."""
    if measured is None:
        return None
    return {
        "since": str(measured.since),
        "until": str(measured.until),
        "answers": measured.answers,
        "failed": measured.failed,
        "share": round(measured.share, 6),
        "p95Ms": measured.p95_ms,
    }


def need_json(need: Need) -> dict[str, Any]:
    """One criterion, and how it stands for our organisation."""
    return {
        "kind": need.kind.value,
        "state": need.state.value,
        "what": list(need.what),
        "until": as_utc_text(need.until) if need.until else None,
    }
