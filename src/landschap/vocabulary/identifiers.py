# SPDX-License-Identifier: EUPL-1.2
"""Numbers and hashes that name persons, organisations, contracts and grants.

Each is a value that can only exist when it is valid, so no function behind the border has to
check twice. A person's number never shows itself: ``str`` and ``repr`` of a `Bsn` are masked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_OIN = re.compile(r"[0-9]{8}(?:[0-9A-Za-z]{9}000|[0-9A-Za-z]{8}0000)")
# $<hash algorithm>$<hash type>$<86 base64url characters of a SHA3-512 digest>
_HASH = re.compile(r"\$1\$([1-6])\$[A-Za-z0-9_-]{86}")
_CONTENT_HASH_TYPE = "1"


class InvalidValue(ValueError):
    """A text that is not a valid value of its kind. The message never repeats a person's number."""


def passes_eleven_test(digits: str) -> bool:
    """True when nine digits satisfy the eleven-test of the burgerservicenummer.

    The weights are 9 8 7 6 5 4 3 2 -1; the sum must be a multiple of eleven and not all zero.
    Source: Besluit burgerservicenummer, bijlage.
    """
    if len(digits) != len(_BSN_WEIGHTS) or not (digits.isascii() and digits.isdigit()):
        return False
    total = sum(int(d) * w for d, w in zip(digits, _BSN_WEIGHTS, strict=True))
    return total % 11 == 0 and digits.strip("0") != ""


@dataclass(frozen=True, slots=True, repr=False)
class Bsn:
    """A burgerservicenummer: nine digits, kept with its leading zeros."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read eight or nine digits; eight get the leading zero they lost. Raises InvalidValue."""
        stripped = text.strip()
        digits = stripped.zfill(9) if len(stripped) in (8, 9) else ""
        if not passes_eleven_test(digits):
            raise InvalidValue("not a burgerservicenummer: nine digits that pass the eleven-test")
        return cls(digits)

    def __repr__(self) -> str:
        return "Bsn(*********)"

    def __str__(self) -> str:
        return "*********"


@dataclass(frozen=True, slots=True)
class Oin:
    """An organisation's identification number: twenty positions, always a string.

    Source: OIN-Stelsel 2.2, "Samenstelling van het OIN".
    """

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a twenty-position OIN. Raises InvalidValue."""
        if len(text) != 20 or not _OIN.fullmatch(text):
            raise InvalidValue(
                "not an OIN: eight digits, a main number of eight or nine positions and zeros, "
                "together twenty positions"
            )
        return cls(text)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class PeerId:
    """The identity of a peer in a Group; in the Dutch profile its OIN. Source: FSC Core, "Peer"."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a Peer ID of 1 to 255 printable characters. Raises InvalidValue."""
        if not 1 <= len(text) <= 255 or not text.isprintable() or text != text.strip():
            raise InvalidValue("not a Peer ID: 1 to 255 printable characters, no outer spaces")
        return cls(text)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class ContentHash:
    """The hash that names a contract by its content. Source: FSC Core, "Content hash"."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``$1$1$`` and 86 base64url characters. Raises InvalidValue."""
        match = _HASH.fullmatch(text)
        if match is None or match[1] != _CONTENT_HASH_TYPE:
            raise InvalidValue("not a content hash: $1$1$ followed by 86 base64url characters")
        return cls(text)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class GrantHash:
    """The hash that names one grant of one contract. Source: FSC Core, "Grant hash"."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``$1$2$`` to ``$1$6$`` and 86 base64url characters. Raises InvalidValue."""
        match = _HASH.fullmatch(text)
        if match is None or match[1] == _CONTENT_HASH_TYPE:
            raise InvalidValue(
                "not a grant hash: $1$2$ to $1$6$ followed by 86 base64url characters"
                + ("; this is a content hash" if match is not None else "")
            )
        return cls(text)

    def __str__(self) -> str:
        return self.value
