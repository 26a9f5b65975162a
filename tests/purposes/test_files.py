# SPDX-License-Identifier: EUPL-1.2
"""The register in files: read whole, or refused with everything that is wrong at once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import landschap.cli.demo
from landschap.purposes.bound import Bound
from landschap.purposes.decide import decide
from landschap.purposes.decision import Question
from landschap.purposes.files import parse_register
from landschap.purposes.model import Effect, Register
from landschap.purposes.reading import RegisterError
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.mistakes import Mistake

DEMO = Path(landschap.cli.demo.__file__).parent / "data"
WEESP = "00000099000000002000"
DOESBURG = "00000099000000003000"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LIST = "https://doelen.landschap.example/id/"


def sources(organisation: str) -> dict[str, str]:
    """What two organisations agreed on; what one keeps for its own people is left out."""
    folder = DEMO / organisation / "doelbinding"
    names = ("doelen.toml", "register.toml")
    return {name: (folder / name).read_text(encoding="utf-8") for name in names}


def demo(organisation: str, owner: str) -> Register:
    return parse_register(sources(organisation), owner)


def problems(changes: dict[str, str], *, more: str = "") -> tuple[Mistake, ...]:
    """What is wrong with Weesp's register after replacing texts in it and adding some."""
    given = sources("weesp")
    for old, new in changes.items():
        assert any(old in text for text in given.values()), old
        given = {name: text.replace(old, new) for name, text in given.items()}
    given["register.toml"] += more
    with pytest.raises(RegisterError) as raised:
        parse_register(given, WEESP)
    return raised.value.mistakes


def only(found: tuple[Mistake, ...]) -> Mistake:
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


def test_both_registers_of_the_demo_can_be_applied() -> None:
    weesp, doesburg = demo("weesp", WEESP), demo("doesburg", DOESBURG)
    assert weesp.purposes == doesburg.purposes
    assert Snapshot(weesp).version != Snapshot(doesburg).version


@pytest.mark.parametrize(
    ("line", "delegable"),
    [("delegeerbaar = true", True), ("delegeerbaar = false", False), ("", False)],
)
def test_a_policy_says_whether_another_may_ask(line: str, delegable: bool) -> None:
    given = sources("weesp")
    given["register.toml"] = given["register.toml"].replace(
        'werking = "toestaan"', f'werking = "toestaan"\n{line}'
    )
    policies = parse_register(given, WEESP).policies
    assert {each.delegable for each in policies if each.effect is Effect.PERMIT} == {delegable}


def test_the_demo_allows_assistance_and_refuses_what_it_does_not_need() -> None:
    weesp, doesburg = Snapshot(demo("weesp", WEESP)), Snapshot(demo("doesburg", DOESBURG))
    assistance = f"{LIST}recht-op-bijstand-vaststellen"
    bound = Bound.of(
        purposes=(assistance,),
        legal_bases=("eu-gdpr:A6-1-e",),
        field_set=weesp.field_sets["bijstand-bij-verhuizing@1"],
    )

    def at_weesp(purpose: str, *fields: str) -> str:
        question = Question(
            purpose=purpose,
            organisation=DOESBURG,
            service="woon-en-uitkeringssituatie",
            fields=fields,
            legal_bases=("eu-gdpr:A6-1-e",),
            bound=bound,
        )
        return decide(question, weesp, NOW).code

    def at_doesburg(*roles: str) -> str:
        question = Question(
            purpose=assistance,
            organisation=DOESBURG,
            provider=WEESP,
            service="woon-en-uitkeringssituatie",
            roles=roles,
            bound=bound,
        )
        return decide(question, doesburg, NOW).code

    assert at_weesp(assistance, "uitkering.soort", "adres") == ""
    assert at_weesp(assistance, "woning.oppervlakte") == "fields_excess"
    assert at_weesp(f"{LIST}parkeervergunning-verlenen", "adres") == "contract_purpose"
    assert at_doesburg("inkomensconsulent") == ""
    assert at_doesburg("parkeerwachter") == "role_not_allowed"


def test_a_problem_names_file_line_entry_key_and_the_nearest_name() -> None:
    found = only(problems({'veldenset = "bijstand-bij-verhuizing@1"': 'veldenset = "bijstand@1"'}))
    lines = sources("weesp")["register.toml"].splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.startswith("veldenset ="))
    assert (found.file, found.line) == ("register.toml", line)
    assert found.key == "beleidsregel 1 (bijstand-andere-gemeenten): veldenset"
    near = only(
        problems(
            {'veldenset = "bijstand-bij-verhuizing@1"': 'veldenset = "bijstand-bij-verhuizen@1"'}
        )
    )
    assert near.nearest == "bijstand-bij-verhuizing@1"
    assert str(near).endswith("did you mean bijstand-bij-verhuizing@1?")


