# SPDX-License-Identifier: EUPL-1.2

"""The part of the settings about the desk: serving who has no means to log in."""

from __future__ import annotations

from dataclasses import dataclass

from landschap.platform import options as o
from landschap.platform.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """The desk: employees do in the portal what a person says who stands before them."""

    roles: tuple[str, ...] = option(
        o.several(o.text), "Roles that serve people at the desk; they may enter the console."
    )
    purpose: str = option(
        o.web_address("https"),
        "Purpose under which a person is looked up there; a policy says what is shown.",
    )
    persons: str = option(
        o.text, "Register and type in which persons are looked up, such as inwoners.inwoner."
    )
    name: tuple[str, ...] = option(
        o.several(o.text),
        "Where a person's name stands, from the first word to the last; the last is the surname.",
        default=("naam.voornamen", "naam.voorvoegsel", "naam.geslachtsnaam"),
    )
    born_on: str = option(
        o.text,
        "Where the day of birth stands; only when that can be searched are persons looked up by "
        "name.",
        default="geboortedatum",
    )
    level: str = option(
        o.text,
        "Level of assurance that the check of a document at the desk counts as.",
        default="http://eidas.europa.eu/LoA/substantial",
    )
    number_claim: str = option(
        o.text,
        "Claim of the console's log-in that holds the employee's own number, so that nobody serves "
        "themselves; where it is absent a colleague says that it is another person.",
        default="bsn",
    )
    minutes: int = option(o.whole_number(1, 240), "How long a visit lasts at most.", default=30)
    looks_per_hour: int = option(
        o.whole_number(1, 1_000), "How often one employee may look somebody up.", default=20
    )
    kept_days: int = option(
        o.whole_number(1, 3_660),
        "How long it is kept by which document somebody was known, and where letters go.",
        default=365,
    )
