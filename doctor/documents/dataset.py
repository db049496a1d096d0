"""A data set as facts: every row is read as the trainer reads it, for as long as there is time."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import BinaryIO

from qtune.core.data.conversation import Unusable, conversation
from qtune.core.data.rows import Raw, Unreadable, rows
from qtune.core.data.values import Message
from qtune.core.text import plain
from qtune.doctor.facts import BadRow, DataFile, Twin
from qtune.doctor.facts.dataset import FileProblem, Use

SHOWN = 5  # places of a kind; the others are counted
LONGEST_LIST = 32 << 20  # a JSON list is held in memory
_MOST_TEXTS = 400
_MOST_CHARACTERS = 2_000_000

Conversation = tuple[Message, ...]


@dataclass
class Rows:
    """What is known of the rows read so far, over all files.

    A row of at most `limit` bytes has at most as many tokens. `longer` counts the others, and `texts`
    holds the first of them as (question, answers).
    """

    limit: int | None = None
    usable: int = 0
    longer: int = 0
    texts: list[tuple[str, str]] = field(default_factory=list)
    characters: int = 0
    trained: dict[int, tuple[str, int]] = field(default_factory=dict)
    judged: dict[int, tuple[str, int]] = field(default_factory=dict)

    def measure(self, messages: Conversation) -> None:
        if self.limit is None:
            return
        text = "".join(message.content + message.reasoning for message in messages)
        if len(text) * 4 <= self.limit or len(text.encode()) <= self.limit:
            return
        self.longer += 1
        if len(self.texts) < _MOST_TEXTS and self.characters < _MOST_CHARACTERS:
            first = next(i for i, message in enumerate(messages) if message.role == "assistant")
            question = "".join(message.content for message in messages[:first])
            self.texts.append((question, text[len(question) :]))
            self.characters += len(text)


def survey(
    file: BinaryIO, path: str, use: Use, wanted: str, seen: Rows, ends: float = float("inf")
) -> DataFile:
    """The file as a fact; `seen` grows by its rows. Reads until `ends` (of time.monotonic)."""
    counts: Counter[str] = Counter()
    bad: list[BadRow] = []
    found = _Found(path, use, seen)
    number, whole = 0, True
    try:
        for raw in rows(file, LONGEST_LIST):
            number += 1
            try:
                found.add(raw.line, _conversation(raw, wanted))
            except Unusable as reason:
                counts[reason.kind] += 1
                if counts[reason.kind] <= SHOWN:
                    bad.append(BadRow(raw.line, reason.column, reason.kind, reason.detail))
            if number % 64 == 0 and time.monotonic() >= ends:
                whole = False
                break
    except Unreadable as fault:
        return DataFile(path, use, fault.kind, fault.line, fault.detail, rows=number)
    except OSError as error:
        return unreadable(path, use, error)
    problem: FileProblem = "" if number else "empty"
    return found.fact(problem, number, whole and not file.read(1), counts, bad)


def _conversation(raw: Raw, wanted: str) -> Conversation:
    if isinstance(raw.value, Unusable):
        raise raw.value
    return conversation(raw.value, wanted)


def unreadable(path: str, use: Use, error: OSError) -> DataFile:
    if isinstance(error, FileNotFoundError):
        return DataFile(path, use, "missing")
    if isinstance(error, IsADirectoryError):
        return DataFile(path, use, "folder")
    return DataFile(path, use, "unreadable", detail=plain(error.strerror or type(error).__name__))


class _Found:
    """What is told of the usable rows of one file."""

    def __init__(self, path: str, use: Use, seen: Rows) -> None:
        self.path, self.use, self.seen = path, use, seen
        self.twins: list[Twin] = []
        self.leaks: list[Twin] = []
        self.garbled: list[int] = []
        self.reasoned = 0

    def add(self, line: int, messages: Conversation) -> None:
        seen, digest = self.seen, hash(messages)
        seen.usable += 1
        seen.measure(messages)
        own = seen.trained if self.use == "train" else seen.judged
        if digest in own:
            self.twins.append(Twin(line, *own[digest]))
        own.setdefault(digest, (self.path, line))
        if self.use == "eval" and digest in seen.trained:
            self.leaks.append(Twin(line, *seen.trained[digest]))
        if any(garbled(message.content) for message in messages):
            self.garbled.append(line)
        self.reasoned += any(_thinks(message) for message in messages)

    def fact(
        self,
        problem: FileProblem,
        number: int,
        whole: bool,
        counts: Counter[str],
        bad: list[BadRow],
    ) -> DataFile:
        return DataFile(
            self.path,
            self.use,
            problem,
            rows=number,
            whole=whole,
            counts=dict(counts),
            bad=tuple(bad),
            repeated=len(self.twins),
            twins=tuple(self.twins[:SHOWN]),
            leaked=len(self.leaks),
            leaks=tuple(self.leaks[:SHOWN]),
            garbled=len(self.garbled),
            garbled_lines=tuple(self.garbled[:SHOWN]),
            reasoned=self.reasoned,
        )


def garbled(text: str) -> bool:
    """Holds what is left when bytes were decoded by the wrong table: U+FFFD, or that once more as GBK."""
    return "\ufffd" in text or "锟斤拷" in text


def _thinks(message: Message) -> bool:
    return message.role == "assistant" and bool(message.reasoning or "</think>" in message.content)
