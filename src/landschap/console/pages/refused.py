# SPDX-License-Identifier: EUPL-1.2
"""Refusals as pages for employees: what it means here, and who can change it.

The code is that of the APIs and the command line, so that all three can be talked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response

from landschap.console.pages import desk_typed
from landschap.console.pages.context import (
    BASE,
    DESK,
    EMERGENCY,
    REGISTERS,
    START,
    TASK,
    AnyRequest,
    ConsoleDeps,
    door_of,
)
from landschap.console.pages.desk_words import DESK_FAILURES
from landschap.platform.http import problem_response
from landschap.platform.web import N_, Link, split_path
from landschap.platform.web.door import Failure
from landschap.platform.web.drafts import kept_token
from landschap.vocabulary.problems import Refusal

_POLICY = N_("Heeft u dit nodig voor uw werk? Vraag het de privacy officer.")
_OTHER_PURPOSE = N_("Kies een doel dat bij uw vraag past.")
_NOT_FOR_PURPOSE = N_("Dit hoort niet bij het doel dat u koos")

# What a refusal means for an employee, by code; the last part of the answer says whom to ask.
_BY_CODE: Mapping[str, Failure] = {
    "policy_none": Failure(
        N_("Voor dit doel mag dit register niet worden gebruikt"),
        (N_("Geen regel in het register van verwerkingen laat het toe."), _OTHER_PURPOSE, _POLICY),
        403,
    ),
    "purpose_unknown": Failure(N_("Dit doel bestaat niet (meer)"), (_OTHER_PURPOSE,), 403),
    "purpose_retired": Failure(N_("Dit doel is ingetrokken"), (_OTHER_PURPOSE,), 403),
    "role_not_allowed": Failure(
        N_("Uw rol mag dit niet zien voor dit doel"),
        (N_("De regel noemt geen rol van u, of is voor programma's."), _OTHER_PURPOSE, _POLICY),
        403,
    ),
    "prohibited": Failure(
        N_("Dit gebruik is verboden"),
        (N_("Er geldt een verbod. Geen andere regel heft dat op."), _POLICY),
        403,
    ),
    "emergency_needed": Failure(
        N_("Uw rol geeft geen toegang tot de console"),
        (
            N_("U bent bekend, maar geen van uw rollen mag hier naar binnen."),
            N_("Kan het niet wachten? Dan is er noodtoegang."),
        ),
        403,
    ),
    "register_one_person": Failure(
        N_("U kunt uw eigen voorstel niet goedkeuren"),
        (N_("Een wijziging heeft twee mensen nodig: een die voorstelt en een die goedkeurt."),),
        403,
    ),
    "register_newer": Failure(
        N_("Het register is intussen veranderd"),
        (
            N_("Er is niets veranderd. Ga terug naar het voorstel: daar staat het verschil."),
            N_("Daar kunt u het opnieuw voorstellen op het register van nu."),
        ),
        409,
    ),
    "register_invalid": Failure(
        N_("Het voorstel past niet meer in het register"),
        (N_("Er is niets veranderd. Stel de wijziging opnieuw voor."),),
        422,
    ),
    "register_version_reused": Failure(
        N_("Dit versienummer is al gebruikt"),
        (N_("Er is niets veranderd. Geef wat u wijzigt een hoger versienummer."),),
        422,
    ),
    "proposal_decided": Failure(
        N_("Over dit voorstel is al besloten"),
        (N_("Er is niets veranderd. Bekijk wat er is besloten."),),
        409,
    ),
    "contract_signed": Failure(
        N_("Dit is al besloten"),
        (N_("Onze handtekening staat er al onder. Bekijk het contract opnieuw."),),
        409,
    ),
    "contract_ended": Failure(
        N_("Dit contract is voorbij"),
        (N_("Het is afgewezen, ingetrokken of verlopen. Er kan niets meer bij."),),
        409,
    ),
    "emergency_refused": Failure(
        N_("Noodtoegang kan nu niet voor u"),
        (N_("Uw rollen laten het niet toe, of er loopt er al een."),),
        403,
    ),
    "emergency_judged": Failure(
        N_("Hier kunt u niet (meer) over oordelen"),
        (N_("Iemand anders deed het al, of u gebruikte deze noodtoegang zelf."),),
        409,
    ),
    **DESK_FAILURES,
    "obligation_unsupported": Failure(
        N_("Dit kan voor dit doel niet op het scherm"),
        (
            N_("De regel vraagt gegevens te veranderen op een manier die hier niet kan."),
            _OTHER_PURPOSE,
            _POLICY,
        ),
        403,
    ),
    "outside_hours": Failure(
        N_("Dit kan nu niet, buiten de toegestane uren"),
        (N_("De regel laat dit alleen op andere uren toe."), _POLICY),
        403,
    ),
    "loa_too_low": Failure(
        N_("Log in op een sterkere manier"),
        (N_("De regel vraagt een hoger niveau van inloggen dan dat van u nu."),),
        403,
    ),
    "fields_excess": Failure(
        _NOT_FOR_PURPOSE,
        (
            N_("Van dit soort object mag u voor dit doel geen enkel gegeven zien."),
            _OTHER_PURPOSE,
            _POLICY,
        ),
        403,
    ),
    "geschiedenis.niet-toegestaan": Failure(
        _NOT_FOR_PURPOSE,
        (
            N_("Voor dit doel mag u niet terugkijken. Hoe het nu is, mag u wel zien."),
            _POLICY,
        ),
        403,
    ),
    "geschiedenis.gewist": Failure(
        N_("Dit is vernietigd"),
        (
            N_("Wat hier stond, is vernietigd en is er niet meer, op geen enkele dag."),
            N_("De verklaring van vernietiging zegt waarom en wanneer."),
        ),
        410,
    ),
    "niet-gevonden": Failure(
        N_("Dit object kennen wij niet"),
        (N_("Er is geen object met dit nummer, zoals nu bekend. Kijk of het nummer klopt."),),
        404,
    ),
    "form_foreign": Failure(
        N_("Dit formulier kwam niet van deze site"),
        (N_("Er is niets gebeurd. Ga terug naar de console en probeer het daar."),),
        403,
    ),
    "log_unavailable": Failure(
        N_("Dit lukt nu niet"),
        (
            N_("Wij kunnen nu niet vastleggen dat u kijkt. Daarom laten wij niets zien."),
            N_("Probeer het over een paar minuten opnieuw."),
        ),
        503,
    ),
    "log_record_closed": Failure(
        N_("Deze regel is nu niet te lezen"),
        (
            N_("Het logboek is verzegeld. De sleutel van deze regel is hier niet, of past niet."),
            N_("Dat de regel er staat zoals hij werd geschreven, blijft bewezen."),
            N_("Vraag de beheerder om de sleutels van het logboek."),
        ),
        503,
    ),
}
_TOO_LATE = Failure(
    N_("Iemand was u voor"),
    (N_("Er is niets veranderd. Bekijk opnieuw hoe het nu is, en beslis dan."),),
    409,
)
_BY_STATUS: Mapping[int, Failure] = {
    400: Failure(
        N_("Dit adres klopt niet"),
        (N_("Misschien is het half overgenomen. Begin bij de registers."),),
        400,
    ),
    403: Failure(N_("Dit mag u hier niet zien"), (_OTHER_PURPOSE, _POLICY), 403),
    404: Failure(
        N_("Deze pagina bestaat niet (meer)"),
        (N_("Misschien is het adres veranderd, of hoort het bij een andere sessie."),),
        404,
    ),
    405: Failure(
        N_("Dit kan hier niet"), (N_("Ga terug naar de console en probeer het daar."),), 405
    ),
    409: _TOO_LATE,
    412: _TOO_LATE,
}
_OUR_FAULT = Failure(
    N_("Er ging iets mis bij ons"),
    (N_("Probeer het later opnieuw. Blijft het misgaan? Meld de code."),),
    500,
)
_CHOOSE = {"policy_none", "purpose_unknown", "purpose_retired", "role_not_allowed", "fields_excess"}
_RETRY_SECONDS = "60"
_KEPT = N_("Wat u typte, is bewaard. Het staat er weer als u hiermee verdergaat aan de balie.")


def is_console(path: str) -> bool:
    """True for an address of the console, in either language."""
    _, plain = split_path(path)
    return plain == BASE or plain.startswith(f"{BASE}/")


def refusal_page(deps: ConsoleDeps, refusal: Refusal, request: AnyRequest) -> Response[Any]:
    """A refusal as a page; a program that asked for JSON gets problem details."""
    headers = {"Retry-After": _RETRY_SECONDS} if refusal.status == 503 else {}
    if request.url.path.endswith("/json"):
        return problem_response(refusal, instance=request.url.path, headers=headers)
    door = door_of(deps)
    asked = door.asked_before(request)
    said = _said(refusal)
    say = deps.site.say
    reference = refusal.extra.get("reference") or refusal.code
    is_kept = bool(kept_token(request))
    paragraphs = (*said.paragraphs, _KEPT) if is_kept else said.paragraphs
    values = {
        "paragraphs": [say(asked.language, each) for each in paragraphs],
        "reference": reference,
        "actions": (DESK,) if is_kept else _actions(refusal),
    }
    answer = door.show(
        asked,
        "web/message.html",
        say(asked.language, said.title),
        values=values,
        status=refusal.status,
        has_twin=False,
        headers=headers,
        crumbs=(START,),
    )
    desk_typed.set_kept(request, answer)
    return answer


def _said(refusal: Refusal) -> Failure:
    return _BY_CODE.get(refusal.code) or _BY_STATUS.get(refusal.status) or _OUR_FAULT


def _actions(refusal: Refusal) -> tuple[Link, ...]:
    registers = Link(path=REGISTERS.path, label=N_("Naar de registers"))
    if refusal.code.startswith("emergency_"):
        return (EMERGENCY,)
    if refusal.code.startswith(("register_", "proposal_")):
        return (Link(path=f"{BASE}/verwerkingen/voorstellen", label=N_("Voorstellen")),)
    if refusal.code in _CHOOSE:
        return (Link(path=TASK.path, label=N_("Kies een ander doel")), registers)
    return (registers,)
