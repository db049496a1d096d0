"""How many processes train, and on which machines: the options of `qtune run` that say so."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qtune.speech import say

if TYPE_CHECKING:
    from qtune.core.settings import Settings
    from qtune.train.gang import Gang

MOST = 4096
_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MODELSCOPE_API_TOKEN")


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option(
                "--nproc",
                default="1",
                metavar="N|auto",
                help=say(
                    "Training processes on this machine, one a GPU; auto: as many as there are GPUs.",
                    "本机的训练进程数，每张卡一个；auto 表示有几张卡就启动几个。",
                ),
            ),
            click.option(
                "--nnodes",
                type=click.IntRange(1, MOST),
                default=1,
                metavar="N",
                help=say(
                    "Machines that train together; give the same line on each.",
                    "一起训练的机器数；每台机器上运行同样的命令。",
                ),
            ),
            click.option(
                "--node-rank",
                type=click.IntRange(0, MOST - 1),
                metavar="R",
                help=say(
                    "Which of the machines this is, from 0; without it they agree by themselves.",
                    "本机的编号，从 0 开始；不写则由各机器自行协商。",
                ),
            ),
            click.option(
                "--rdzv-endpoint",
                metavar="HOST:PORT",
                help=say(
                    "Where the machines meet: an address of machine 0 and a free port.",
                    "各机器会合的地址：0 号机器的地址和一个空闲端口。",
                ),
            ),
        )
    ):
        command = option(command)
    return command


def gang(
    nproc: str, nnodes: int, node_rank: int | None, endpoint: str | None, settings: Settings
) -> Gang:
    """Raises click.UsageError for options that do not go together."""
    from qtune.train.gang import Gang

    processes = _processes(nproc, settings)
    if nnodes == 1:
        return Gang(processes)  # a Slurm script gives the other two for one machine as well
    if endpoint is None:
        raise click.UsageError(
            say(
                "--nnodes needs --rdzv-endpoint HOST:PORT, the address of machine 0.",
                "使用 --nnodes 时要用 --rdzv-endpoint HOST:PORT 写明 0 号机器的地址。",
            )
        )
    host, sign, port = endpoint.rpartition(":")
    if not sign or not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise click.BadParameter(
            say(
                f"{endpoint!r} is not HOST:PORT, for example node0:29500.",
                f"{endpoint!r} 不是 HOST:PORT 的形式，例如 node0:29500。",
            ),
            param_hint="--rdzv-endpoint",
        )
    if node_rank is not None and node_rank >= nnodes:
        raise click.BadParameter(
            say(
                f"{node_rank}: of {nnodes} machines the last is {nnodes - 1}.",
                f"{node_rank}：共 {nnodes} 台机器，最后一台的编号是 {nnodes - 1}。",
            ),
            param_hint="--node-rank",
        )
    return Gang(processes, nnodes, node_rank, endpoint)


def _processes(given: str, settings: Settings) -> int:
    if given == "auto":
        return visible(settings, os.environ)
    if given.isdecimal() and 0 < int(given) <= MOST:
        return int(given)
    raise click.BadParameter(
        say(f"{given!r} is neither a number nor auto.", f"{given!r} 既不是数字，也不是 auto。"),
        param_hint="--nproc",
    )


def visible(settings: Settings, environ: Mapping[str, str]) -> int:
    """NVIDIA GPUs that a training would see, asked without torch; 1 where there is none."""
    if settings.text("QTUNE_DEVICE") not in ("auto", "cuda"):
        return 1
    from qtune.core.export import child_environment

    listed = child_environment(settings, environ).get("CUDA_VISIBLE_DEVICES")
    cards = _cards({key: value for key, value in environ.items() if key not in _TOKENS})
    return max(count(listed, cards), 1)


def count(listed: str | None, cards: int) -> int:
    """As CUDA reads CUDA_VISIBLE_DEVICES: up to the first that is not one."""
    if listed is None:
        return cards
    named: list[str] = []
    for name in (word.strip() for word in listed.split(",")):
        if not name or name.startswith("-") or (name.isdecimal() and int(name) >= cards):
            break
        if name in named:
            return 0  # CUDA then shows none at all
        named.append(name)
    return min(len(named), cards)


def _cards(environ: Mapping[str, str]) -> int:
    from qtune.doctor.probes import accelerator, nvml

    names = accelerator.libraries()
    if nvml.loads(names):
        gpus = nvml.ask(names, environ).gpus
    else:
        told = accelerator.smi(environ, Path.cwd(), Path("/"))
        gpus = told[0] if told is not None else ()
    if any(gpu.mig for gpu in gpus):
        return 1  # CUDA gives a process one slice of one card
    return len(gpus)
