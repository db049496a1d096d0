"""Where nothing is wrong nothing is said: no finding of any severity, exit 0, nothing to be set."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from tests.e2e.road import Done, Road
from tests.hub import official, worlds

pytestmark = pytest.mark.e2e

HF_ONLY = ("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
MS_ONLY = ("USE_MODELSCOPE=True", "QTUNE_FALLBACK=False")

# Before anything else of the child: its name server and its routes, as a Clash in TUN mode or a slow tunnel
# for IPv6 makes them. The connections themselves are real, and so is the TLS on them.
ROUTES = """\
import json, os, socket, time
ports = json.loads(os.environ["TEST_PORTS"])
names = {name: number for number, name in enumerate(ports, 1)}
places = {f"198.18.0.{n}": ports[name] for name, n in names.items()}
places |= {f"2001:db8::{n}": ports[name] for name, n in names.items()}
look_up, connect, connect_ex = socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex

def answer(host, port, family=0, kind=0, *more, **other):
    host = host.decode() if isinstance(host, bytes) else host
    if host not in names:
        return look_up(host, port, family, kind, *more, **other)
    four = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"198.18.0.{names[host]}", port))
    six = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (f"2001:db8::{names[host]}", port, 0, 0))
    both = [six, four] if os.environ.get("TEST_SLOW_IPV6") else [four]
    found = [entry for entry in both if family in (0, entry[0])]
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return found

def led(address):
    if address[0] not in places:
        return address
    if ":" not in address[0]:
        return ("127.0.0.1", places[address[0]])
    time.sleep(float(os.environ["TEST_SLOW_IPV6"]))
    return ("::ffff:127.0.0.1", places[address[0]], 0, 0)

socket.getaddrinfo = answer
socket.socket.connect = lambda self, address: connect(self, led(address))
socket.socket.connect_ex = lambda self, address: connect_ex(self, led(address))
"""


def well(done: Done) -> None:
    assert (done.codes, done.code) == ([], 0), done.report["findings"]
    assert done.report["recommended_env"] == {}
    states = {check["check"]: check["state"] for check in done.report["checks"]}
    assert not {"crashed", "unknown"} & set(states.values()), states


def routed(way: Road, site: Path, **environ: str) -> dict[str, str]:
    """Without a proxy, under the hubs' own names."""
    site.mkdir()
    (site / "sitecustomize.py").write_text(ROUTES)
    ports = {host: int(to.rpartition(":")[2]) for host, to in official.routes(way.hub).items()}
    shim = {"PYTHONPATH": str(site), "TEST_PORTS": json.dumps(ports)}
    return {"HTTPS_PROXY": "", **shim, **environ}


@pytest.mark.parametrize("lines", [HF_ONLY, MS_ONLY], ids=["huggingface", "modelscope"])
def test_one_hub_alone_behind_a_proxy_that_opens_tls_with_a_trusted_ca(
    way: Road, lines: tuple[str, ...]
) -> None:
    """A company's network: every certificate is made by its own CA, which both clients are told of."""
    way.env(*lines)
    well(way.doctor("--for", "download"))
    assert way.asked("modelscope" if lines is HF_ONLY else "huggingface") == 0


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_person_reads_one_line_and_the_next_step(way: Road, lang: str) -> None:
    done = way.qtune("doctor", "--for", "download", "--no-speed", QTUNE_LANG=lang)
    assert done.code == 0 and done.stderr == ""
    words = {
        "en": ("No problems found", "Next: qtune download"),
        "zh": ("没有发现问题", "qtune download"),
    }
    for word in words[lang]:
        assert word in done.stdout


def test_a_gated_model_with_its_token_and_a_push_with_the_right_to_write(way: Road) -> None:
    way.env(*HF_ONLY, f"HF_TOKEN={worlds.GOOD}")
    well(way.doctor(worlds.LLAMA, "--for", "download", "--no-speed"))
    way.env(*HF_ONLY, f"HF_TOKEN={worlds.WRITE}")
    well(way.doctor(worlds.PRIVATE, "--for", "push", "--no-speed"))


@pytest.mark.parametrize("how", ["--offline", "HF_HUB_OFFLINE=1"])
def test_offline_with_the_model_in_the_cache(way: Road, how: str) -> None:
    """A compute node without a network, after the download on the login node."""
    way.env(*MS_ONLY)
    assert way.qtune("download", "--quiet").code == 0
    way.env(*MS_ONLY, *([how] if "=" in how else []))
    way.hub.forget()
    done = way.doctor("--for", "download", *([how] if how.startswith("--") else []))
    assert (done.codes, done.code) == ([], 0), done.report["findings"]
    assert way.hub.requests == []
    assert way.qtune("download", "--quiet", "--offline").code == 0


def test_no_gpu_is_nothing_to_tell_of_a_download(way: Road, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    smi = tools / "nvidia-smi"
    smi.write_text('#!/bin/sh\necho "couldn\'t communicate with the NVIDIA driver"; exit 9\n')
    smi.chmod(0o755)
    way.env(*MS_ONLY)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = way.doctor("--for", "download", "--no-speed", PATH=path, CUDA_VISIBLE_DEVICES="")
    well(done)
    assert not {"accelerator", "torch"} & {check["check"] for check in done.report["checks"]}


def test_fake_addresses_of_a_tunnel_behind_which_tls_is_right(way: Road, tmp_path: Path) -> None:
    """Clash answers every name with 198.18.x.x: no hijacked DNS, as long as the certificates are the hubs' own."""
    way.env("USE_MODELSCOPE=False")
    done = way.doctor("--for", "download", **routed(way, tmp_path / "site"))
    well(done)
    assert "198.18.0." in json.dumps(done.report["facts"]["reach"])
    assert way.asked("huggingface") > 0


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_ipv6_that_is_slow_and_works(way: Road, tmp_path: Path) -> None:
    way.env(*HF_ONLY)
    environ = routed(way, tmp_path / "site", TEST_SLOW_IPV6="0.3")
    done = way.doctor("--for", "download", "--no-speed", **environ)
    well(done)
    assert "2001:db8::" in json.dumps(done.report["facts"]["reach"])


def test_a_run_config_with_its_data_and_a_whole_env(way: Road) -> None:
    way.env(*MS_ONLY, f"DEFAULT_MODEL={worlds.QWEN}", "QTUNE_LANG=en", "OPENAI_API_BASE=https://x")
    way.config(worlds.QWEN)
    well(way.doctor("sft.yaml", "--for", "download", "--no-speed"))
