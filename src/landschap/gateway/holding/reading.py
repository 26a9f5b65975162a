# SPDX-License-Identifier: EUPL-1.2
"""Reading what a held service says of itself; every mistake is told, with the nearest name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping

from landschap.gateway.holding import model
from landschap.gateway.holding.brp import KEYS, Brp, read_brp
from landschap.gateway.holding.model import Access, Hold
from landschap.gateway.holding.places import (
    InvalidPlace,
    answer_shapes,
    question_shape,
    steps_of,
)
from landschap.gateway.holding.questions import ANY_SEGMENT
from landschap.gateway.holding.reading_steps import read_history, read_steps

TABLES = ("hold", "velden", "zoeken", "namespaces", "access", "brp", "stap", "historie")
"""The tables of a service's file that only a held service has."""

LIMITS = ("answer_bytes", "answer_seconds", "concurrent")
_HOLD = ("form", "paths", "records", "persons", "kind", "free", "keep", "ignore", "fields")
_ACCESS = ("header", "secret_file", "certificate", "key", "trust_anchors")
_KINDS = ("bsn", "kvk", "rsin", "vestiging", "a-nummer", "v-nummer")
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*")
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+|\{(\*|[A-Za-z_][A-Za-z0-9_.-]*)\}")
_PARAMETER = re.compile(r"\?[A-Za-z_][A-Za-z0-9_.\[\]-]{0,63}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
# Of what is cut no earlier form can be compared, and nothing comes in pieces.
_CONDITIONAL = ("if-", "range", "accept-encoding")

Wrong = Callable[[str, str], None]


def read_hold(tree: Mapping[str, object], headers: Iterable[str], wrong: Wrong) -> Hold | None:
    """The ``hold`` part of a file; None with at least one mistake told to ``wrong``."""
    reading = _Reading(tree, wrong)
    found = reading.hold()
    for each in headers:
        if each.lower().startswith(_CONDITIONAL):
            reading.tell("headers", f"{each} has no meaning for an answer that is cut (hold)")
    return None if reading.has_mistakes else found


def refuse_tables(tree: Mapping[str, object], wrong: Wrong) -> None:
    """Tell of tables that stand in the file of a service that is not held."""
    for name in TABLES:
        if name in tree:
            wrong(name, 'only with recording = "hold"')


class _Reading:
    def __init__(self, tree: Mapping[str, object], wrong: Wrong) -> None:
        self._tree = tree
        self._wrong = wrong
        self.has_mistakes = False

    def tell(self, key: str, message: str) -> None:
        self.has_mistakes = True
        self._wrong(key, message)

    def hold(self) -> Hold:
        own = self._table("hold", _HOLD)
        if "hold" not in self._tree:
            self.tell("hold", 'is missing: recording = "hold" needs it, with [velden]')
        form = self._choice(own, "form", model.FORMS)
        fields = self._places("velden")
        if not fields:
            self.tell("velden", "is missing: without a place per field nothing can be cut")
        found = Hold(
            form=form,
            paths=self._paths(own, fields),
            records=self._texts(own, "hold.records", default=("",)),
            persons=self._persons(own, fields),
            fields=fields,
            kind=self._choice(own, "kind", _KINDS, default="bsn"),
            searches=self._searches(fields),
            free=self._texts(own, "hold.free"),
            keep=self._texts(own, "hold.keep"),
            ignore=self._texts(own, "hold.ignore"),
            fields_parameter=self._fields_parameter(own),
            namespaces=self._namespaces(),
            access=self._access(),
            brp=self._brp(),
            steps=read_steps(self._tree, form, self.tell),
            history=read_history(self._tree, self.tell),
            answer_bytes=self._limit(
                "answer_bytes", model.DEFAULT_ANSWER_BYTES, model.MOST_ANSWER_BYTES
            ),
            answer_seconds=self._limit(
                "answer_seconds", model.DEFAULT_ANSWER_SECONDS, model.MOST_ANSWER_SECONDS
            ),
            concurrent=self._limit("concurrent", model.DEFAULT_CONCURRENT, model.MOST_CONCURRENT),
        )
        self._check_parameters(found)
        if not self.has_mistakes:
            self._check_places(found)
        return found

    def _check_parameters(self, hold: Hold) -> None:
        every = [*hold.free, *(place for places in hold.searches.values() for place in places)]
        for place in every:
            if place.startswith("?") and not _PARAMETER.fullmatch(place):
                self.tell("zoeken", f"{place[:80]!r} is no parameter such as ?naam")

    def _check_places(self, hold: Hold) -> None:
        """Each place by itself, then all together: two may not be one."""
        for path, places in hold.fields.items():
            for place in places:
                try:
                    steps_of(place, hold.form, hold.namespaces)
                except InvalidPlace as error:
                    self.tell(f"velden.{path}", str(error))
        if self.has_mistakes:
            return
        for key, make in (("hold.records", answer_shapes), ("zoeken", question_shape)):
            try:
                make(hold)
            except InvalidPlace as error:
                self.tell(key, str(error))

    def _paths(
        self, own: Mapping[str, object], fields: Mapping[str, tuple[str, ...]]
    ) -> tuple[str, ...]:
        found = self._texts(own, "hold.paths")
        if not found:
            self.tell("hold.paths", 'is missing; a list such as ["/personen/{bsn}"]')
        for path in found:
            if not path.startswith("/"):
                self.tell("hold.paths", f"{path[:80]!r} does not begin with /")
            for segment in path[1:].split("/") if path != "/" else ():
                named = _SEGMENT.fullmatch(segment)
                if named is None:
                    self.tell("hold.paths", f"{segment[:40]!r} is no segment, {{field}} or {{*}}")
                elif named[1] and named[1] != ANY_SEGMENT:
                    self._known("hold.paths", named[1], fields)
        return found

    def _persons(
        self, own: Mapping[str, object], fields: Mapping[str, tuple[str, ...]]
    ) -> tuple[str, ...]:
        found = self._texts(own, "hold.persons")
        if not found:
            self.tell("hold.persons", "is missing; the fields that hold the number of a person")
        for path in found:
            self._known("hold.persons", path, fields)
        return found

    def _searches(self, fields: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        found = self._places("zoeken")
        for path in found:
            self._known(f"zoeken.{path}", path, fields)
        return found

    def _known(self, key: str, path: str, fields: Iterable[str]) -> None:
        known = sorted(fields)
        if path in known:
            return
        near = difflib.get_close_matches(path, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
        self.tell(key, f"{path[:80]!r} is not in [velden]; {hint}")

    def _places(self, name: str) -> Mapping[str, tuple[str, ...]]:
        given = self._tree.get(name, {})
        if not isinstance(given, Mapping):
            self.tell(name, 'a table such as "naam.achternaam" = "/naam/achternaam"')
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for path, places in _flat(given):
            if not _PATH.fullmatch(path):
                self.tell(f"{name}.{path}", "no path of a field")
            several = [places] if isinstance(places, str) else places
            is_list = isinstance(several, list) and all(isinstance(each, str) for each in several)
            if not isinstance(several, list) or not is_list or not several:
                self.tell(f"{name}.{path}", "a place, or a list of places")
                continue
            found[path] = tuple(several)
        return found

    def _namespaces(self) -> Mapping[str, str]:
        given = self._tree.get("namespaces", {})
        if isinstance(given, Mapping) and all(isinstance(each, str) for each in given.values()):
            return {str(prefix): str(uri) for prefix, uri in given.items()}
        self.tell("namespaces", 'a table such as b = "http://www.egem.nl/StUF/..."')
        return {}

    def _access(self) -> Access:
        given = self._table("access", _ACCESS)
        for key, value in given.items():
            if not isinstance(value, str) or not value:
                self.tell(f"access.{key}", "expected text")
                return Access()
        found = Access(**{key: str(given[key]) for key in _ACCESS if key in given})
        if bool(found.header) != bool(found.secret_file):
            self.tell("access", "header and secret_file go together")
        if found.header and not _HEADER.fullmatch(found.header):
            self.tell("access.header", "no name of a header")
        if bool(found.certificate) != bool(found.key):
            self.tell("access", "certificate and key go together")
        return found

    def _brp(self) -> Brp | None:
        if "brp" not in self._tree:
            return None
        return read_brp(self._table("brp", KEYS), self.tell)

    def _fields_parameter(self, own: Mapping[str, object]) -> str:
        given = own.get("fields", "")
        if isinstance(given, str) and (not given or _PARAMETER.fullmatch(f"?{given}")):
            return given
        self.tell("hold.fields", "the name of a query parameter")
        return ""

    def _limit(self, key: str, default: int, most: int) -> int:
        limits = self._tree.get("limits", {})
        given = limits.get(key, default) if isinstance(limits, Mapping) else default
        if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= most:
            return given
        self.tell(f"limits.{key}", f"a whole number from 1 to {most}")
        return default

    def _table(self, name: str, known: tuple[str, ...]) -> Mapping[str, object]:
        given = self._tree.get(name, {})
        if not isinstance(given, Mapping):
            self.tell(name, f"a table with {', '.join(known)}")
            return {}
        for key in given:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                self.tell(f"{name}.{key}", f"unknown key; {hint}")
        return given

    def _texts(
        self, own: Mapping[str, object], key: str, *, default: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        given = own.get(key.rpartition(".")[2], list(default))
        if isinstance(given, list) and all(isinstance(each, str) for each in given):
            return tuple(given)
        self.tell(key, "a list of texts")
        return ()

    def _choice(
        self, own: Mapping[str, object], key: str, values: tuple[str, ...], default: str = ""
    ) -> str:
        given = own.get(key, default)
        if given in values:
            return str(given)
        words = f"one of {', '.join(values)}"
        self.tell(f"hold.{key}", f"is missing; {words}" if given == "" else words)
        return values[0]


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    """Paths with their places; ``a.b = ...`` without quotes is a table within a table."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
