# SPDX-License-Identifier: EUPL-1.2
"""What an import gives: files of the register, files that wait for a person, and the match report.

    ingelezen.toml               activities that are whole, with the purposes and grounds they need
    inlezen/onvolledig.toml      activities that lack something; each says what
    inlezen/al-bekend.toml       activities of which the register holds one with the same name
    inlezen/kolommen.toml        which column was read as what, to correct and give again
    inlezen/verslag.md           the report

What stands in ``inlezen`` is not applied: only the .toml files of the folder itself are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from landschap.purposes.importing.columns import KNOWN, Columns
from landschap.purposes.importing.drafting import Draft, Drafting
from landschap.purposes.writing import commented, keys_of, quoted, table_text, toml_of
from landschap.vocabulary.ijson import JsonValue

ASIDE = "inlezen"
_LICENCE = "# SPDX-License-Identifier: EUPL-1.2\n"
_MOST = 2_000
"""Rows told one by one in the report; the files hold all of them."""
_KEY_OF_MISSING = {"grondslag": "grondslagen"}


def files_of_import(made: Drafting, source: str, read_as: str) -> dict[str, str]:
    """Everything to write, path below the folder -> text."""
    by_outcome: dict[str, list[Draft]] = {"new": [], "incomplete": [], "known": []}
    for draft in made.drafts:
        by_outcome[draft.outcome].append(draft)
    files = {
        f"{ASIDE}/kolommen.toml": columns_file(made.columns),
        f"{ASIDE}/verslag.md": "\n".join(report_lines(made, source, read_as)) + "\n",
    }
    if by_outcome["new"]:
        head = commented([f"Read from {source}; look at every line with CHECK."])
        parts = [_remarks(each) + table_text("activities", each.activity)
                 for each in by_outcome["new"]]  # fmt: skip
        needed = _needed(made, by_outcome["new"])
        files["ingelezen.toml"] = _LICENCE + "\n".join([head, *needed, *parts])
    for outcome, name, words in (
        (
            "incomplete",
            "onvolledig",
            "Fill in what is missing, then move the entry to ingelezen.toml.",
        ),
        ("known", "al-bekend", "The register holds one of the same name; compare them."),
    ):
        if by_outcome[outcome]:
            parts = [_aside_entry(each) for each in by_outcome[outcome]]
            parts = [*_needed(made, by_outcome[outcome], but=by_outcome["new"]), *parts]
            files[f"{ASIDE}/{name}.toml"] = _LICENCE + commented([words]) + "\n" + "\n".join(parts)
    return files


def columns_file(columns: Columns) -> str:
    """The mapping that was used, as a file that can be given again."""
    lines = ["[kolommen]", *(f"{k} = {quoted(name)}" for k, name in columns.by_key.items())]
    left = [f"not used: {name}" for name in columns.left]
    return _LICENCE + "\n".join(lines) + "\n" + commented(left)


def _needed(made: Drafting, drafts: Sequence[Draft], *, but: Sequence[Draft] = ()) -> Iterator[str]:
    """The list, purposes and grounds that these drafts need, without those written already."""
    used, there = _named_by(drafts), _named_by(but)
    purposes = [each for uri, each in made.purposes.items() if uri in used - there]
    own = made.scheme.uri
    has_list = own in {each.uri for each in made.register.schemes} or there & set(made.purposes)
    if purposes and not has_list:
        yield table_text("schemes", made.scheme)
    yield from (table_text("purposes", each) for each in purposes)
    for name, basis in made.bases.items():
        if name in used - there:
            yield table_text("legal_bases", basis)


def _named_by(drafts: Sequence[Draft]) -> set[str]:
    named = {str(each.values.get("purpose", "")) for each in drafts}
    for each in drafts:
        bases = each.values.get("legal_bases", ())
        named |= set(bases) if isinstance(bases, tuple) else set()
    return named


def _remarks(draft: Draft) -> str:
    return commented([
        f"row {draft.row}",
        *(f"MISSING: {key}" for key in draft.missing),
        *(f"CHECK: {words}" for words in draft.look),
        *(f"column {name}: {cell}" for name, cell in draft.kept.items()),
    ])  # fmt: skip


def _aside_entry(draft: Draft) -> str:
    """What is known of an activity, with a place for each key that lacks."""
    keys = keys_of("activities")
    lines = ["[[activiteit]]"]
    for name, key in keys.items():
        value = draft.values.get(name)
        if value in (None, "", (), False):
            continue
        if name == "valid":
            lines.append(f"geldig_vanaf = {value.since}")  # type: ignore[attr-defined]
        else:
            lines.append(f"{key} = {toml_of(value)}")
    lines += [f"# {_KEY_OF_MISSING.get(key, key)} = " for key in draft.missing]
    known = [f"is in the register as {draft.known_as}"] if draft.known_as else []
    return commented(known) + _remarks(draft) + "\n".join(lines) + "\n"


def report_lines(made: Drafting, source: str, read_as: str) -> Iterator[str]:
    """The match report for people, in Markdown."""
    count = Counter(each.outcome for each in made.drafts)
    yield f"# Report of the import of {source}"
    yield ""
    yield f"{read_as}. {len(made.drafts)} rows."
    yield ""
    yield f"- {count['new']} whole: in `ingelezen.toml`"
    yield f"- {count['incomplete']} incomplete: in `{ASIDE}/onvolledig.toml`"
    yield f"- {count['known']} known already: in `{ASIDE}/al-bekend.toml`"
    yield ""
    yield from _columns_told(made.columns)
    yield from _missing_told(made.drafts)
    yield "## Rows"
    yield ""
    for draft in made.drafts[:_MOST]:
        yield from _row_told(draft)
    if len(made.drafts) > _MOST:
        rest = len(made.drafts) - _MOST
        yield f"The other {rest} rows are in the files, with their remarks."


def _columns_told(columns: Columns) -> Iterator[str]:
    yield "## Columns"
    yield ""
    for key, name in columns.by_key.items():
        score = columns.guessed.get(key)
        how = "declared" if score is None else "same" if score == 1 else f"alike, {score:.0%}"
        yield f"- {_one_line(name)}: {key} ({how})"
    for name in columns.left:
        near = columns.nearest.get(name)
        hint = f"; most like {near}" if near else ""
        yield f"- {_one_line(name)}: not used, kept as comment{hint}"
    lacking = [key for key in KNOWN if key not in columns.by_key]
    yield f"- no column for: {', '.join(lacking) or 'nothing'}"
    yield ""


def _missing_told(drafts: Sequence[Draft]) -> Iterator[str]:
    missing = Counter(key for each in drafts for key in each.missing)
    if missing:
        yield "## What is missing"
        yield ""
        for key, times in missing.most_common():
            yield f"- {key}: in {times} rows"
        yield ""


def _row_told(draft: Draft) -> Iterator[str]:
    outcome = {"new": "whole", "incomplete": "incomplete", "known": "known"}[draft.outcome]
    yield f"### Row {draft.row}: {_one_line(draft.name) or '(no name)'} ({outcome})"
    yield ""
    if draft.known_as:
        yield f"- is in the register as {draft.known_as}"
    for key, words in draft.matched.items():
        yield f"- {key}: {_one_line(words)}"
    for key in draft.missing:
        yield f"- missing: {key}"
    for words in draft.look:
        yield f"- check: {_one_line(words)}"
    for name in draft.kept:
        yield f"- kept as comment: {_one_line(name)}"
    yield ""


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def report_json(made: Drafting, read_as: str) -> Mapping[str, JsonValue]:
    """The match report for a program; every row."""
    return {
        "readAs": read_as,
        "columns": dict(made.columns.by_key),
        "columnsLeft": [
            {"column": name, "nearest": made.columns.nearest.get(name)}
            for name in made.columns.left
        ],
        "purposesAdded": sorted(made.purposes),
        "legalBasesAdded": sorted(made.bases),
        "rows": [
            {
                "row": each.row, "name": each.name, "outcome": each.outcome,
                "uri": str(each.values["uri"]), "knownAs": each.known_as or None,
                "matched": dict(each.matched), "missing": list(each.missing),
                "look": list(each.look), "kept": dict(each.kept),
            }
            for each in made.drafts
        ],
    }  # fmt: skip
