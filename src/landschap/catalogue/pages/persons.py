# SPDX-License-Identifier: EUPL-1.2
"""Fictitious persons to try with, each with what is special about them.

Source: the test set of person lists that RvIG made for the trial environment of the BRP
(EUPL-1.2): nobody in it exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from landschap.platform.web import N_


class TestPerson(NamedTuple):
    """One person: number and name of the test set, and a trait in words of the catalogue."""

    bsn: str
    name: str
    trait: str


PERSONS: Final[tuple[TestPerson, ...]] = (
    TestPerson("999993653", "Suzanne Moulin", N_("gehuwd, gevestigd vanuit Frankrijk")),
    TestPerson("999990263", "Wilhelmina Sophia van Deursen", N_("vaak verhuisd")),
    TestPerson("999990937", "Barbara Bultenaar", N_("drie kinderen")),
    TestPerson("999991085", "Mieke Bos", N_("gescheiden en opnieuw gehuwd")),
    TestPerson("999990810", "Hendrika de Roos", N_("partner overleden, opnieuw gehuwd")),
    TestPerson("999990172", "Róza Mstyslava Żywiałowska", N_("verblijfstitel")),
    TestPerson("999990160", "Hendrik Jan de Brink", N_("onder curatele")),
    TestPerson("999991802", "Frans in ’t Veld", N_("adres is geheim")),
    TestPerson("999993008", "Fatima Saïda Al Ksar el Kebir", N_("overleden")),
    TestPerson("999992326", "Hypnos Olympos", N_("vertrokken uit Nederland")),
    TestPerson("999990019", "Erebos Bultenaar", N_("gegevens in onderzoek")),
)
BY_NUMBER: Final[Mapping[str, TestPerson]] = {each.bsn: each for each in PERSONS}
