# SPDX-License-Identifier: EUPL-1.2
"""Files to hand over together: with their checksums, in one archive.

Checksums stand in ``SHA256SUMS``, in the form of the program ``sha256sum``.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from hashlib import sha256

SUMS = "SHA256SUMS"


def with_sums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with a list of their checksums beside them."""
    lines = [f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())]
    return {**files, SUMS: "".join(lines).encode()}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files with their checksums, in one archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in with_sums(files).items():
            archive.writestr(name, content)
    return made.getvalue()
