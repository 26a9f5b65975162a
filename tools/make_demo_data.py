# SPDX-License-Identifier: EUPL-1.2
"""Make the packaged data of the demo from the public extracts: addresses, residents, benefits.

    python tools/make_demo_data.py FOLDER [--out FOLDER]

FOLDER holds ``bag-weesp-0457/*.csv`` (BAG extract of 15 October 2021) and ``brp-test/*.csv`` (the
official fictitious persons of the BRP trial environment). Nothing is drawn at random: running it
again gives the same bytes. What is real and what is invented stands in ORIGIN.md, written here.

``expected.json`` is computed by ``demo_expectations.py``, which reads the written rows in the
plainest way, without the code of the product, so that the product can be checked against it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import demo_expectations  # type: ignore[import-not-found]  # found beside this script

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "src" / "landschap" / "cli" / "demo" / "data" / "weesp" / "gegevens"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
PERSONS = 60
SUZANNE = "999993653"
# Everybody lives in Weesp from before this day, in a dwelling that was in use by then.
SETTLED = date(2019, 1, 1)
DROPPED = ("geometrie",)
FILES = {
    "panden": "panden.csv",
    "verblijfsobjecten": "verblijfsobjecten.csv",
    "nummeraanduidingen": "nummeraanduidingen.csv",
    "openbare-ruimten": "openbare-ruimten.csv",
    "woonplaatsen": "woonplaatsen.csv",
}
# Invented amounts in euro per month, per norm, from the first of January of each year.
AMOUNTS = {
    "Alleenstaande": {2018: 992.12, 2019: 1025.55, 2020: 1052.32, 2021: 1075.44},
    "Alleenstaande ouder": {2018: 992.12, 2019: 1025.55, 2020: 1052.32, 2021: 1075.44},
    "Gehuwden": {2018: 1417.31, 2019: 1465.07, 2020: 1503.31, 2021: 1536.34},
    "Kostendelers": {2018: 708.66, 2019: 732.54, 2020: 751.66, 2021: 768.17},
}

Row = dict[str, str]
Json = object


@dataclass(frozen=True, slots=True)
class Dwelling:
    """A dwelling that was in use: its address, itself, its building, its street."""

    address: str
    unit: str
    building: str
    street: str


@dataclass(slots=True)
class Lines:
    """Assertions of one register, numbered per object."""

    rows: list[dict[str, Json]] = field(default_factory=list)

    def add(
        self, obj: str, kind: str, period: tuple[date, date | None],
        content: Mapping[str, Json] | None, registered: datetime, *, corrects: str | None = None,
        document: str,
    ) -> str:  # fmt: skip
        """One more assertion about an object; returns its mark."""
        mark = f"{obj}/{sum(row['object'] == obj for row in self.rows) + 1}"
        self.rows.append(
            {
                "object": obj,
                "kenmerk": mark,
                "soort": kind,
                "geldigVan": period[0].isoformat(),
                "geldigTot": period[1].isoformat() if period[1] else None,
                "tijdstipRegistratie": registered.isoformat(),
                "inhoud": content,
                "corrigeert": corrects,
                "bron": {"document": document},
            }
        )
        return mark


def pick(number: int, *words: str) -> int:
    """A number below ``number`` that always is the same for the same words."""
    return int.from_bytes(hashlib.sha256("/".join(words).encode()).digest()[:8]) % number


def moment(day: date, *words: str) -> datetime:
    """Some moment in office hours of a day, in local time with its offset."""
    minutes = 9 * 60 + pick(7 * 60, "moment", day.isoformat(), *words)
    return datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=AMSTERDAM)


def read(path: Path) -> list[Row]:
    """All rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def current(rows: Iterable[Row]) -> dict[str, Row]:
    """The version of each object that has no end."""
    return {row["identificatie"]: row for row in rows if not row["eindGeldigheid"]}


