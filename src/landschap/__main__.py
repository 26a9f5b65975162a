# SPDX-License-Identifier: EUPL-1.2
"""``python -m landschap``: the same as the command ``landschap``."""

from landschap.cli import main

if __name__ == "__main__":
    main()
