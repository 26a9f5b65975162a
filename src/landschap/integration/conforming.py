# SPDX-License-Identifier: EUPL-1.2
"""Messages held against an XML Schema: what is wrong and where, never with a value of the message.

Source: XML Schema 1.0; StUF 03.01, section 7 (StUF055: the body is not as the schema says).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from lxml import etree

from landschap.integration.soap import ENVELOPES, UnreadableAnswer, parsed

_MOST_PLACES = 5
# What every service may answer, and no schema of a sector says.
_FAULT = tuple(f"{each}Fault" for each in ENVELOPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotConform:
    """Where a message is not as the schema says: the places, and the rules that they break."""

    places: tuple[str, ...]
    rules: tuple[str, ...]
    by_key: bool = False

    def __str__(self) -> str:
        found = zip(self.places, self.rules, strict=True)
        return "; ".join(f"{place}: {rule}" for place, rule in found)


@dataclass(frozen=True, slots=True)
class Conformity:
    """One schema, read."""

    schema: Any

    def of_message(self, content: bytes, key: str = "") -> NotConform | None:
        """What is wrong with the message in an envelope; None when nothing is, or it is a fault.

        ``by_key`` says that every place holds the key. Raises UnreadableAnswer.
        """
        root = parsed(content)
        body = next((each for each in root if etree.QName(each).localname == "Body"), None)
        if not root.tag.startswith(ENVELOPES) or body is None or len(body) != 1:
            raise UnreadableAnswer("is no SOAP Envelope with one message")
        return None if body[0].tag in _FAULT else self._of(body[0], key)

    def _of(self, message: Any, key: str) -> NotConform | None:
        # Apart, so that places begin with the message.
        tree = etree.ElementTree(copy.deepcopy(message))
        if self.schema.validate(tree):
            return None
        errors = list(self.schema.error_log)
        spaces = {name: uri for name, uri in message.nsmap.items() if name}
        holding = [_holds(tree, str(error.path), spaces, key) for error in errors]
        told = errors[:_MOST_PLACES]
        return NotConform(
            places=tuple(str(error.path) for error in told),
            # The kind of rule alone: the words of the library repeat what stands there.
            rules=tuple(str(error.type_name).removeprefix("SCHEMAV_") for error in told),
            by_key=bool(key) and all(holding),
        )


def _holds(tree: Any, path: str, spaces: dict[str, str], key: str) -> bool:
    found = tree.xpath(path, namespaces=spaces)
    return any(key in (each.text, *each.attrib.values()) for each in found if etree.iselement(each))
