# SPDX-License-Identifier: EUPL-1.2
"""Where a benchmark works: a folder of its own, one organisation of the demo, and its page."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from landschap.cli.demo.landscape import landscape_in
from landschap.cli.demo.landscape_files import write_landscape
from landschap.platform import postgres
from landschap.platform.keys import make_secret_keys
from landschap.platform.settings import Settings, load_settings


@asynccontextmanager
async def workplace(prefix: str) -> AsyncIterator[tuple[Path, AsyncExitStack]]:
    """A folder, and what is to be closed before it is taken away.

    Others may look in it: as root, the database runs as another user.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    try:
        async with AsyncExitStack() as stack:
            yield folder, stack
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def organisation(
    folder: Path, stack: AsyncExitStack, *, network: int, web_port: int
) -> tuple[Settings, postgres.Server]:
    """One organisation with keys and an empty database that runs; nothing else of it does."""
    landscape = landscape_in(folder / "landscape", network=network, web_port=web_port)
    write_landscape(landscape, datetime.now(UTC))
    settings = load_settings(landscape.settings_file(landscape.weesp))
    server = postgres.Server(settings)
    await server.start()
    stack.push_async_callback(server.stop)
    await postgres.apply_migrations(settings)
    make_secret_keys(settings)
    return settings, server


def tell(text: str, page: Path | None) -> None:
    """Say what was measured, and write it when a page is named."""
    print(text)
    if page is not None:
        page.write_text(text, encoding="utf-8")