def dwellings(bag: Mapping[str, list[Row]]) -> list[Dwelling]:
    """Sixty dwellings spread evenly over Weesp, in order of their number."""
    addresses = current(bag["nummeraanduidingen"])
    buildings = current(bag["panden"])
    settled = {
        row["identificatie"]
        for row in bag["verblijfsobjecten"]
        if row["voorkomenidentificatie"] == "1" and row["beginGeldigheid"] < SETTLED.isoformat()
    }
    suitable = []
    for unit in sorted(
        current(bag["verblijfsobjecten"]).values(), key=lambda r: r["identificatie"]
    ):
        address = addresses.get(unit["heeftAlsHoofdadres"])
        building = buildings.get(unit["maaktDeelUitVan"])
        if (
            address is not None
            and building is not None
            and unit["identificatie"] in settled
            and unit["gebruiksdoel"] == "woonfunctie"
            and unit["status"] == "Verblijfsobject in gebruik"
            and building["status"] == "Pand in gebruik"
            and building["oorspronkelijkBouwjaar"] != "9999"
            and address["status"] == "Naamgeving uitgegeven"
            and address["postcode"]
            and address["beginGeldigheid"] < SETTLED.isoformat()
        ):
            suitable.append(
                Dwelling(
                    address["identificatie"],
                    unit["identificatie"],
                    building["identificatie"],
                    address["ligtAan"],
                )
            )
    step = len(suitable) // PERSONS
    return suitable[::step][:PERSONS]


def write_bag(bag: Mapping[str, list[Row]], chosen: Sequence[Dwelling], out: Path) -> None:
    """All versions of the chosen objects, as the extract has them but for the geometry."""
    wanted = {
        "panden": {d.building for d in chosen},
        "verblijfsobjecten": {d.unit for d in chosen},
        "nummeraanduidingen": {d.address for d in chosen},
        # An address may have been moved to another street; take every street it ever lay on.
        "openbare-ruimten": {
            row["ligtAan"]
            for row in bag["nummeraanduidingen"]
            if row["identificatie"] in {d.address for d in chosen}
        },
        "woonplaatsen": {row["identificatie"] for row in bag["woonplaatsen"]},
    }
    for name, ids in wanted.items():
        rows = [row for row in bag[name] if row["identificatie"] in ids]
        columns = [column for column in rows[0] if column not in DROPPED]
        with (out / "bag" / FILES[name]).open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def persons(folder: Path) -> list[Row]:
    """Suzanne Moulin and fifty-nine other living adults of the fictitious set, by number."""
    dead = {
        r["bsn_persoonslijst"] for r in read(folder / "06-overlijden.csv") if r["datum_overlijden"]
    }
    entries = {r["bsn_persoonslijst"]: r for r in read(folder / "07-inschrijving.csv")}
    suitable = [
        person
        for person in read(folder / "01-persoon.csv")
        if person["volg_nr"] == "0"
        and person["bsn"] not in dead
        and not person["onjuist"]
        and not person["aanduiding_in_onderzoek"]
        and "19400101" <= person["geboortedatum"] < "20000101"
        and "00" not in (person["geboortedatum"][4:6], person["geboortedatum"][6:])
        and entries[person["bsn"]]["geheimhouding"] == "0"
        and not entries[person["bsn"]]["reden_opschorting"]
    ]
    suitable.sort(key=lambda person: (person["bsn"] != SUZANNE, person["bsn"]))
    return suitable[:PERSONS]


def resident(person: Row, address: str) -> dict[str, Json]:
    """What the register of residents says about a person."""
    name = {
        "voornamen": person["voornamen"],
        "voorvoegsel": person["voorvoegsel"],
        "geslachtsnaam": person["geslachtsnaam"],
    }
    born = person["geboortedatum"]
    return {
        "burgerservicenummer": person["bsn"],
        "naam": {key: value for key, value in name.items() if value},
        "geboortedatum": f"{born[:4]}-{born[4:6]}-{born[6:]}",
        "nummeraanduiding": address,
    }


