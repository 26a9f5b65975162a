# SPDX-License-Identifier: EUPL-1.2
"""Make the demo's data from the full public sets.

    python tools/make_demo_data.py ../shared/data

Takes the BAG extract of Weesp and the official fictitious persons, rehouses some of those persons
in Weesp by the rule below, invents benefits for them, and writes small files to the package. The
same input gives the same bytes.

The rule. Persons: those of the test set with a current address in Rotterdam, alive, not
suspended, without confidentiality mark, with a full date of birth before 2000, in order of BSN.
Dwellings: those with only a residential function, one building and a main address with a
postcode, in use since before 2019, in order of identification, every 40th. Person number n gets
dwelling number n. What is invented is the combination, the periods and the benefits.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "landschap" / "cli" / "demo" / "data" / "weesp"
PERSONS = 60
EVERY = 40
SUZANNE = "999993653"
ROTTERDAM = "0599"
ASKED_ON = "2021-03-01"
KNOWN_BEFORE = "2021-04-01T00:00:00"
KNOWN_AFTER = "2021-10-15T00:00:00"

Row = dict[str, str]

INWONER_COLUMNS = (
    "burgerservicenummer", "geldigVan", "geldigTot", "tijdstipRegistratie", "soort",
    "vervallen", "naam", "geboortedatum", "nummeraanduiding", "reden",
)  # fmt: skip
UITKERING_COLUMNS = (
    "burgerservicenummer", "geldigVan", "geldigTot", "tijdstipRegistratie", "soort",
    "vervallen", "uitkeringssoort", "norm", "bedragPerMaand", "status", "reden",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A fictitious person and the period in which the demo lets it live in Weesp."""

    bsn: str
    name: str
    born: str
    dwelling: Row
    moved_in: date
    moved_out: date | None


