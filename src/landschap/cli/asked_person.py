# SPDX-License-Identifier: EUPL-1.2
"""A person whom a decision on the log is about: the number is asked for unseen and kept nowhere."""

from __future__ import annotations

import click

from landschap.cli.composition import pseudonym_keys, pseudonym_space
from landschap.logboek.ingest import Keys
from landschap.logboek.readers import pseudonyms_of
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import InvalidValue

KINDS = ("bsn", "kvk", "rsin", "vestiging")


def pseudonyms_asked(settings: Settings, kind: str) -> tuple[bytes, ...]:
    """The pseudonyms of who has the number that is typed, one per living key.

    Raises click.BadParameter for what is no number of this kind.
    """
    number = str(click.prompt(kind, hide_input=True, err=True)).strip()
    oin = settings.organisation.oin.value
    keys = Keys(oin, pseudonym_space(settings), pseudonym_keys(settings))
    try:
        return pseudonyms_of(keys, kind, number)
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint="--person") from None