def residents(
    people: Sequence[Row], homes: Sequence[Dwelling]
) -> tuple[Lines, dict[str, date | None]]:
    """Who lives where, since when and until when; returns the days on which people left."""
    lines, left = Lines(), {}
    for place, person in enumerate(people):
        bsn, number = person["bsn"], f"W{place + 1:05}"
        begin = SETTLED - timedelta(days=30 + pick(700, "begin", bsn))
        content = resident(person, homes[place].address)
        mark = lines.add(
            number, "REGISTRATIE", (begin, None), content, moment(begin + timedelta(days=2), bsn),
            document="aangifte van vestiging",
        )  # fmt: skip
        if place % 7 == 3:
            # The date of removal turns out to be eleven days earlier: known later, valid earlier.
            lines.add(
                number, "CORRECTIE", (begin - timedelta(days=11), begin), content,
                moment(begin + timedelta(days=60), bsn, "correctie"), corrects=mark,
                document="correctie na adresonderzoek",
            )  # fmt: skip
        gone = date(2021, 9, 1) if bsn == SUZANNE else None
        if bsn != SUZANNE and place % 5 == 1:
            gone = date(2021, 5, 1) + timedelta(days=pick(900, "vertrek", bsn))
        left[bsn] = gone
        if gone is not None:
            town = "Doesburg" if bsn == SUZANNE else ("Doesburg", "Utrecht", "Ede")[place % 3]
            lines.add(
                number, "WIJZIGING", (gone, None), None, moment(gone + timedelta(days=1), bsn),
                document=f"kennisgeving van verhuizing naar {town}",
            )  # fmt: skip
    return lines, left


def benefit(bsn: str, norm: str, year: int, **other: Json) -> dict[str, Json]:
    """What the register of benefits says in one period."""
    return {
        "burgerservicenummer": bsn,
        "soort": "Bijstand",
        "norm": norm,
        "bedragPerMaand": AMOUNTS[norm][year],
        "status": "Toegekend",
        **other,
    }


def suzannes_benefit(lines: Lines) -> None:
    """Written out by hand: a change with retroactive effect, a correction, and an end."""
    number = "UIT-2019-0001"
    day = date.fromisoformat

    def add(kind: str, period: tuple[str, str | None], content: Mapping[str, Json] | None,
            on: str, document: str, corrects: str | None = None) -> str:  # fmt: skip
        end = day(period[1]) if period[1] else None
        return lines.add(
            number, kind, (day(period[0]), end), content, moment(day(on), number),
            corrects=corrects, document=document,
        )  # fmt: skip

    single = "Alleenstaande"
    add("REGISTRATIE", ("2019-05-01", None), benefit(SUZANNE, single, 2019), "2019-05-14",
        "beschikking van toekenning")  # fmt: skip
    add("WIJZIGING", ("2020-01-01", None), benefit(SUZANNE, single, 2020), "2019-12-20",
        "jaarlijkse aanpassing")  # fmt: skip
    # Registered in September: from June to October somebody shared the costs.
    add("WIJZIGING", ("2020-06-01", "2020-10-01"), benefit(SUZANNE, "Kostendelers", 2020),
        "2020-09-10", "herziening met terugwerkende kracht")  # fmt: skip
    raised = add("WIJZIGING", ("2021-01-01", None), benefit(SUZANNE, single, 2021), "2020-12-18",
                 "jaarlijkse aanpassing")  # fmt: skip
    # Registered in April: the amount was wrong from January on.
    add("CORRECTIE", ("2021-01-01", None), benefit(SUZANNE, single, 2021, bedragPerMaand=1078.7),
        "2021-04-12", "herstel van een rekenfout", raised)  # fmt: skip
    add("WIJZIGING", ("2021-09-01", None), None, "2021-09-02", "beëindiging wegens verhuizing")


def benefits(people: Sequence[Row], left: Mapping[str, date | None]) -> Lines:
    """A benefit for every second person; years, norms, suspensions and faults vary by number."""
    lines = Lines()
    suzannes_benefit(lines)
    for place, person in enumerate(people):
        bsn = person["bsn"]
        if bsn == SUZANNE or place % 2:
            continue
        norm = list(AMOUNTS)[pick(4, "norm", bsn)]
        begin = date(2018 + pick(2, "jaar", bsn), 1 + pick(12, "maand", bsn), 1)
        number = f"UIT-{begin.year}-{place + 1:04}"
        mark = lines.add(
            number, "REGISTRATIE", (begin, None), benefit(bsn, norm, begin.year),
            moment(begin + timedelta(days=9), number), document="beschikking van toekenning",
        )  # fmt: skip
        for year in range(begin.year + 1, 2022):
            mark = lines.add(
                number, "WIJZIGING", (date(year, 1, 1), None), benefit(bsn, norm, year),
                moment(date(year - 1, 12, 18), number), document="jaarlijkse aanpassing",
            )  # fmt: skip
        adapt(lines, number, benefit(bsn, norm, 2021), mark, place)
        gone = left[bsn] or (date(2021, 7, 1) if place % 8 == 4 else None)
        if gone is not None:
            lines.add(
                number, "WIJZIGING", (gone, None), None, moment(gone + timedelta(days=6), number),
                document="beëindiging",
            )  # fmt: skip
    return lines


