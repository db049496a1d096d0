"""Is there a way out? A network namespace without one is the proof; a dead one names where it ends, in time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from qtune.doctor.facts import Known, Network
from qtune.doctor.probes import network
from tests.doctor.probes.looking import NOTHING, looking

# Whatever has no other road is sent back to this machine, where nobody takes it: every packet is lost.
DROP = "ip addr add 203.0.113.2/24 dev lo && ip route add default dev lo &&"
DOCTOR = "from qtune.cli import main; main()"


def _namespaces() -> bool:
    if sys.platform != "linux" or not shutil.which("unshare") or not shutil.which("ip"):
        return False
    script = f"ip link set lo up && {DROP} true"
    tried = subprocess.run(
        ["unshare", "-rnm", "sh", "-c", script], capture_output=True, check=False, timeout=20
    )
    return tried.returncode == 0


needs_namespaces = pytest.mark.skipif(
    not _namespaces(), reason="this system gives no network namespaces"
)


def doctor(root: Path, setup: str, *options: str, **environ: str) -> tuple[dict[str, Any], float]:
    """The report of `qtune doctor` in a network of its own, and the seconds it took in all."""
    code = f"import sys; sys.argv = ['qtune', 'doctor', *{list(options)!r}]; {DOCTOR}"
    script = f'ip link set lo up && {setup} exec "$@"'
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    started = time.monotonic()
    done = subprocess.run(
        ["unshare", "-rnm", "sh", "-c", script, "sh", sys.executable, "-c", code],
        env={**kept, "HOME": str(root), "QTUNE_LANG": "en", **environ},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return json.loads(done.stdout), time.monotonic() - started


def found(report: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(finding["code"], finding["because"]) for finding in report["findings"]]


JSON = ("--for", "download", "--format", "json", "--no-speed")


@needs_namespaces
@pytest.mark.triggers("NET100")
def test_a_machine_without_a_route_is_net100_at_once_and_all_else_is_folded(tmp_path: Path) -> None:
    report, _ = doctor(tmp_path, "", *JSON)
    assert found(report) == [("NET100", None), ("NET101", "NET100")]
    assert report["took_ms"] < 3000
    skipped = {c["check"]: c.get("because") for c in report["checks"] if c["state"] == "skipped"}
    assert skipped["listing.modelscope"] == "NET100"


@needs_namespaces
@pytest.mark.triggers("NET100")
def test_no_dns_server_is_net100_too(tmp_path: Path) -> None:
    empty = tmp_path / "resolv.conf"
    empty.write_text("# nothing\n", "utf-8")
    setup = f"{DROP} mount --bind {empty} /etc/resolv.conf &&"
    report, _ = doctor(tmp_path, setup, *JSON)
    assert found(report) == [("NET100", None), ("NET101", "NET100")]
    assert "resolv.conf names none" in report["findings"][0]["message"]


@needs_namespaces
@pytest.mark.spares("NET100")
@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({}, "NET101"),
        (
            {
                "HF_ENDPOINT": "https://203.0.114.9",
                "MODELSCOPE_ENDPOINT": "https://203.0.114.10",
            },
            "NET102",
        ),
    ],
)
def test_a_network_that_swallows_everything_ends_in_time_and_names_the_layer(
    environ: dict[str, str], code: str, tmp_path: Path
) -> None:
    report, _ = doctor(tmp_path, DROP, *JSON, "--timeout", "1.5", **environ)
    assert found(report) == [(code, None)]
    assert report["took_ms"] <= 2000


@needs_namespaces
@pytest.mark.spares("NET100")
def test_a_dead_proxy_on_a_machine_without_a_route_is_the_proxys_trouble(tmp_path: Path) -> None:
    report, _ = doctor(tmp_path, "", *JSON, HTTPS_PROXY="http://127.0.0.1:9")
    assert found(report) == [("NET106", None)]


def test_which_name_servers_a_file_names(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    assert network.nameservers(path) is None
    path.write_bytes(b"# nameserver 1.1.1.1\nnameserver 10.0.0.1\nsearch x\nnameserver\n\xff\xfe\n")
    assert network.nameservers(path) == ("10.0.0.1",)
    with looking(tmp_path) as context:
        fact = network.probe(context, NOTHING, path)
    assert isinstance(fact, Known) and isinstance(fact.value, Network)
    assert fact.value.nameservers == ("10.0.0.1",)
    assert not network.routed(999, "1.1.1.1")
