# SPDX-License-Identifier: EUPL-1.2
"""The demo in its two forms: each its own server, or one that a service centre keeps for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from landschap.cli.demo.landscape import landscape_in
from landschap.cli.demo.service_centre import require_same_shape
from landschap.platform.trouble import Trouble


def test_a_landscape_made_in_one_form_is_refused_in_the_other(tmp_path: Path) -> None:
    for made_collective in (False, True):
        folder = tmp_path / str(made_collective)
        made = landscape_in(folder, collective=made_collective)
        require_same_shape(made)  # nothing is there yet
        keys = ["register", *(["servicecentrum"] if made_collective else [])]
        for key in keys:
            (folder / key).mkdir(parents=True)
            (folder / key / "organisation.toml").touch()
        require_same_shape(made)
        with pytest.raises(Trouble, match="was made with --shape"):
            require_same_shape(landscape_in(folder, collective=not made_collective))
