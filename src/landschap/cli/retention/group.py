# SPDX-License-Identifier: EUPL-1.2
"""The group of commands ``landschap retention``."""

from __future__ import annotations

import click


@click.group()
def retention() -> None:
    """Check retention rules; list, approve and destroy what is past its term; hold and erase.

    One person proposes a list, another approves it, and only then anything is destroyed.

    \b
    Examples:
      landschap retention check vergunningen
      landschap retention propose vergunningen --by "Anna de Wit" --role informatiebeheerder
      landschap retention approve 0199... --by "Bas Oud" --role archivaris
      landschap retention execute 0199... --by "Cor Kist"
    """
