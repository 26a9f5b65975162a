# SPDX-License-Identifier: EUPL-1.2
"""Headers by which a BRP gateway is told why it is asked; the person who asks stands in none.

    [brp]
    gebruiker = "BurgerZelf"          # the same for every question; left out: our own OIN

    [brp.doelbinding]                 # our purpose -> the code of the authorisation
    "https://doelen.example/id/bijstand" = "BRPACT-AlgemeneTaken"

    [brp.verwerking]                  # our activity -> task@detail, at most 242 characters
    "https://weesp.example/activiteiten/verstrekken" = "Bijstand@Recht vaststellen"

Names of purposes and activities are those of our own register, each written out: a code that was
guessed would ask under an authorisation for something else.
Source: BRP API through municipal gateways, "x-doelbinding", "x-verwerking", "x-gebruiker",
"x-origin-oin".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.mistakes import did_you_mean

KEYS = ("gebruiker", "doelbinding", "verwerking")
MAX_TASK_CHARACTERS = 242
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}")
# A person's number: nine digits by themselves. An OIN has twenty.
_NUMBER = re.compile(r"(?<![0-9])[0-9]{8,9}(?![0-9])")

Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brp:
    """What stands in the headers, by purpose and by activity."""

    codes: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, str] = field(default_factory=dict)
    user: str = ""

    def headers(self, purpose: str, activity: str, oin: str) -> dict[str, str] | None:
        """The headers of one question; None when its purpose or activity has no words here."""
        code, task = self.codes.get(purpose), self.tasks.get(activity)
        if code is None or task is None:
            return None
        return {
            "x-doelbinding": code,
            "x-verwerking": task,
            "x-gebruiker": self.user or oin,
            "x-origin-oin": oin,
        }


def read_brp(table: Mapping[str, object], tell: Tell) -> Brp:
    """The table ``[brp]``; every mistake is told with its key."""
    user = table.get("gebruiker", "")
    if not isinstance(user, str) or (user and not _USER.fullmatch(user)) or _NUMBER.search(user):
        tell("brp.gebruiker", "letters, digits and spaces, the same for everyone; never a person")
        user = ""
    return Brp(
        codes=_texts(table, "doelbinding", _is_code, "a code such as BRPACT-AlgemeneTaken", tell),
        tasks=_texts(
            table,
            "verwerking",
            _is_task,
            f"task@detail, one @ with words around it, at most {MAX_TASK_CHARACTERS} characters",
            tell,
        ),
        user=user,
    )


def unanswered(service: str, brp: Brp, snapshot: Snapshot) -> Iterator[str]:
    """Policies on this service under which a question could not be asked."""
    for policy in snapshot.register.policies:
        if policy.service != service or policy.provider != snapshot.owner or not policy.activity:
            continue
        wanted = {
            "doelbinding": (policy.purpose, brp.codes),
            "verwerking": (policy.activity, brp.tasks),
        }
        for key, (name, known) in wanted.items():
            if name not in known:
                near = did_you_mean(name, known)
                yield f"policy {policy.id}: {name} is not in [brp.{key}]{near}"


def _texts(
    table: Mapping[str, object],
    key: str,
    is_right: Callable[[str], bool],
    words: str,
    tell: Tell,
) -> Mapping[str, str]:
    given = table.get(key)
    if not isinstance(given, Mapping) or not given:
        tell(f"brp.{key}", "is missing; a table with one line each")
        return {}
    found: dict[str, str] = {}
    for name, value in given.items():
        if not isinstance(value, str) or not is_right(value):
            tell(f"brp.{key}.{str(name)[:120]}", words)
            continue
        found[str(name)] = value
    return found


def _is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None


def _is_task(text: str) -> bool:
    """Valid as a header in UTF-8 too: without control characters, and not half a character."""
    task, at, detail = text.partition("@")
    return (
        bool(task.strip() and at and detail.strip())
        and "@" not in detail
        and len(text) <= MAX_TASK_CHARACTERS
        and text.isprintable()
        and text == text.strip()
    )