def test_everything_wrong_is_told_at_once() -> None:
    found = problems(
        {
            'code = "eu-gdpr:A6-1-c"': 'code = "eu-gdpr:A6-1-y"',
            'status = "actief"': 'status = "actif"',
            "persoonsgegevens = true": "persoongegevens = true",
            'handelingen = ["raadplegen"]': 'handelingen = ["raadplege"]',
            'bewaartermijn = "P1Y"': 'bewaartermijn = "een jaar"',
        }
    )
    told = {problem.key.rpartition(": ")[2]: problem.nearest for problem in found}
    assert told["status"] == "actief"
    assert told["persoongegevens"] == "persoonsgegevens"
    assert told["handelingen"] == "raadplegen"
    assert {"code", "persoonsgegevens", "bewaartermijn"} <= told.keys()
    assert {problem.file for problem in found} == {"doelen.toml", "register.toml"}


def test_a_row_condition_is_read_and_what_is_wrong_with_it_is_told() -> None:
    good = 'rijen = [{ pad = "adres.woonplaats", op = "in", waarde = ["Weesp", "Muiden"] }]'
    given = {
        name: text.replace('werking = "toestaan"', f'werking = "toestaan"\n{good}')
        for name, text in sources("weesp").items()
    }
    (condition,) = parse_register(given, WEESP).policies[0].rows
    assert (condition.op, condition.values) == ("in", ("Weesp", "Muiden"))
    for line, words in (
        ('rijen = [{ pad = "adres.woonplaats", op = "eq" }]', "takes one value"),
        ('rijen = [{ pad = "adres.woonplaats", op = "is", waarde = "x" }]', "is not valid"),
        ('rijen = [{ pad = "adres.plats", op = "exists" }]', "does not exist"),
        ('rijen = [{ pad = "adres.woonplaats", op = "exists", als = "x" }]', "is not a key"),
        ('rijen = "alle"', "must be a list of tables"),
    ):
        found = only(problems({'werking = "toestaan"': f'werking = "toestaan"\n{line}'}))
        assert words in found.message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("verder = []", "uses onward"),
    ],
)
def test_a_condition_that_is_not_supported_is_refused_and_never_passed_over(
    line: str, words: str
) -> None:
    found = only(problems({'werking = "toestaan"': f'werking = "toestaan"\n{line}'}))
    assert words in found.message
    assert "not supported" in found.message


@pytest.mark.parametrize(
    ("changes", "more", "words"),
    [
        ({}, '[[beleidsregl]]\nid = "x"\n', "not a table"),
        ({}, "\n[[groep", "is no TOML"),
        ({}, '[dienst2]\nnaam = "x"\n', "not a table"),
        ({}, '[[groep]]\nnaam = "lege-groep"\nleden = []\n', "at least one"),
        ({}, '[[groep]]\nnaam = "gemeenten-met-bijstandsvraag"\nleden = ["00000099000000003000"]\n', "twice"),
        ({'leden = ["00000099000000003000"]': 'leden = ["12"]'}, "", "not an OIN"),
        ({'"gemeenten-met-bijstandsvraag"]': '"gemeenten"]'}, "", "nor a group"),
        ({'zoekvelden = ["burgerservicenummer"]': 'zoekvelden = ["bsn"]'}, "", "does not exist"),
        ({'"pand.status",': '"pand.status",\n  "pand",'}, "", "group of other fields"),
        ({'  "pand.bouwjaar",\n]': '  "pand.*",\n]'}, "", "one by one"),
        ({"geldig_vanaf = 2026-01-01\nuitleg": 'geldig_vanaf = "2026-01-01"\nuitleg'}, "", "without quotes"),
        ({"geldig_vanaf = 2026-01-01\nuitleg": "geldig_vanaf = 2026-01-01\ngeldig_tot = 2025-01-01\nuitleg"}, "", "must lie after"),
        ({'grondslagen = ["participatiewet-64"]': "grondslagen = []"}, "", "at least one"),
        ({'uitleg = { nl = "Een': 'uitleg = { fr = "Een'}, "", "must be {nl"),
        ({'wet = "BWBR0015703"': 'wet = "Participatiewet"'}, "", "does not have the form"),
    ],
)  # fmt: skip
def test_tells_what_is_wrong(changes: dict[str, str], more: str, words: str) -> None:
    found = problems(changes, more=more)
    assert any(words in problem.message for problem in found), [str(p) for p in found]


