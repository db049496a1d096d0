"""The cluster's road: a login node that downloads, and a compute node on which not one packet leaves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.road import Done, Road
from tests.hub import worlds

pytestmark = pytest.mark.e2e

# Counters of a network namespace of its own, in which nothing but the command can have sent anything.
COUNTED = {
    "Ip": ("OutRequests", "OutNoRoutes"),
    "Tcp": ("ActiveOpens",),
    "Udp": ("OutDatagrams",),
}


def _can_unshare() -> bool:
    try:
        probe = subprocess.run(
            ["unshare", "-n", "ip", "link", "set", "lo", "up"], capture_output=True
        )
    except FileNotFoundError:
        return False
    return probe.returncode == 0


class Node:
    """Without a network: a namespace of its own where the system allows it, else a proxy that refuses."""

    def __init__(self, way: Road) -> None:
        self.way = way
        self.alone = os.name == "posix" and _can_unshare()

    def qtune(self, *arguments: str, **environ: str) -> Done:
        way = self.way
        command = [str(way.python), "-m", "qtune", *arguments]
        counters = way.project.parent / "snmp"
        if self.alone:
            script = (
                'ip link set lo up; "$@"; code=$?; cat /proc/net/snmp > "$COUNTERS"; exit $code'
            )
            command = ["unshare", "-n", "sh", "-c", script, "sh", *command]
            environ["COUNTERS"] = str(counters)
        else:
            environ |= {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
        run = subprocess.run(
            command,
            cwd=way.project, env=way.environment(environ), capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        if self.alone:
            assert sent(counters) == {name: 0 for names in COUNTED.values() for name in names}
        assert way.hub.requests == []
        return Done(run.returncode, run.stdout, run.stderr)


def sent(path: Path) -> dict[str, int]:
    rows = [line.split() for line in path.read_text().splitlines()]
    found = {}
    for names, values in zip(rows[::2], rows[1::2], strict=True):
        for name in COUNTED.get(names[0].rstrip(":"), ()):
            found[name] = int(values[names.index(name)])
    return found


def test_what_the_login_node_downloaded_is_trained_on_where_no_packet_leaves(way: Road) -> None:
    way.config(worlds.QWEN)
    way.env("USE_MODELSCOPE=False")
    assert way.qtune("download", worlds.QWEN).code == 0
    way.hub.forget()
    node = Node(way)
    for road in ({}, {"HF_HUB_OFFLINE": "1"}):
        looked = node.qtune("doctor", "sft.yaml", "--offline", "--format", "json", **road)
        assert looked.code == 0, looked.wrote
        assert not {f["code"] for f in looked.report["findings"] if f["severity"] == "error"}
    ran = node.qtune("run", "sft.yaml", "--offline")
    assert ran.code == 0, ran.wrote
    assert list(way.project.rglob("adapter_model.safetensors"))


def test_a_model_that_was_not_downloaded_is_told_before_the_job_waits_in_the_queue(
    way: Road,
) -> None:
    way.config(worlds.QWEN)
    way.env("USE_MODELSCOPE=False")
    node = Node(way)
    looked = node.qtune("doctor", "sft.yaml", "--format", "json", HF_HUB_OFFLINE="1")
    assert (looked.code, looked.codes[0]) == (1, "HUB210")
    ran = node.qtune("run", "sft.yaml", "--offline")
    assert ran.code != 0
    assert "DWN001" in ran.wrote or "HUB210" in ran.wrote
