# SPDX-License-Identifier: EUPL-1.2
"""Where our processes listen for nginx: one unix socket per application, named in one place.

Only nginx may reach them, so what nginx says of a peer's certificate can be believed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from landschap.platform.folders import check_socket_path
from landschap.platform.settings import Settings

SocketName = Literal["decide", "manager", "services", "people"]


def socket_path(settings: Settings, name: SocketName) -> Path:
    """The socket of the decider (`decide`) or of a web application. Raises Trouble if too long."""
    return check_socket_path(settings.paths.run / f"{name}.sock")
