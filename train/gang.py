"""Several training processes as one: how they share a batch, and how they are started."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qtune.core.processors import cores
from qtune.core.runconfig import RunConfig
from qtune.core.text import Text

MICRO, ACCUMULATION = "per_device_train_batch_size", "gradient_accumulation_steps"
# Methods whose steps qtune deals out itself: any number of processes can share one.
DEALT = ("sft", "pt")
# What another launcher left in the environment, or Kubernetes and Slurm put there for theirs.
FOREIGN = (
    *("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "ROLE_RANK"),
    *("GROUP_WORLD_SIZE", "ROLE_WORLD_SIZE", "ROLE_NAME", "MASTER_ADDR", "MASTER_PORT"),
    *("PMI_RANK", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    *("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),
)
# Nodes download their model first, which may take one of them hours longer than another.
PATIENCE_S = 6 * 3600


@dataclass(frozen=True)
class Gang:
    """`processes` on each of `nodes` machines. `node` is this one's number, None where torch gives it.

    `endpoint` is the host:port where the nodes meet, "" on one machine.
    """

    processes: int = 1
    nodes: int = 1
    node: int | None = None
    endpoint: str = ""

    @property
    def size(self) -> int:
        return self.processes * self.nodes


ALONE = Gang()


def share(micro: int, accumulation: int, ranks: int) -> tuple[int, int]:
    """(micro batch, accumulation) of each rank, so that a step sees as many rows as with one process.

    Accumulation is divided first, then the micro batch. Where neither can be, a step sees more.
    """
    if micro * accumulation % ranks:
        return micro, math.ceil(accumulation / ranks)
    common = math.gcd(accumulation, ranks)
    return micro // (ranks // common), accumulation // common


def effective(config: RunConfig, ranks: int) -> int:
    """The examples behind one optimizer step of all ranks together."""
    micro, accumulation = _given(config)
    if config.method in DEALT:
        return micro * accumulation
    part, each = share(micro, accumulation, ranks)
    return part * each * ranks


def micro_batch(config: RunConfig, ranks: int) -> int:
    """Of one rank, where a library's own trainer cuts the steps."""
    return share(*_given(config), ranks)[0]


def _given(config: RunConfig) -> tuple[int, int]:
    micro = config.training[MICRO]
    # auto: the accumulation steps alone count the examples.
    return micro if isinstance(micro, int) else 1, int(str(config.training[ACCUMULATION]))


def batch(config: RunConfig, ranks: int) -> tuple[Text, Literal["info", "warning"]]:
    """What an optimizer step sees; a warning where that is not what the config says."""
    rows, alone = effective(config, ranks), effective(config, 1)
    told = Text(
        f"{rows} rows a step, dealt out to {ranks} processes",
        f"每步 {rows} 条，分给 {ranks} 个进程",
    )
    if rows == alone:
        return told, "info"
    why = Text(
        f"{told.en}; the config says {alone}, which cannot be divided by {ranks}",
        f"{told.zh}；配置写的是 {alone}，无法被 {ranks} 整除",
    )
    return why, "warning"


def command(gang: Gang, job: Path, folder: Path) -> list[str]:
    """`folder` is where the ranks leave their notes."""
    child = [sys.executable, "-P", "-m", "qtune.train", str(job), "--parent-on-stdin"]
    if gang.size == 1:
        return child
    given = [f"--nproc-per-node={gang.processes}", "--max-restarts=0"]
    if gang.nodes == 1:
        # Loopback, and a free port: two runs on one machine must not meet each other.
        given += ["--standalone", "--local-addr=127.0.0.1"]
    else:
        given += [f"--nnodes={gang.nodes}", f"--rdzv-endpoint={gang.endpoint}", "--rdzv-id=qtune"]
        if gang.node is None:
            given += ["--rdzv-backend=c10d", f"--rdzv-conf=join_timeout={PATIENCE_S}"]
        else:
            given += ["--rdzv-backend=static", f"--node-rank={gang.node}"]
            given += [f"--rdzv-conf=timeout={PATIENCE_S}"]
    agent = [sys.executable, "-P", "-m", "qtune.train.agent", str(folder)]
    return [*agent, *given, "--no-python", *child, "--notes", str(folder)]


def environment(gang: Gang, environ: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in environ.items() if key not in FOREIGN}
    kept = {key: value for key, value in kept.items() if not key.startswith("TORCHELASTIC_")}
    if gang.size == 1:
        return kept
    # torchrun would take one thread for each rank, whatever the machine has.
    kept.setdefault("OMP_NUM_THREADS", str(max(cores() // gang.processes, 1)))
    if gang.nodes == 1 and os.name == "posix":
        # gloo else listens where the host's name leads, which in a container may be nowhere.
        kept.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    return kept
