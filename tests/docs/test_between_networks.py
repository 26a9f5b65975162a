# SPDX-License-Identifier: EUPL-1.2
"""Two networks that reach each other and nothing else, as on a closed network of government.

The directory and Zeedorp are in the one network namespace, Bosdorp is in the other; between them is
one cable, and neither has a way out. The tutorial is typed along, each command where its
organisation is. Only what peers call stands on the cable; what an organisation has for itself
(applications, figures, its service) stays on the loopback of its own network.
Source: GGI-Netwerk, a closed network between governments.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.docs.test_tutorial import PAGE, typed_along
from tests.docs.walking import Shell, blocks_of

WHOLE_SECONDS = 400
CABLE = "10.99.31."
# A documentation address (RFC 5737): nobody is there, and with no way out nobody is asked.
OUTSIDE = "192.0.2.1"
# The tutorial's words for what peers call; anything else stays on the loopback.
_FOR_PEERS = re.compile(r'^((?:manager|inway) = "|".*\.test" = ")127\.0\.31\.', re.MULTILINE)
# What runs in the background takes the place of its shell, so that it hears when it is stopped.
_WHERE = """
landschap() {{
  case "$*" in *bosdorp/*) set -- {far} landschap "$@" ;; *) set -- {near} landschap "$@" ;; esac
  case "$*" in *" serve "*) exec "$@" ;; *) "$@" ;; esac
}}
curl() {{ case "$*" in *127.0.31.3*) {far} curl "$@" ;; *) {near} curl "$@" ;; esac; }}
python3() {{ case "$*" in *http.server*) exec {near} python3 "$@" ;; *) command python3 "$@" ;; esac; }}
"""


@dataclass(frozen=True, kw_only=True)
class Networks:
    """The names of two network namespaces."""

    near: str
    far: str

    def inside(self, network: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in one of them."""
        return _run("ip", "netns", "exec", network, *command)


@pytest.fixture
def networks() -> Iterator[Networks]:
    """Two network namespaces with a cable between them."""
    made = Networks(near=f"ls-near-{os.getpid()}", far=f"ls-far-{os.getpid()}")
    names = (made.near, made.far)
    ends = (f"lsn{os.getpid() % 10**6}", f"lsf{os.getpid() % 10**6}")
    try:
        for name in names:
            _must("ip", "netns", "add", name)
        _must("ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for name, end in zip(names, ends, strict=True):
            _must("ip", "link", "set", end, "netns", name)
            for device in (end, "lo"):
                _must("ip", "-n", name, "link", "set", device, "up")
        for host in (1, 2):
            _must("ip", "-n", made.near, "addr", "add", f"{CABLE}{host}/24", "dev", ends[0])
        _must("ip", "-n", made.far, "addr", "add", f"{CABLE}3/24", "dev", ends[1])
        yield made
    finally:
        for name in names:
            _run("ip", "netns", "del", name)


@pytest.fixture
def shell(networks: Networks) -> Iterator[Shell]:
    """A terminal whose commands run in the network of the organisation they name."""
    folder = Path(tempfile.mkdtemp(prefix="ls-net-"))
    folder.chmod(0o755)
    (folder / "twee-gemeenten").mkdir()
    opened = Shell.open(folder / "twee-gemeenten", WHOLE_SECONDS)
    enter = "ip netns exec {}"
    opened.run(_WHERE.format(near=enter.format(networks.near), far=enter.format(networks.far)))
    yield opened
    opened.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.long
@pytest.mark.case("S-47")
@pytest.mark.skipif(
    os.geteuid() != 0 or any(shutil.which(each) is None for each in ("ip", "curl")),
    reason="network namespaces are made as root, with iproute2; the tutorial asks with curl",
)
def test_two_organisations_on_a_closed_network_agree_ask_and_account(
    networks: Networks, shell: Shell
) -> None:
    for network in (networks.near, networks.far):
        routes = networks.inside(network, "ip", "route").stdout.split()
        assert "default" not in routes
        outside = networks.inside(network, "curl", "--max-time", "5", f"http://{OUTSIDE}/")
        assert outside.returncode != 0
    page = PAGE.read_text(encoding="utf-8")
    # The Outway is for applications of its own organisation, and stays with them.
    changed = _FOR_PEERS.sub(rf"\g<1>{CABLE}", page)
    assert changed.count(CABLE) == 11
    for block in blocks_of(changed):
        if block.how != "skip":
            typed_along(shell, block)
    assert not shell.left()


def _must(*command: str) -> None:
    done = _run(*command)
    if done.returncode != 0:
        pytest.skip(f"no network namespace can be made here: {done.stderr.strip()}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
