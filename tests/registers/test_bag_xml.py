# SPDX-License-Identifier: EUPL-1.2
"""A BAG extract as it is delivered: versions, doubt, what was thrown out, and broken ones."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from tests.registers.rig import FULL, WEESP

from landschap.registers import client
from landschap.registers.models import Register
from landschap.registers.sources import Reading, UnreadableSource
from landschap.registers.timeline import Assertion, Clock, Known, segment_on, segments
from landschap.vocabulary.times import parse_moment

ZIP = FULL / "BAGGEM0457L-15102021.zip"
DOESBURG = FULL.parent / "bag-doesburg-0221" / "0221PND15092020.zip"
HEAD = (
    '<?xml version="1.0"?><x:bagStand xmlns:x="urn:x" xmlns:o="urn:o" xmlns:h="urn:h" '
    'xmlns:r="urn:r" xmlns:k="urn:k" xmlns:s="urn:s"><s:standBestand>'
)
DWELLING = """<s:stand><x:bagObject><o:Verblijfsobject>
<o:heeftAlsHoofdadres><r:NummeraanduidingRef>0457200000000001</r:NummeraanduidingRef></o:heeftAlsHoofdadres>
<o:voorkomen><h:Voorkomen><h:voorkomenidentificatie>1</h:voorkomenidentificatie>
<h:beginGeldigheid>2010-08-31</h:beginGeldigheid>
<h:tijdstipRegistratie>2010-11-15T13:22:03.000</h:tijdstipRegistratie>
<h:BeschikbaarLV><h:tijdstipRegistratieLV>2010-11-15T13:31:10.557</h:tijdstipRegistratieLV></h:BeschikbaarLV>
</h:Voorkomen></o:voorkomen><o:identificatie>0457010000000001</o:identificatie>
<o:geometrie><o:punt>geen</o:punt></o:geometrie>
<o:gebruiksdoel>woonfunctie</o:gebruiksdoel><o:gebruiksdoel>winkelfunctie</o:gebruiksdoel>
<o:oppervlakte>201</o:oppervlakte><o:status>Verblijfsobject in gebruik</o:status>
<o:geconstateerd>N</o:geconstateerd><o:documentdatum>2010-08-31</o:documentdatum>
<o:documentnummer>B&amp;W-1887</o:documentnummer><o:maaktDeelUitVan>
<r:PandRef>0457100000000001</r:PandRef><r:PandRef>0457100000000002</r:PandRef></o:maaktDeelUitVan>
</o:Verblijfsobject></x:bagObject></s:stand>"""
DOUBT = """<s:stand><x:kenmerkInOnderzoek><k:KenmerkVerblijfsobjectInOnderzoek>
<k:kenmerk>{feature}</k:kenmerk>
<k:identificatieVanVerblijfsobject>0457010000000001</k:identificatieVanVerblijfsobject>
<k:inOnderzoek>{mark}</k:inOnderzoek><k:documentnummer>d</k:documentnummer>
<k:historieInOnderzoek><h:HistorieInOnderzoek>
<h:tijdstipRegistratie>{moment}</h:tijdstipRegistratie><h:beginGeldigheid>{begin}</h:beginGeldigheid>
</h:HistorieInOnderzoek></k:historieInOnderzoek>
</k:KenmerkVerblijfsobjectInOnderzoek></x:kenmerkInOnderzoek></s:stand>"""
TAIL = "</s:standBestand></x:bagStand>"


@pytest.fixture(scope="module")
def bag() -> Register:
    return client.read_models(WEESP / "registers").by_name["bag"]


def delivered(path: Path, *stands: str, name: str = "0457VBO15102021-000001.xml") -> Path:
    """A zip in a zip, as extracts come."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(name, HEAD + "".join(stands) + TAIL)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Leveringsdocument-BAG-Extract.xml", "<a/>")
        archive.writestr("0457VBO15102021.zip", inner.getvalue())
    return path


def in_doubt(readings: list[Reading], day: str, known: str) -> Counter[str]:
    """How many properties of each object were in doubt."""
    lines: dict[str, list[Assertion]] = {}
    for number, reading in enumerate(readings, start=1):
        draft = reading.draft
        moment = draft.source_registered_at
        assert moment is not None
        lines.setdefault(f"{reading.type.name} {reading.object_id}", []).append(
            Assertion(
                number=number, group=draft.group, period=draft.period, registered_at=moment,
                source_registered_at=moment, kind=draft.kind, content=draft.content,
            )
        )  # fmt: skip
    state = Known(
        clock=Clock.SOURCE, moment=parse_moment(f"{known}T00:00:00"), number=len(readings)
    )
    found: Counter[str] = Counter()
    for name, line in lines.items():
        segment = segment_on(segments(line, state), date.fromisoformat(day))
        paths = segment.assertion.content if segment else None
        if paths:
            found[name] = len(paths["kenmerken"])  # type: ignore[arg-type]  # a list of texts
    return found


