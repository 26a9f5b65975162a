# SPDX-License-Identifier: EUPL-1.2
"""What packing and taking in both do: read, verify, and tell what is wrong in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from landschap.fsc.client import own_peer
from landschap.packages.client import Unreadable, read_package
from landschap.packages.form import BrokenPackage
from landschap.packages.packing import Opened, open_package
from landschap.packages.signing import UntrustedPackage
from landschap.packages.whole import ContentError
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.problems import InvalidValue


def program_version() -> str:
    """The version of this program, three numbers."""
    return version("landschap")


def opened_package(settings: Settings, path: Path) -> Opened:
    """The package in a file, of which form, content and signature hold. Raises Trouble."""
    try:
        data = read_package(path)
    except Unreadable as error:
        raise Trouble(str(error), "name a package that can be read") from None
    except BrokenPackage as error:
        raise Trouble(f"{path} can not be used: {error}", "name a package") from None
    return opened_bytes(settings, data, str(path))


def opened_bytes(settings: Settings, data: bytes, path: str) -> Opened:
    """The package in these bytes, named ``path`` in what is wrong with it. Raises Trouble."""
    try:
        return open_package(data, own_peer(settings).trust(datetime.now(UTC)))
    except BrokenPackage as error:
        raise Trouble(
            f"{path} can not be used: {error}", "ask for it again from who made it"
        ) from None
    except UntrustedPackage as error:
        raise Trouble(
            f"{path} can not be trusted: {error}",
            "ask for one that is signed by an organisation of this Group, with a certificate that "
            "is valid now",
        ) from None
    except InvalidValue as error:
        raise Trouble(f"our own certificate can not be used: {error}", "correct it") from None


@contextmanager
def content_told(what: str) -> Iterator[None]:
    """Turn mistakes in configuration into words: how many, and each with its place."""
    try:
        yield
    except ContentError as error:
        count = len(error.mistakes)
        raise Trouble(
            f"{what}, {count} thing{'s are' if count > 1 else ' is'} wrong:\n{error}",
            "correct these and do it again",
        ) from None
    except Unreadable as error:
        raise Trouble(f"{what}: {error}", "correct that and do it again") from None
    except RecursionError:
        raise Trouble(
            f"{what}: a file is nested deeper than can be read", "write it flat"
        ) from None
