# SPDX-License-Identifier: EUPL-1.2
"""Make the grid that takes RD to ETRS89 from the published text, in the form PROJ reads (NTv2).

    python tools/rd_grid.py rdtrans2018.txt src/landschap/registers/grids/nl_nsgi_rdtrans2018.gsb

The text has a line per node: latitude, longitude, and what to add to each, in degrees.
Source: NSGI, RDNAPTRANS2018, ``rdtrans2018.txt``; NTv2 Developer's Guide, "binary grid shift file".
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

SOUTH, NORTH, WEST, EAST = 50.0, 56.0, 2.0, 8.0
STEP_LAT, STEP_LON = 0.0125, 0.02
ROWS, COLUMNS = 481, 301
SECONDS = 3600.0
# Axes of Bessel 1841 and GRS 1980, in metres.
BESSEL, GRS80 = (6377397.155, 6356078.963), (6378137.0, 6356752.314)


def read(path: Path) -> dict[tuple[int, int], tuple[float, float]]:
    """What to add at each node (row from the south, column from the west), in degrees."""
    found = {}
    for line in path.read_text(encoding="ascii").splitlines()[1:]:
        lat, lon, more_lat, more_lon = (float(part) for part in line.split())
        node = round((lat - SOUTH) / STEP_LAT), round((lon - WEST) / STEP_LON)
        found[node] = (more_lat, more_lon)
    if len(found) != ROWS * COLUMNS:
        raise SystemExit(f"{path}: {len(found)} nodes, not {ROWS * COLUMNS}")
    return found


def ntv2(nodes: dict[tuple[int, int], tuple[float, float]]) -> bytes:
    """The grid as NTv2: seconds of arc, longitudes counted to the west, from the south-east."""
    head = [_whole("NUM_OREC", 11), _whole("NUM_SREC", 11), _whole("NUM_FILE", 1)]
    head += [_text("GS_TYPE", "SECONDS"), _text("VERSION", "2018")]
    head += [_text("SYSTEM_F", "RD"), _text("SYSTEM_T", "ETRS89")]
    names = ("MAJOR_F", "MINOR_F", "MAJOR_T", "MINOR_T")
    head += [_real(name, size) for name, size in zip(names, (*BESSEL, *GRS80), strict=True)]
    head += [_text("SUB_NAME", "RDTRANS"), _text("PARENT", "NONE")]
    head += [_text("CREATED", "20180101"), _text("UPDATED", "20180101")]
    bounds = {
        "S_LAT": SOUTH, "N_LAT": NORTH, "E_LONG": -EAST, "W_LONG": -WEST,
        "LAT_INC": STEP_LAT, "LONG_INC": STEP_LON,
    }  # fmt: skip
    head += [_real(name, value * SECONDS) for name, value in bounds.items()]
    head += [_whole("GS_COUNT", ROWS * COLUMNS)]
    body = []
    for row in range(ROWS):
        for column in reversed(range(COLUMNS)):
            lat, lon = nodes[row, column]
            body.append(struct.pack("<4f", lat * SECONDS, -lon * SECONDS, 0.0, 0.0))
    return b"".join([*head, *body, _text("END", "")])


def _text(name: str, value: str) -> bytes:
    return name.ljust(8).encode() + value.ljust(8).encode()


def _whole(name: str, value: int) -> bytes:
    return name.ljust(8).encode() + struct.pack("<ii", value, 0)


def _real(name: str, value: float) -> bytes:
    return name.ljust(8).encode() + struct.pack("<d", value)


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(ntv2(read(Path(sys.argv[1]))))
