"""How the ranks of a gang ended, and which of their endings is the run's.

A rank that ends leaves a note in a folder that its parent reads: stdout belongs to rank 0 alone, and
the ranks that were pulled down by another's end must not be taken for its cause.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from qtune.core.text import Text, plain
from qtune.train.causes import failure
from qtune.train.events import Crashed, Failed, decode, encode
from qtune.train.gang import Gang

DEATHS = "deaths.json"
LOST = "TRN081"  # what a rank says whose peer is gone: a consequence, never the cause
AGENT = -1  # the rank under which the agent leaves its own note
SECONDS_TO_DIE = 5  # of the other ranks, after one of them failed


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