def main() -> int:
    """Write the files; returns the exit code."""
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "bag-weesp-0457").is_dir():
        print("usage: python tools/make_demo_data.py FOLDER", file=sys.stderr)
        print("FOLDER holds bag-weesp-0457 and brp-test; see its README", file=sys.stderr)
        return 2
    data = Path(sys.argv[1])
    bag = data / "bag-weesp-0457"
    objects = {name: _read(bag / f"{name}.csv") for name in _BAG_FILES}
    persons = list(_rehouse(_residents(data / "brp-test"), _dwellings(objects)))
    used = _used_rows(objects, persons)
    for name, rows in used.items():
        folder = "leverancier" if name == "panden" else "bag"
        _write(TARGET / folder / f"{name}.csv", list(rows[0]), rows)
    benefits = [row for n, person in enumerate(persons) for row in _benefits(n, person)]
    _write(TARGET / "inwoners.csv", INWONER_COLUMNS, [r for p in persons for r in _residence(p)])
    _write(TARGET / "uitkeringen.csv", UITKERING_COLUMNS, benefits)
    expected = _expected(persons, benefits, used)
    (TARGET / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")
    print(f"{len(persons)} persons, {len(benefits)} benefit rows", file=sys.stderr)
    return 0


_BAG_FILES = (
    "nummeraanduidingen",
    "openbare-ruimten",
    "verblijfsobjecten",
    "panden",
    "woonplaatsen",
)


def _read(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)


def _residents(brp: Path) -> list[Row]:
    """Persons of the test set whom the rule admits, in order of BSN."""
    current = {r["bsn_persoonslijst"]: r for r in _read(brp / "01-persoon.csv") if _is_current(r)}
    homes = {
        r["bsn_persoonslijst"]: r for r in _read(brp / "08-verblijfplaats.csv") if _is_current(r)
    }
    dead = {r["bsn_persoonslijst"] for r in _read(brp / "06-overlijden.csv")}
    lists = {r["bsn_persoonslijst"]: r for r in _read(brp / "07-inschrijving.csv")}
    return [
        current[bsn]
        for bsn in sorted(current)
        if homes.get(bsn, {}).get("gemeente_van_inschrijving") == ROTTERDAM
        and bsn not in dead
        and not lists[bsn]["reden_opschorting"]
        and lists[bsn]["geheimhouding"] == "0"
        and current[bsn]["geslachtsnaam"]
        and _is_full_date(current[bsn]["geboortedatum"])
        and current[bsn]["geboortedatum"] < "20000101"
    ]


def _is_current(row: Row) -> bool:
    return row["volg_nr"] == "0" and row["stapel_nr"] == "0" and not row["onjuist"]


def _is_full_date(text: str) -> bool:
    return len(text) == 8 and text[4:6] != "00" and text[6:] != "00"


def _dwellings(objects: Mapping[str, list[Row]]) -> list[Row]:
    """Dwellings that the rule admits, each as its last version, every 40th."""
    numbers = {
        r["identificatie"]: r for r in objects["nummeraanduidingen"] if not r["eindGeldigheid"]
    }
    admitted = [
        row
        for row in objects["verblijfsobjecten"]
        if not row["eindGeldigheid"]
        and row["status"] == "Verblijfsobject in gebruik"
        and row["gebruiksdoel"] == "woonfunctie"
        and "|" not in row["maaktDeelUitVan"]
        and row["beginGeldigheid"] < "2019"
        and numbers.get(row["heeftAlsHoofdadres"], {}).get("postcode")
        and numbers[row["heeftAlsHoofdadres"]]["beginGeldigheid"] < "2019"
    ]
    return sorted(admitted, key=lambda row: row["identificatie"])[::EVERY]


def _rehouse(residents: list[Row], dwellings: list[Row]) -> Iterator[Person]:
    chosen = residents[:PERSONS]
    if all(row["bsn"] != SUZANNE for row in chosen):
        chosen[-1] = next(row for row in residents if row["bsn"] == SUZANNE)
    for n, (row, dwelling) in enumerate(zip(chosen, dwellings, strict=False)):
        suzanne = row["bsn"] == SUZANNE
        born = row["geboortedatum"]
        stays = n % 3 == 0 and not suzanne
        yield Person(
            bsn=row["bsn"],
            name=" ".join(
                filter(None, (row["voornamen"], row["voorvoegsel"], row["geslachtsnaam"]))
            ),
            born=f"{born[:4]}-{born[4:6]}-{born[6:]}",
            dwelling=dwelling,
            moved_in=date(2019, 5, 1) if suzanne else date(2019, 1 + n % 12, 1),
            moved_out=None if stays else date(2021, 9, 1) if suzanne else date(2021, 7 + n % 5, 15),
        )


def _used_rows(objects: Mapping[str, list[Row]], persons: list[Person]) -> dict[str, list[Row]]:
    """All versions of everything the dwellings of these persons ever pointed at."""
    keep = {"verblijfsobjecten": {p.dwelling["identificatie"] for p in persons}}

    def rows(name: str) -> list[Row]:
        return [r for r in objects[name] if r["identificatie"] in keep[name]]

    dwellings = rows("verblijfsobjecten")
    keep["nummeraanduidingen"] = {r["heeftAlsHoofdadres"] for r in dwellings}
    keep["panden"] = {i for r in dwellings for i in r["maaktDeelUitVan"].split("|")}
    keep["openbare-ruimten"] = {r["ligtAan"] for r in rows("nummeraanduidingen")}
    keep["woonplaatsen"] = {r["identificatie"] for r in objects["woonplaatsen"]}
    return {name: rows(name) for name in _BAG_FILES}


def _residence(person: Person) -> Iterator[Row]:
    facts = {
        "burgerservicenummer": person.bsn,
        "naam": person.name,
        "geboortedatum": person.born,
        "nummeraanduiding": person.dwelling["heeftAlsHoofdadres"],
    }
    begin = person.moved_in
    yield {
        **facts,
        "geldigVan": begin.isoformat(),
        "tijdstipRegistratie": f"{begin.replace(day=6).isoformat()}T09:15:00",
        "soort": "REGISTRATIE",
        "reden": "verhuizing naar Weesp",
    }
    if person.moved_out:
        yield {
            "burgerservicenummer": person.bsn,
            "geldigVan": person.moved_out.isoformat(),
            "tijdstipRegistratie": f"{person.moved_out.replace(day=20).isoformat()}T10:02:00",
            "soort": "WIJZIGING",
            "vervallen": "J",
            "reden": "verhuizing naar Doesburg",
        }


def _benefits(number: int, person: Person) -> Iterator[Row]:
    """Invented benefits for every second person, with changes on both time axes."""
    suzanne = person.bsn == SUZANNE
    if number % 2 and not suzanne:
        return
    begin = date(2020, 2, 1) if suzanne else date(2020, 1 + number % 9, 1)
    base = 1052.32 if suzanne or number % 4 == 0 else 1503.31
    norm = "alleenstaande" if base < 1100 else "gehuwden"

    def row(valid: str, known: str, kind: str, **facts: str) -> Row:
        return {
            "burgerservicenummer": person.bsn,
            "geldigVan": valid,
            "tijdstipRegistratie": known,
            "soort": kind,
            **facts,
        }

    def paid(amount: float, norm: str, reden: str) -> Row:
        return {
            "uitkeringssoort": "algemene bijstand",
            "norm": norm,
            "bedragPerMaand": f"{amount:.2f}",
            "status": "toegekend",
            "reden": reden,
        }

    yield row(begin.isoformat(), f"{begin.replace(day=18).isoformat()}T11:30:00", "REGISTRATIE",
              **paid(base, norm, "besluit tot toekenning"))  # fmt: skip
    yield row("2021-01-01", "2020-12-18T08:00:00", "WIJZIGING",
              **paid(base + 24.88, norm, "indexering"))  # fmt: skip
    if suzanne:
        # Known on 12 May 2021: since February a child lives in. What was known before stays known.
        yield row("2021-02-01", "2021-05-12T14:20:00", "CORRECTIE",
                  **paid(base + 24.88 + 120.0, "alleenstaande ouder", "kind thuis"))  # fmt: skip
    if number % 10 == 4:
        # Found out in June 2021: from March on there was an income. Retroactive.
        yield row("2021-03-01", "2021-06-03T09:40:00", "CORRECTIE",
                  **paid(base / 2, norm, "inkomen uit werk"))  # fmt: skip
    if person.moved_out:
        yield row(person.moved_out.isoformat(), f"{person.moved_out.replace(day=22)}T13:00:00",
                  "WIJZIGING", vervallen="J", reden="verhuizing naar Doesburg")  # fmt: skip


def _last_that_covers(rows: Iterable[Row], day: str, known: str) -> Row | None:
    """The plain reading: of the rows known then that cover the day, the one registered last."""
    found = None
    for row in sorted(rows, key=lambda r: r["tijdstipRegistratie"]):
        begins, ends = row["geldigVan"], row.get("geldigTot") or "9999"
        if row["tijdstipRegistratie"] <= known and begins <= day < ends:
            found = row
    return None if found is None or found.get("vervallen") else found


def _version_on(rows: Iterable[Row], identification: str, day: str) -> Row:
    """The version of a BAG object on a day, as known at the end of the extract."""
    for row in rows:
        begins, ends = row["beginGeldigheid"], row["eindGeldigheid"] or "9999"
        if row["identificatie"] == identification and begins <= day < ends:
            return row
    raise LookupError(identification)


def _expected(persons: list[Person], benefits: list[Row], used: Mapping[str, list[Row]]) -> object:
    """What the demo must answer, by reading the rows one by one."""
    answers = []
    for person in persons:
        own = [row for row in benefits if row["burgerservicenummer"] == person.bsn]
        before = _last_that_covers(own, ASKED_ON, KNOWN_BEFORE)
        after = _last_that_covers(own, ASKED_ON, KNOWN_AFTER)
        if before is None or after is None:
            continue
        home = _version_on(used["verblijfsobjecten"], person.dwelling["identificatie"], ASKED_ON)
        number = _version_on(used["nummeraanduidingen"], home["heeftAlsHoofdadres"], ASKED_ON)
        street = _version_on(used["openbare-ruimten"], number["ligtAan"], ASKED_ON)
        building = _version_on(used["panden"], home["maaktDeelUitVan"], ASKED_ON)
        answers.append({
            "burgerservicenummer": person.bsn,
            "geldigOp": ASKED_ON,
            "uitkering": _benefit_facts(after),
            "uitkeringBekendOp": {KNOWN_BEFORE: _benefit_facts(before)},
            "straat": street["naam"],
            "huisnummer": int(number["huisnummer"]),
            "postcode": number["postcode"],
            "pand": building["identificatie"],
            "bouwjaar": int(building["oorspronkelijkBouwjaar"]),
            "vertrokken": person.moved_out.isoformat() if person.moved_out else None,
        })  # fmt: skip
    return {"persons": answers}


def _benefit_facts(row: Row) -> dict[str, object]:
    return {
        "soort": row["uitkeringssoort"],
        "norm": row["norm"],
        "bedragPerMaand": float(row["bedragPerMaand"]),
        "status": row["status"],
    }


if __name__ == "__main__":
    sys.exit(main())
