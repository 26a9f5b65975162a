# SPDX-License-Identifier: EUPL-1.2
"""What closes the records of an organisation that seals its log, with the key there is now."""

from __future__ import annotations

from landschap.logboek.sealing import Close, closer
from landschap.platform.log_keys import sealing_key
from landschap.platform.settings import Settings


def closer_of(settings: Settings) -> Close | None:
    """What closes a record; None when the log is open.

    Raises Trouble when it is sealed and the key is not there: nothing is written in the open then.
    """
    key = sealing_key(settings)
    if key is None:
        return None
    return closer(key.key, key.key_id, settings.organisation.oin.value)
