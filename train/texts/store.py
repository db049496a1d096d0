"""The tokens of all examples in a few flat files, mapped into memory: what is not read takes no room.

A folder holds `ids` (int32) and `learnt` (one byte a token), one example after another, `ends` (where each
ends), `rows` (which row it came from), and `about.json`.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from qtune.core.data.lengths import bins
from qtune.core.data.unusable import Unusable
from qtune.train.texts import statistics
from qtune.train.texts.example import IGNORED, Example
from qtune.train.texts.making import Made
from qtune.train.texts.statistics import Statistics
from qtune.train.texts.template import Mode

TYPES = {"ids": np.int32, "learnt": np.uint8, "ends": np.int64, "rows": np.int64}


@dataclass(frozen=True)
class About:
    """`refused` are the rows that the template does not take, as (row, kind, detail).

    `ending` counts the tokens with which what is learnt ends, `seen` are all tokens that occur and are
    control tokens. `modes` are the values of enable_thinking with which every answer is asked for as it
    was learnt; None when no template had a part in it.
    """

    statistics: Statistics
    refused: Sequence[tuple[int, str, str]]
    ending: dict[int, int]
    seen: Sequence[int]
    modes: Sequence[Mode] | None


class Texts:
    """What is trained on, as a torch Dataset has it. `places` are path and line of each row."""

    def __init__(self, folder: Path, places: Sequence[tuple[Path, int]], keep: Any = None) -> None:
        """`keep` lives as long as the texts do: a temporary folder goes with it."""
        self._keep = keep
        self._open(folder, places)

    def _open(self, folder: Path, places: Sequence[tuple[Path, int]]) -> None:
        self.folder = folder
        self.about = about(folder)
        self.places = places
        self._ids, self._learnt, self._ends, self._rows = (
            _mapped(folder / name, kind) for name, kind in TYPES.items()
        )
        self.lengths: Sequence[int] = np.diff(self._ends, prepend=0).tolist()

    def __getstate__(self) -> tuple[Path, Sequence[tuple[Path, int]]]:
        """For a worker process, which maps the files itself."""
        return self.folder, self.places

    def __setstate__(self, state: tuple[Path, Sequence[tuple[Path, int]]]) -> None:
        self._keep = None  # whoever started the worker has it
        self._open(*state)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> dict[str, list[int]]:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        end = int(self._ends[index])
        place = slice(end - self.lengths[index], end)
        ids = self._ids[place]
        labels = np.where(self._learnt[place], ids, IGNORED)
        return {"input_ids": ids.tolist(), "labels": labels.tolist()}

    def __iter__(self) -> Iterator[dict[str, list[int]]]:
        return (self[index] for index in range(len(self)))

    def origin(self, index: int) -> tuple[Path, int]:
        """Path and line of the row that an example came from."""
        return self.places[int(self._rows[index])]

    @property
    def statistics(self) -> Statistics:
        return self.about.statistics


class Places(Sequence[tuple[Path, int]]):
    """Path and line of each row, for rows that are too many to keep: files `files` and `lines` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._open(folder)

    def __getstate__(self) -> Path:
        return self._folder

    def __setstate__(self, folder: Path) -> None:
        self._open(folder)

    def _open(self, folder: Path) -> None:
        self._folder = folder
        self._files = _mapped(folder / "files", np.int32)
        self._lines = _mapped(folder / "lines", np.int64)
        names = json.loads((folder / "paths.json").read_text(encoding="utf-8"))
        self._paths = [Path(name) for name in names]

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: Any) -> Any:
        return self._paths[int(self._files[index])], int(self._lines[index])


class Placing:
    """Writes down where each row stands, as it passes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths: dict[Path, int] = {}
        self.files, self.lines = (folder / "files").open("wb"), (folder / "lines").open("wb")

    def add(self, path: Path, line: int) -> None:
        number = self.paths.setdefault(path, len(self.paths))
        self.files.write(array("i", [number]).tobytes())
        self.lines.write(array("q", [line]).tobytes())

    def close(self) -> None:
        self.files.close()
        self.lines.close()
        names = json.dumps([str(path) for path in self.paths])
        (self.folder / "paths.json").write_text(names, encoding="utf-8")


class Writing:
    """Writes the files of a folder, example by example."""

    def __init__(self, folder: Path, control: Sequence[int]) -> None:
        self.folder = folder
        self.control = np.array(sorted(control), dtype=np.int32)
        self.files: dict[str, IO[bytes]] = {name: (folder / name).open("wb") for name in TYPES}
        self.rows = self.tokens = self.learnt = self.cut = self.cut_tokens = self.answerless = 0
        self.examples = self.longest = 0
        self.lengths: Counter[int] = Counter()
        self.notes: Counter[str] = Counter()
        self.ending: Counter[int] = Counter()
        self.seen: set[int] = set()
        self.modes: set[Mode] | None = None
        self.refused: list[tuple[int, str, str]] = []

    def add(self, made: Made | Unusable) -> None:
        row = self.rows
        self.rows += 1
        if isinstance(made, Unusable):
            self.refused.append((row, made.kind, made.detail))
            return
        for written, group in zip(made.written, made.examples, strict=True):
            self.notes.update(written.notes)
            for modes in written.modes:
                self.modes = set(modes) if self.modes is None else self.modes & modes
            for example in group:
                self._example(row, example)

    def _example(self, row: int, example: Example) -> None:
        whole = len(example.input_ids) + example.cut
        self.lengths[whole] += 1
        self.longest = max(self.longest, whole)
        labels = np.array(example.labels, dtype=np.int32)
        learnt = labels != IGNORED
        count = int(learnt.sum())
        if not learnt[1:].any():  # the first token is told by nothing
            self.answerless += 1
            return
        ids = np.array(example.input_ids, dtype=np.int32)
        self.examples += 1
        self.tokens += len(ids)
        self.learnt += count
        self.cut += example.cut > 0
        self.cut_tokens += example.cut
        for at in np.flatnonzero(learnt & ~np.append(learnt[1:], False)):
            self.ending[int(ids[at])] += 1
        self.seen.update(np.intersect1d(ids, self.control).tolist())
        self.files["ids"].write(ids.tobytes())
        self.files["learnt"].write(learnt.tobytes())
        self.files["ends"].write(array("q", [self.tokens]).tobytes())
        self.files["rows"].write(array("q", [row]).tobytes())

    def close(self) -> None:
        for file in self.files.values():
            file.close()

    def finish(self) -> None:
        self.close()
        found = Statistics(
            rows=self.rows - len(self.refused),
            examples=self.examples,
            tokens=self.tokens,
            learnt=self.learnt,
            longest=self.longest,
            cut=self.cut,
            cut_tokens=self.cut_tokens,
            answerless=self.answerless,
            histogram=bins(self.lengths),
            notes=dict(self.notes),
        )
        about = {
            "statistics": found.as_dict(),
            "refused": self.refused,
            "ending": {str(token): count for token, count in self.ending.most_common()},
            "seen": sorted(self.seen),
            "modes": None if self.modes is None else [*self.modes],
        }
        (self.folder / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def about(folder: Path) -> About:
    read = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return About(
        statistics=statistics.restored(read["statistics"]),
        refused=[(int(row), str(kind), str(detail)) for row, kind, detail in read["refused"]],
        ending={int(token): count for token, count in read["ending"].items()},
        seen=read["seen"],
        modes=read["modes"],
    )


def _mapped(path: Path, kind: Any) -> Any:
    if not path.stat().st_size:  # nothing to map
        return np.empty(0, dtype=kind)
    return np.memmap(path, dtype=kind, mode="r")
