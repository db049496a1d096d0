"""The clients side by side: how each is told to fetch the model, with what it ships as defaults.

aria2c, curl and hf_transfer are given the addresses of all files; the others ask the hub for the list.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.download.profiles import MODEL, bare
from tests.hub import File

ROOT = Path(__file__).parents[2]
KEPT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "TMPDIR")


@dataclass(frozen=True)
class Task:
    """What to fetch, from where, into which empty folder."""

    hf: str
    ms: str
    ca_file: Path | None
    files: Mapping[str, File]
    folder: Path

    def address(self, name: str) -> str:
        return f"{self.hf}/{MODEL}/resolve/main/{name}"


@dataclass(frozen=True)
class Peer:
    name: str
    verifies: str  # what it compares by itself before it calls a file whole
    command: Callable[[Task], list[str]]
    needs: Callable[[], bool]
    settings: dict[str, str] = field(default_factory=dict)

    def environ(self, task: Task) -> dict[str, str]:
        """Nothing of the caller's but where programs are; a home of its own."""
        environ = {name: os.environ[name] for name in KEPT if name in os.environ}
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environ |= {
            "HOME": str(task.folder),
            "PYTHONPATH": os.pathsep.join(paths),
            "HF_HOME": str(task.folder / "hf"),
            "HF_ENDPOINT": task.hf,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "MODELSCOPE_ENDPOINT": task.ms,
            "MODELSCOPE_CACHE": str(task.folder / "modelscope"),
            "MODELSCOPE_HOME": str(task.folder / ".modelscope"),
        }
        if task.ca_file is not None:
            environ |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(task.ca_file))
        return environ | self.settings


def _qtune(task: Task) -> list[str]:
    return [sys.executable, "-m", "qtune", "download", MODEL, "--quiet"]


def _snapshot(package: str) -> Callable[[Task], list[str]]:
    code = f"from {package} import snapshot_download; snapshot_download({MODEL!r})"
    return lambda task: [sys.executable, "-c", code]


def _aria2c(task: Task) -> list[str]:
    listed = task.folder / "addresses.txt"
    listed.write_text("".join(f"{task.address(n)}\n  out={n}\n" for n in task.files))
    trusted = [f"--ca-certificate={task.ca_file}"] if task.ca_file else []
    flags = ["-x16", "-s16", "-j5", "-k1M", "--quiet", "--no-conf", *trusted]
    return ["aria2c", *flags, "-d", str(task.folder), "-i", str(listed)]


def _curl(task: Task) -> list[str]:
    trusted = ["--cacert", str(task.ca_file)] if task.ca_file else []
    listed = task.folder / "addresses.txt"  # too many for a command line
    listed.write_text(
        "".join(f'url = "{task.address(n)}"\noutput = "{task.folder / n}"\n' for n in task.files)
    )
    flags = ["--parallel", "--location", "--silent", "--fail", "--create-dirs"]
    return ["curl", "-q", *flags, *trusted, "--config", str(listed)]


TRANSFER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from hf_transfer import download
def fetch(pair):
    download(pair[0], pair[1], max_files=128, chunk_size=10 << 20, parallel_failures=3, max_retries=5)
with ThreadPoolExecutor(8) as pool:
    list(pool.map(fetch, json.loads(sys.argv[1])))
"""  # the numbers with which huggingface_hub called it, while it did


def _transfer(task: Task) -> list[str]:
    pairs = [(task.address(name), str(task.folder / name)) for name in task.files]
    return [sys.executable, "-c", TRANSFER, json.dumps(pairs)]


def _bare(connections: int) -> Callable[[Task], list[str]]:
    def command(task: Task) -> list[str]:
        told = [[n, task.address(n), f.size, f.sha256] for n, f in task.files.items()]
        listed = task.folder / "files.json"
        listed.write_text(json.dumps(told))
        trusted = [str(task.ca_file)] if task.ca_file else []
        program = [sys.executable, "-m", "bench.download.bare", str(connections)]
        return [*program, str(task.folder), str(listed), *trusted]

    return command


def _program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _package(name: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(name) is not None


HF_ONLY = {"USE_MODELSCOPE": "False", "QTUNE_SOURCES": "huggingface", "QTUNE_FALLBACK": "False"}
MS_ONLY = {"USE_MODELSCOPE": "True", "QTUNE_SOURCES": "modelscope", "QTUNE_FALLBACK": "False"}
BOTH = {"USE_MODELSCOPE": "False", "QTUNE_SOURCES": "huggingface,modelscope"}
IN_PARTS = {
    "MODELSCOPE_DOWNLOAD_PARALLELS": "8",
    "MODELSCOPE_DOWNLOAD_PARALLEL_THRESHOLD_MB": "1",  # 500 by default
    "MODELSCOPE_DOWNLOAD_PART_SIZE_MB": "16",  # 160 by default
}
PEERS = (
    Peer("qtune", "sha256", _qtune, _package("qtune"), HF_ONLY),
    Peer("qtune, ModelScope", "sha256", _qtune, _package("qtune"), MS_ONLY),
    Peer("qtune, both named", "sha256", _qtune, _package("qtune"), BOTH),
    Peer("huggingface_hub", "size", _snapshot("huggingface_hub"), _package("huggingface_hub")),
    Peer("modelscope", "sha256", _snapshot("modelscope"), _package("modelscope")),
    Peer(
        "modelscope PARALLELS=8",
        "sha256",
        _snapshot("modelscope"),
        _package("modelscope"),
        IN_PARTS,
    ),
    Peer("aria2c -x16 -s16", "nothing", _aria2c, _program("aria2c")),
    Peer("curl --parallel", "nothing", _curl, _program("curl")),
    Peer("hf_transfer", "nothing", _transfer, _package("hf_transfer")),
    *(Peer(bare(n), "sha256", _bare(n), lambda: True) for n in (8, 64)),
)
