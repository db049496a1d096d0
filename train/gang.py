"""Several training processes as one: how they are started, and which of their endings is the run's.

A rank that ends leaves a note in a folder that its parent reads: stdout belongs to rank 0 alone, and
the ranks that were pulled down by another's end must not be taken for its cause.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from qtune.core.processors import cores
from qtune.core.runconfig import RunConfig
from qtune.core.text import Text, plain
from qtune.train.causes import failure
from qtune.train.events import Crashed, Failed, decode, encode

MICRO, ACCUMULATION = "per_device_train_batch_size", "gradient_accumulation_steps"
# Methods whose steps qtune deals out itself: any number of processes can share one.
DEALT = ("sft", "pt")
DEATHS = "deaths.json"
LOST = "TRN081"  # what a rank says whose peer is gone: a consequence, never the cause
AGENT = -1  # the rank under which the agent leaves its own note
# What another launcher left in the environment, or Kubernetes and Slurm put there for theirs.
FOREIGN = (
    *("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "ROLE_RANK"),
    *("GROUP_WORLD_SIZE", "ROLE_WORLD_SIZE", "ROLE_NAME", "MASTER_ADDR", "MASTER_PORT"),
    *("PMI_RANK", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    *("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),
)
# Nodes download their model first, which may take one of them hours longer than another.
PATIENCE_S = 6 * 3600
SECONDS_TO_DIE = 5  # of the other ranks, after one of them failed


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


@dataclass(frozen=True)
class Note:
    """How a rank ended, by its own words."""

    rank: int
    code: int
    ending: Failed | Crashed | None
    at: float


@dataclass(frozen=True)
class Death:
    """How a rank ended that left no note, by torchrun's: a negative `code` is a signal."""

    rank: int
    code: int
    at: float


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


def enter(folder: Path, rank: int) -> None:
    """Tell the agent and the parent which process this rank is."""
    _write(folder / f"rank-{rank}.pid", str(os.getpid()))


def note(folder: Path, rank: int, code: int, ending: Failed | Crashed | None) -> None:
    told = encode(ending) if ending is not None else None
    _write(
        folder / f"rank-{rank}.json",
        json.dumps({"rank": rank, "code": code, "ending": told, "at": time.time()}),
    )


def note_deaths(folder: Path, deaths: list[Death]) -> None:
    _write(folder / DEATHS, json.dumps([vars(death) for death in deaths]))


def signal_ranks(folder: Path, number: int) -> int:
    """Send a signal to every rank that has not ended; how many there were."""
    reached = 0
    for rank, pid in _pids(folder):
        if (folder / f"rank-{rank}.json").exists():
            continue
        with suppress(OSError):
            os.kill(pid, number)
            reached += 1
    return reached


def failed(folder: Path) -> bool:
    """Did a rank of this machine end with an error, or without a word?"""
    noted = {note.rank: note.code for note in _notes(folder)}
    if any(code not in (0, 130, 143) for code in noted.values()):
        return True
    for rank, pid in _pids(folder):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            # Its note was written before it went.
            if not (folder / f"rank-{rank}.json").exists():
                return True
    return False


def kill(folder: Path) -> None:
    signal_ranks(folder, getattr(signal, "SIGKILL", signal.SIGTERM))


def verdict(folder: Path, gang: Gang) -> tuple[int, Failed | Crashed | None]:
    """The run's code and ending, from those of its ranks: the first that was no other's consequence."""
    notes = list(_notes(folder))
    deaths = list(_deaths(folder, {note.rank for note in notes}))
    causes = [note for note in notes if note.ending is not None and not _follows(note)]
    first = min(causes, key=lambda note: note.at, default=None)
    # A rank that is killed pulls the others down before torchrun has looked: its death comes first,
    # unless another had told of an error of the catalogue before.
    killed = min((d for d in deaths if d.code == -9), key=lambda death: death.at, default=None)
    # torchrun's times are whole seconds.
    if killed is not None and not (first and _known(first) and first.at < killed.at + 1):
        return 1, _died(killed, gang)
    if first is not None and first.ending is not None:
        return first.code, _named(first, gang)
    dead = min(deaths, key=lambda death: death.at, default=None)
    if dead is not None:
        return 1, _died(dead, gang)
    lost = min((n for n in notes if n.ending), key=lambda note: note.at, default=None)
    if lost is not None and lost.ending is not None:
        return lost.code, _named(lost, gang)
    return max((note.code for note in notes), default=0), None


def _follows(note: Note) -> bool:
    return isinstance(note.ending, Failed) and note.ending.code == LOST


def _known(note: Note) -> bool:
    return isinstance(note.ending, Failed)


def _died(death: Death, gang: Gang) -> Failed:
    """Killed from outside, or gone without a word."""
    number = -death.code
    how = plain(f"exit code {death.code}")
    if number > 0:
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        how = Text(f"signal {name}", f"信号 {name}")
    who = _who(death.rank, gang)
    detail = Text(f"{who.en}: {how.en}", f"{who.zh}：{how.zh}")
    error = failure("TRN041" if number == 9 else "TRN042", detail)
    return Failed(error.code, error.message, error.fix)


def _named(note: Note, gang: Gang) -> Failed | Crashed:
    """Whose words these are, where it was not rank 0."""
    assert note.ending is not None
    who = _who(note.rank, gang)
    if isinstance(note.ending, Crashed):
        return Crashed(f"{who.en}\n{note.ending.traceback}")
    if note.rank in (0, AGENT):
        return note.ending
    said = note.ending.message
    return replace(note.ending, message=Text(f"{said.en}\n({who.en})", f"{said.zh}\n（{who.zh}）"))


def _who(rank: int, gang: Gang) -> Text:
    if rank == AGENT:
        return Text("torchrun's agent", "torchrun 的管理进程")
    return Text(f"rank {rank} of {gang.size}", f"{gang.size} 个进程中的 rank {rank}")


def _notes(folder: Path) -> Iterator[Note]:
    for path in folder.glob("rank-*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            read = json.loads(path.read_text(encoding="utf-8"))
            told = decode(read["ending"]) if read["ending"] else None
            ending = told if isinstance(told, Failed | Crashed) else None
            yield Note(int(read["rank"]), int(read["code"]), ending, float(read["at"]))


def _deaths(folder: Path, noted: set[int]) -> Iterator[Death]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        for read in json.loads((folder / DEATHS).read_text(encoding="utf-8")):
            if read["rank"] not in noted:
                yield Death(int(read["rank"]), int(read["code"]), float(read["at"]))


def _pids(folder: Path) -> Iterator[tuple[str, int]]:
    for path in folder.glob("rank-*.pid"):
        with suppress(OSError, ValueError):
            yield path.stem.removeprefix("rank-"), int(path.read_text(encoding="ascii"))


def _write(path: Path, text: str) -> None:
    """At once: the reader may look at any moment."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
