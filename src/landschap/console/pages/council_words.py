# SPDX-License-Identifier: EUPL-1.2
"""The quarterly report in words: one document, from which page, CSV, ODS and PDF are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from landschap.console.council.figures import NUMBERS, QuarterReport
from landschap.console.council.public import RESERVED
from landschap.console.council.store.kept import Made
from landschap.platform.web import N_, Language
from landschap.platform.web.language import moment_words
from landschap.vocabulary.documents import Chart, Document, Part, Value

Say = Callable[..., str]
"""Words of the catalogue in the language of the document."""

_NUMBERS: Mapping[str, str] = {
    "corrections_asked": N_("Meldingen dat een gegeven niet klopt"),
    "corrections_open": N_("Meldingen die nog openstaan"),
    "corrections_overdue": N_("Meldingen na de termijn"),
    "corrections_oldest_days": N_("Oudste open melding, in dagen"),
    "access_asked": N_("Verzoeken om inzage"),
    "access_open": N_("Verzoeken om inzage die nog openstaan"),
    "access_overdue": N_("Verzoeken om inzage na de termijn"),
    "consents_given": N_("Toestemmingen gegeven"),
    "consents_withdrawn": N_("Toestemmingen ingetrokken"),
    "incidents": N_("Datalekken"),
    "incidents_told_late": N_("Datalekken niet binnen 72 uur gemeld of afgesloten"),
    "emergencies": N_("Keren noodtoegang"),
    "emergencies_unjudged": N_("Noodtoegang niet binnen een week beoordeeld"),
    "unused_permissions": N_("Rechten die niemand gebruikte"),
    "unused_contracts": N_("Contracten die niemand gebruikte"),
    "held_back": N_("Geheime verwerkingen"),
    "held_back_oldest_days": N_("Oudste geheime verwerking, in dagen"),
    "disclosure_holds": N_("Besluiten om gebruik niet te vertellen"),
    "disclosure_holds_oldest_days": N_("Oudste besluit om niet te vertellen, in dagen"),
    "disclosure_holds_unreviewed": N_("Besluiten om niet te vertellen, te laat herzien"),
    "retention_holds": N_("Bewaarstops: besluiten om niet te vernietigen"),
    "retention_holds_oldest_days": N_("Oudste bewaarstop, in dagen"),
    "verifications": N_("Keren dat het logboek is nagerekend"),
    "chain_breaks": N_("Keren dat het logboek niet heel was"),
    "outages": N_("Keren dat het logboek uitviel"),
    "outage_minutes": N_("Uitval van het logboek, in minuten"),
}
_OF_PERSONS = tuple(NUMBERS)[:9]
_OF_CONTROL = tuple(NUMBERS)[9:]
_REFUSALS: Mapping[str, str] = {
    "purpose_unknown": N_("Het doel is hier niet bekend"),
    "purpose_missing": N_("De vraag noemt geen doel"),
    "purpose_retired": N_("Het doel wordt niet meer gebruikt"),
    "purpose_mismatch": N_("Twee doelen in één vraag"),
    "declaration_missing": N_("De verklaring van het doel ontbreekt"),
    "contract_without_purpose": N_("Het contract noemt geen doel"),
    "contract_purpose": N_("Het contract is er niet voor dit doel"),
    "contract_action": N_("Het contract is er niet voor deze handeling"),
    "contract_basis": N_("Het contract noemt een andere wet"),
    "contract_fields": N_("Het contract gaat over andere gegevens"),
    "chain_purpose": N_("Het doel past niet bij de vraag ervoor"),
    "prohibited": N_("Dit gebruik is verboden"),
    "policy_none": N_("Geen regel staat dit toe"),
    "role_not_allowed": N_("Deze rol mag dit niet"),
    "delegation_not_allowed": N_("Een ander mag dit niet vragen"),
    "outside_hours": N_("Buiten de toegestane uren"),
    "loa_too_low": N_("Er is niet veilig genoeg ingelogd"),
    "case_missing": N_("Er hoort een zaak bij, en die ontbreekt"),
    "approval_missing": N_("Een tweede persoon moet dit goedkeuren"),
    "consent_missing": N_("Er is geen toestemming"),
    "consent_withdrawn": N_("De toestemming is ingetrokken"),
    "objection_upheld": N_("De inwoner maakte met reden bezwaar"),
    "processing_restricted": N_("Het gebruik van deze gegevens is beperkt"),
    "decree_missing": N_("Er is geen autorisatiebesluit"),
    "basis_not_accepted": N_("Deze wet is hier geen reden"),
    "fields_unknown": N_("Een gevraagd gegeven bestaat niet"),
    "fields_excess": N_("Er is meer gevraagd dan nodig"),
    "vetoed": N_("Een andere regel van ons verbiedt dit"),
}
_DUTIES: Mapping[str, str] = {
    "aanbevolen": N_("aanbevolen"),
    "pas-toe-of-leg-uit": N_("pas toe of leg uit"),
    "verplicht": N_("verplicht"),
}
_DEFINITIONS: Sequence[tuple[str, str]] = (
    (N_("keer"), N_("gegevens van één persoon gegeven, geheel of voor een deel")),
    (N_("personen"), N_("verschillende personen; wie alleen werd opgezocht telt niet mee")),
    (N_("minder dan 10"), N_("het gaat om één tot en met negen: dat getal zou iemand verraden")),
    (N_("anders"), N_("wijkt af, of hoe het is, is niet vastgesteld")),
    (N_("niet bekend"), N_("hiervan is in dit kwartaal niets gemeten")),
    (
        N_("na de termijn"),
        N_("na een maand nog open, of in dit kwartaal later dan een maand besloten (AVG 12 lid 3)"),
    ),
    (
        N_("recht dat niemand gebruikte"),
        N_("gold het hele kwartaal, en geen enkele vraag steunde erop"),
    ),
    (
        N_("uitval"),
        N_("langer dan drie minuten kon niets worden vastgelegd; dan wordt ook niets gegeven"),
    ),
)
BRIEF = 8
_MOST_BARS = 6


@dataclass(frozen=True, slots=True)
class Telling:
    """Words for one report in one language; ``is_public``: what is reserved is not named either."""

    report: QuarterReport
    made: Made
    say: Say
    language: Language
    is_public: bool = False

    def document(self) -> Document:
        """The report as a document."""
        return Document(
            title=self.title,
            language=str(self.language),
            author=self.report.organisation,
            lines=self._lines(),
            parts=(
                self._received(),
                self._refused(),
                self._numbers("personen", N_("Rechten van inwoners"), _OF_PERSONS),
                self._numbers("controle", N_("Controle"), _OF_CONTROL),
                *self._standards(),
                *(() if self.is_public else (self._unused(),)),
            ),
            definitions_title=self.say(N_("Wat de woorden betekenen")),
            definitions=tuple((self.say(word), self.say(means)) for word, means in _DEFINITIONS),
        )

    @property
    def title(self) -> str:
        """What stands above it."""
        return self.say(
            N_("Kwartaalbericht over gegevens %(quarter)s"), quarter=self.report.quarter
        )

    @property
    def footer(self) -> str:
        """What makes this version known on paper."""
        return self.say(
            N_("%(organisation)s, %(quarter)s versie %(version)s, SHA-256 %(digest)s"),
            organisation=self.report.organisation,
            quarter=self.report.quarter,
            version=self.made.version,
            digest=self.made.digest.hex(),
        )

    def _lines(self) -> tuple[str, ...]:
        made = self.say(
            N_("Versie %(version)s van %(moment)s, voor de gemeenteraad. Niemand wordt genoemd."),
            version=self.made.version,
            moment=moment_words(self.made.made_at, self.language),
        )
        if self.is_public:
            return (made, self.say(N_("Misschien staat hier niet alles.")))
        if self.report.is_whole:
            return (made,)
        return (made, self.say(N_("Voorlopig: het kwartaal was nog niet om.")))

    def _received(self) -> Part:
        told = self.report.receivers
        rows = tuple(
            (
                "; ".join(each.laws) or self.say(N_("geen wet genoemd")),
                each.activity_nl if self.language is Language.NL else each.activity_en,
                each.party_name or self.say(N_("onbekend")),
                self._value(each.uses),
                self._value(each.subjects),
            )
            for each in told
        )
        return Part(
            name="ontvangers",
            title=self.say(N_("Wie kreeg gegevens, volgens welke wet")),
            columns=self._columns(
                N_("Wet"), N_("Waarvoor"), N_("Wie kreeg ze"), N_("Keer"), N_("Personen")
            ),
            rows=rows,
            numbers=2,
            wide=True,
            brief=BRIEF,
            rest=self._rest(len(rows)),
            empty=self.say(
                N_("Hierover kunnen wij niets vertellen.")
                if self.is_public
                else N_("Wij gaven niemand gegevens over personen.")
            ),
        )

    def _refused(self) -> Part:
        told = self.report.refusals
        named = [(self._reason(each.code), each.times) for each in told]
        bars = tuple((words, times) for words, times in named[:_MOST_BARS] if times is not None)
        return Part(
            name="geweigerd",
            title=self.say(N_("Geweigerd: waarom")),
            columns=self._columns(N_("Reden"), N_("Keer")),
            rows=tuple((words, self._value(times)) for words, times in named),
            numbers=1,
            chart=Chart(words=self._bar_words(bars), bars=bars) if bars else None,
            brief=BRIEF,
            rest=self._rest(len(named)),
            empty=self.say(N_("Er is niets geweigerd.")),
        )

    def _bar_words(self, bars: Sequence[tuple[str, int]]) -> str:
        told = "; ".join(f"{words}: {times}" for words, times in bars)
        return self.say(N_("Staafdiagram van redenen om te weigeren. %(bars)s"), bars=told)

    def _numbers(self, name: str, title: str, names: Sequence[str]) -> Part:
        report = self.report
        return Part(
            name=name,
            title=self.say(title),
            columns=self._columns(N_("Wat"), N_("Nu"), N_("Kwartaal ervoor")),
            rows=tuple(
                (
                    self.say(_NUMBERS[each]),
                    self._number(report.numbers, each),
                    self._number(report.before, each),
                )
                for each in names
                if not (self.is_public and each in RESERVED)
            ),
            numbers=2,
        )

    def _unused(self) -> Part:
        names = self.report.unused
        return Part(
            name="ongebruikt",
            title=self.say(N_("Rechten en contracten die niemand gebruikte")),
            columns=self._columns(N_("Naam")),
            rows=tuple((each,) for each in names),
            brief=BRIEF,
            rest=self._rest(len(names)),
            empty=self.say(N_("Alles wat mocht, is ook gebruikt.")),
        )

    def _standards(self) -> tuple[Part, ...]:
        told = self.report.standards
        if not told:
            return ()
        rows: list[tuple[Value, ...]] = []
        for each in told:
            conforms = each.states.get("voldoet", 0)
            differs = sum(each.states.values()) - conforms - each.states.get("nvt", 0)
            duty = self.say(_DUTIES.get(each.duty, each.duty))
            rows.append((each.name, duty, conforms, differs, each.explained))
        return (
            Part(
                name="standaarden",
                title=self.say(N_("Diensten en standaarden")),
                columns=self._columns(
                    N_("Standaard"), N_("Plicht"), N_("Voldoet"), N_("Anders"),
                    N_("Met uitleg"),
                ),
                rows=tuple(rows),
                numbers=3,
            ),
        )  # fmt: skip

    def _columns(self, *names: str) -> tuple[str, ...]:
        return tuple(self.say(each) for each in names)

    def _rest(self, rows: int) -> str:
        more = max(0, rows - BRIEF)
        return self.say(N_("Nog %(more)s regels staan in de bijlage (ODS of CSV)."), more=more)

    def _value(self, value: int | None) -> Value:
        return self.say(N_("minder dan 10")) if value is None else value

    def _number(self, numbers: Mapping[str, int | None], name: str) -> Value:
        return self._value(numbers[name]) if name in numbers else self.say(N_("niet bekend"))

    def _reason(self, code: str) -> str:
        words = _REFUSALS.get(code)
        return self.say(words) if words else code