def purpose(name: str, more: str = "") -> str:
    return f"""
[[doel]]
uri = "https://weesp.example/doelen/{name}"
stelsel = "{LIST}stelsel/landelijk"
versie = 1
naam = {{ nl = "x", en = "x" }}
omschrijving = {{ nl = "x", en = "x" }}
status = "actief"
geldig_vanaf = 2026-01-01
{more}
"""


def test_purposes_may_not_form_a_circle() -> None:
    circle = purpose("een", 'valt_onder = "https://weesp.example/doelen/twee"') + purpose(
        "twee", 'valt_onder = "https://weesp.example/doelen/een"'
    )
    assert {p.message for p in problems({}, more=circle)} == {"the purposes form a circle"}


def test_one_purpose_of_another_list_may_equal_one_of_ours_only() -> None:
    same = 'gelijk_aan = ["https://elders.example/x"]'
    found = problems({}, more=purpose("een", same) + purpose("twee", same))
    assert all("more than once" in p.message for p in found)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {f'doel = "{LIST}recht-op-bijstand-vaststellen"\ngrondslagen': f'doel = "{LIST}parkeervergunning-verlenen"\ngrondslagen'},
            "another purpose",
        ),
        ({'status = "actief"\ngeldig_vanaf = 2026-01-01\nverwant_aan = ["dpv:Ful': 'status = "ingetrokken"\ngeldig_vanaf = 2026-01-01\nverwant_aan = ["dpv:Ful'}, "nothing can use it"),
    ],
)  # fmt: skip
def test_a_policy_whose_parts_do_not_fit_is_refused(changes: dict[str, str], words: str) -> None:
    found = problems(changes)
    assert any(words in problem.message for problem in found), [str(p) for p in found]


def test_a_permission_that_a_prohibition_covers_whole_is_told() -> None:
    ban = """
[[beleidsregel]]
id = "niets"
versie = 1
werking = "verbieden"
doel = "*"
organisaties = ["*"]
dienst = "*"
handelingen = ["*"]
geldig_vanaf = 2020-01-01
uitleg = { nl = "x", en = "x" }
"""
    given = sources("weesp")
    warned: list[Mistake] = []
    parse_register({**given, "register.toml": given["register.toml"] + ban}, WEESP, warned)
    lines = given["register.toml"].splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text == 'id = "bijstand-andere-gemeenten"')
    assert [(each.file, each.line) for each in warned] == [("register.toml", line)]
    assert "can never apply: the prohibition niets covers it" in warned[0].message
    roles = ban.replace('werking = "verbieden"', 'werking = "verbieden"\nrollen = ["x"]')
    assert any("not a key" in problem.message for problem in problems({}, more=roles))


def test_an_own_policy_declares_only_grounds_of_its_activity() -> None:
    given = sources("doesburg")
    text = given["register.toml"].replace('["eu-gdpr:A6-1-e"]', '["eu-gdpr:A6-1-c"]')
    with pytest.raises(RegisterError, match="no ground of the activity"):
        parse_register({**given, "register.toml": text}, DOESBURG)


def test_hours_are_read_and_must_lie_in_one_day() -> None:
    good = 'uren = { dagen = ["ma", "vr"], van = 08:00:00, tot = 18:00:00 }'
    given = sources("weesp")
    text = given["register.toml"].replace('werking = "toestaan"', f'werking = "toestaan"\n{good}')
    register = parse_register({**given, "register.toml": text}, WEESP)
    hours = register.policies[0].hours
    assert hours is not None
    assert hours.days == (0, 4)
    assert hours.contains(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    assert not hours.contains(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    night = good.replace("tot = 18:00:00", "tot = 07:00:00")
    found = problems({'werking = "toestaan"': f'werking = "toestaan"\n{night}'})
    assert "must lie before" in only(found).message
    wrong = good.replace('"ma"', '"maandag"').replace("van", "vanaf")
    told = problems({'werking = "toestaan"': f'werking = "toestaan"\n{wrong}'})
    assert {"dagen", "van", "vanaf"} <= {p.key.rpartition(": ")[2] for p in told}
