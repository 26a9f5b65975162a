# SPDX-License-Identifier: EUPL-1.2
"""Develop once, use everywhere: a third municipality takes in what Weesp set up, and answers.

Gemeente Heidedorp has a certificate and settings, and nothing else. It takes Weesp's package, fills
in what is its own, loads its registers, offers the service, and gets its first question.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.landscape import DATA, SUPPLIER_HOST, Landscape
from landschap.cli.demo.opening import (
    OFFICERS,
    REGISTERS,
    connect,
    organisation_part,
    publish,
)
from landschap.cli.demo.processes import Processes
from landschap.cli.demo.report import Seen

PACKAGE = "bijstand-bij-verhuizing-1.0.0.pakket"


async def take_over(landscape: Landscape) -> Seen:
    """Pack at Weesp and put the package in force at Heidedorp."""
    began = time.monotonic()
    package = landscape.folder / "logs" / PACKAGE
    weesp = landscape.settings_file(landscape.weesp)
    if not package.exists():  # a second start finds what the first one made
        await landschap(weesp, "pack", str(weesp.parent), "--out", str(package))
    applied = await _apply(landscape, package)
    return {
        "package": f"{applied['package']} {applied['version']}",
        "bytes": package.stat().st_size,
        "signer": applied["signer"]["name"],
        "changes": len(applied["changes"]) + len(applied["files"]),
        "in force": applied["applied"],
        "seconds": round(time.monotonic() - began, 1),
    }


async def offer(landscape: Landscape, processes: Processes) -> str:
    """Heidedorp starts, loads its data, offers the service and agrees with Doesburg; grant hash."""
    await processes.start([organisation_part(landscape, landscape.heidedorp)])
    await _load(landscape)
    await publish(landscape, landscape.heidedorp)
    return (await connect(landscape, landscape.heidedorp))["grantHash"]


async def _apply(landscape: Landscape, package: Path) -> Any:
    """Heidedorp's officers: give their own values, and put the package in force."""
    config = landscape.settings_file(landscape.heidedorp)
    values = config.parent / "waarden.toml"
    own = {
        "gemeente": landscape.heidedorp.name,
        "register_uri": "https://register.heidedorp.example",
        "vragers": [landscape.doesburg.oin.value],
        "gebouwen_adres": f"{SUPPLIER_HOST}:8702",
        "gebouwen_sleutel": "leverancier.key",
    }
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in own.items()]
    values.write_text("\n".join(lines) + "\n", encoding="utf-8")
    secret = config.parent / "secrets" / landscape.supplier_key_file.name
    if not secret.exists():
        from landschap.platform.folders import private_folder, write_private

        private_folder(secret.parent)
        write_private(secret, landscape.supplier_key_file.read_bytes())
    done = await landschap(
        config, "apply", str(package), "--from", landscape.weesp.oin.value,
        "--values", str(values), *OFFICERS,
    )  # fmt: skip
    return done.answer


async def _load(landscape: Landscape) -> None:
    """Its own data: here the same fictitious persons, who moved on from there."""
    config = landscape.settings_file(landscape.heidedorp)
    for register, source in REGISTERS.items():
        path = DATA / "weesp" / "gegevens" / source
        await landschap(config, "register", "load", register, str(path))