def test_a_version_is_read_with_all_that_stands_more_than_once(
    bag: Register, tmp_path: Path
) -> None:
    (found,) = client.read_extract(bag, delivered(tmp_path / "x.zip", DWELLING))
    assert found.object_id == "0457010000000001"
    content = found.draft.content
    assert content is not None
    assert content["gebruiksdoel"] == ["woonfunctie", "winkelfunctie"]
    assert content["maaktDeelUitVan"] == ["0457100000000001", "0457100000000002"]
    assert content["heeftAlsHoofdadres"] == "0457200000000001"
    assert (content["oppervlakte"], content["geconstateerd"]) == (201, False)
    assert found.draft.source["documentnummer"] == "B&W-1887"


def test_doubt_per_property_becomes_doubt_per_object(bag: Register, tmp_path: Path) -> None:
    rows = [
        ("oppervlakte", "J", "2011-01-01T10:00:00", "2011-01-01"),
        ("heeft als hoofdadres", "J", "2011-02-01T10:00:00", "2011-02-01"),
        ("oppervlakte", "N", "2011-03-01T10:00:00", "2011-03-01"),
    ]
    stands = [
        DOUBT.format(feature=feature, mark=mark, moment=moment, begin=begin)
        for feature, mark, moment, begin in rows
    ]
    found = client.read_extract(bag, delivered(tmp_path / "x.zip", *stands))
    told = [reading.draft.content and reading.draft.content["kenmerken"] for reading in found]
    assert told == [
        ["oppervlakte"], ["heeftAlsHoofdadres", "oppervlakte"], ["heeftAlsHoofdadres"],
    ]  # fmt: skip
    assert sum(in_doubt(found, "2011-02-15", "2011-02-15").values()) == 2
    assert sum(in_doubt(found, "2011-02-15", "2011-01-15").values()) == 1
    assert sum(in_doubt(found, "2011-03-15", "2011-04-01").values()) == 1


def test_what_the_national_copy_threw_out_is_passed_over(bag: Register, tmp_path: Path) -> None:
    path = delivered(tmp_path / "x.zip", DWELLING, name="0457NBVBO15102021-000001.xml")
    with pytest.raises(UnreadableSource, match="holds no objects"):
        client.read_extract(bag, path)


@pytest.mark.parametrize(
    ("stand", "told"),
    [
        ("<s:stand>", "is no XML"),
        (DWELLING.replace("2010-08-31</h:", "2010-02-31</h:"), "beginGeldigheid"),
        (DWELLING.replace("<o:oppervlakte>201", "<o:oppervlakte>veel"), "oppervlakte"),
        (
            DOUBT.format(feature="status", mark="J", moment="gisteren", begin="2011-01-01"),
            "is no doubt that can be read",
        ),
    ],
)
def test_an_extract_that_is_wrong_says_where(
    bag: Register, tmp_path: Path, stand: str, told: str
) -> None:
    with pytest.raises(UnreadableSource) as caught:
        client.read_extract(bag, delivered(tmp_path / "x.zip", stand))
    assert told in str(caught.value)


def test_a_zip_that_is_broken_says_so(bag: Register, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0457VBO15102021.zip", b"PK no zip")
    with pytest.raises(UnreadableSource, match="is no zip"):
        client.read_extract(bag, path)


@pytest.mark.case("history-9")
def test_doubt_in_all_of_weesp(bag: Register, tmp_path: Path) -> None:
    if not ZIP.is_file():
        pytest.skip(f"the public BAG extract is not here ({ZIP.name})")
    only = tmp_path / "onderzoek.zip"
    with zipfile.ZipFile(ZIP) as outer:
        inner = io.BytesIO(outer.read("0457GEM15102021.zip"))
    with zipfile.ZipFile(inner) as whole, zipfile.ZipFile(only, "w") as made:
        made.writestr("io.zip", whole.read("0457InOnderzoek15102021.zip"))
    found = client.read_extract(bag, only)
    counted = {
        day: in_doubt(found, day, known)
        for day, known in (
            ("2010-12-31", "2010-12-31"),
            ("2012-01-01", "2012-01-01"),
            ("2021-10-14", "2021-10-15"),
        )
    }
    assert {day: (sum(each.values()), len(each)) for day, each in counted.items()} == {
        "2010-12-31": (6033, 1559),
        "2012-01-01": (59, 13),
        "2021-10-14": (35, 5),
    }
    kinds = Counter(name.split()[0] for name in counted["2010-12-31"])
    assert kinds == {"pand": 1220, "verblijfsobject": 339}


@pytest.mark.long
def test_the_xml_says_exactly_what_the_csv_says_of_all_of_weesp(bag: Register) -> None:
    if not ZIP.is_file():
        pytest.skip(f"the public BAG extract is not here ({ZIP.name})")
    as_xml = client.read_extract(bag, ZIP)
    versions = [each for each in as_xml if not each.draft.group.startswith("onderzoek:")]
    as_csv = client.read_extract(bag, FULL)
    assert len(versions) == len(as_csv) == 66_073
    # The CSV has no geometry of towns; all else is the same to the last coordinate.
    told = [{each.digest for each in found if each.type.name != "woonplaats"}
            for found in (versions, as_csv)]  # fmt: skip
    assert told[0] == told[1]


@pytest.mark.long
def test_the_buildings_of_doesburg_are_read_whole(bag: Register) -> None:
    if not DOESBURG.is_file():
        pytest.skip(f"the public BAG extract is not here ({DOESBURG.name})")
    assert len(client.read_extract(bag, DOESBURG)) == 13_098