def adapt(lines: Lines, number: str, content: Mapping[str, Json], mark: str, place: int) -> None:
    """Corrections and changes afterwards, on both axes."""
    if place % 6 == 2:
        lines.add(
            number, "CORRECTIE", (date(2021, 1, 1), None),
            {**content, "bedragPerMaand": round(float(str(content["bedragPerMaand"])) + 3.26, 2)},
            moment(date(2021, 4, 12), number), corrects=mark, document="herstel van een rekenfout",
        )  # fmt: skip
    if place % 6 == 4:
        lines.add(
            number, "WIJZIGING", (date(2020, 8, 1), date(2020, 11, 1)),
            {**content, "bedragPerMaand": 0, "status": "Opgeschort"},
            moment(date(2020, 8, 20), number), document="opschorting met terugwerkende kracht",
        )  # fmt: skip


def write_lines(lines: Lines, path: Path) -> None:
    """One JSON object per line, in order of registration."""
    rows = sorted(lines.rows, key=lambda row: str(row["tijdstipRegistratie"]))
    rows.sort(key=lambda row: datetime.fromisoformat(str(row["tijdstipRegistratie"])))
    path.write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
    )


ORIGIN = """\
# Where this data comes from

Made by `tools/make_demo_data.py`; nothing is drawn at random.

- `bag/*.csv`: all versions of the addresses, dwellings, buildings and streets used here; the
  geometry was left out. BAG extract of Weesp (0457), 15 October 2021, Kadaster. Public domain.
- `inwoners.jsonl`: {persons} **fictitious persons**. Names, dates of birth and numbers are those of
  the RvIG test set for the GBA-V trial environment, made for testing: nobody exists. EUPL-1.2.
- `uitkeringen.jsonl`: **invented** benefits, amounts included. EUPL-1.2.
- `expected.json`: answers to questions about these persons, by plain reading. EUPL-1.2.

**The combination is invented.** The persons are fictitious and the addresses exist, so: nobody of
this data lives or lived at these addresses, and nobody receives or received these benefits.

## The rule

Persons: of the test set, the living adults born between 1940 and 2000 with a complete date of
birth, no confidentiality, no suspension and no doubt about their record; Suzanne Moulin first, then
by number. Dwellings: of all dwellings in use before 2019 with one address, in one building with a
known year, in order of their number, every n-th so that {persons} remain. The first person lives in
the first dwelling, and so on. Days and amounts follow from a hash of the person's number. Suzanne
Moulin's history is written out: from before 2019 in Weesp, bijstand from 1 May 2019, a change with
retroactive effect registered on 10 September 2020, a correction registered on 12 April 2021, and to
Doesburg on 1 September 2021.
"""


def main() -> None:
    """Read the extracts, write the packaged files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds bag-weesp-0457 and brp-test")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    out: Path = given.out
    (out / "bag").mkdir(parents=True, exist_ok=True)
    bag = {name: read(given.folder / "bag-weesp-0457" / file) for name, file in FILES.items()}
    people, homes = persons(given.folder / "brp-test"), dwellings(bag)
    write_bag(bag, homes, out)
    lines, left = residents(people, homes)
    write_lines(lines, out / "inwoners.jsonl")
    write_lines(benefits(people, left), out / "uitkeringen.jsonl")
    expected = {"vragen": demo_expectations.expectations([p["bsn"] for p in people], SUZANNE, out)}
    text = json.dumps(expected, ensure_ascii=False, indent=1)
    (out / "expected.json").write_text(text + "\n", encoding="utf-8")
    (out / "ORIGIN.md").write_text(ORIGIN.format(persons=len(people)), encoding="utf-8")
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{len(people)} persons in {len(homes)} dwellings, {size:,} bytes in {out}")


if __name__ == "__main__":
    main()
