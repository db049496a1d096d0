"""A data set as facts: every row is read as the trainer reads it, for as long as there is time."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import BinaryIO

from qtune.core.data import files
from qtune.core.data.digest import digest
from qtune.core.data.fitting import fitting
from qtune.core.data.raw import Raw, Unreadable
from qtune.core.data.recognise import strings, value
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import (
    Completion,
    Conversation,
    Judged,
    Message,
    Messages,
    Passage,
    Preference,
    Value,
)
from qtune.core.text import plain
from qtune.doctor.facts import BadRow, DataFile, Twin
from qtune.doctor.facts.dataset import FileProblem, Use

SHOWN = 5  # places of a kind; the others are counted
_MOST_TEXTS = 400
_MOST_CHARACTERS = 2_000_000


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
    trained: dict[bytes, tuple[str, int]] = field(default_factory=dict)
    judged: dict[bytes, tuple[str, int]] = field(default_factory=dict)

    def measure(self, read: Value) -> None:
        if self.limit is None:
            return
        question, answers = _halves(read)
        text = question + answers
        if len(text) * 4 <= self.limit or len(text.encode()) <= self.limit:
            return
        self.longer += 1
        if len(self.texts) < _MOST_TEXTS and self.characters < _MOST_CHARACTERS:
            self.texts.append((question, answers))
            self.characters += len(text)


def _halves(read: Value) -> tuple[str, str]:
    """What is asked, and what is learnt (of two answers, the longer one)."""
    match read:
        case Passage(text):
            return "", text
        case Completion(prompt, answer):
            return prompt, answer
        case Conversation(messages, _):
            first = next(i for i, message in enumerate(messages) if message.role == "assistant")
            return _text(messages[:first]), _text(messages[first:])
        case Preference(prompt=asked, chosen=chosen, rejected=rejected):
            return _text(asked), max(_text(chosen), _text(rejected), key=len)
        case Judged(prompt=asked, completion=answered):
            return _text(asked), _text(answered)


def _text(messages: Messages) -> str:
    return "".join(message.content + message.reasoning for message in messages)


def survey(
    file: BinaryIO,
    path: str,
    use: Use,
    wanted: str,
    seen: Rows,
    ends: float = float("inf"),
    method: str = "",
) -> DataFile:
    """The file as a fact; `seen` grows by its rows. Reads until `ends` (of time.monotonic).

    `method` is what the rows are to be trained with; where nobody said, any will do.
    """
    counts: Counter[str] = Counter()
    bad: list[BadRow] = []
    found = _Found(path, use, seen)
    number, whole = 0, True
    try:
        for raw in files.stream(file, path):
            number += 1
            try:
                found.add(raw.line, _value(raw, wanted, method))
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
    return found.fact(problem, number, whole, counts, bad)


def _value(raw: Raw, wanted: str, method: str) -> Value:
    if isinstance(raw.value, Unusable):
        raise raw.value
    read = value(raw.value, wanted)
    if method:
        fitting(read, method)
    return read


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
        self.reasoned = self.plain = 0

    def add(self, line: int, read: Value) -> None:
        seen, what = self.seen, digest(read)
        seen.usable += 1
        seen.measure(read)
        own = seen.trained if self.use == "train" else seen.judged
        if what in own:
            self.twins.append(Twin(line, *own[what]))
        own.setdefault(what, (self.path, line))
        if self.use == "eval" and what in seen.trained:
            self.leaks.append(Twin(line, *seen.trained[what]))
        if any(garbled(text) for text in strings(read)):
            self.garbled.append(line)
        self.reasoned += any(_thinks(message) for message in _answers(read))
        self.plain += isinstance(read, Passage | Completion)

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
            plain=self.plain,
        )


def garbled(text: str) -> bool:
    """Holds what is left when bytes were decoded by the wrong table: U+FFFD, or that once more as GBK."""
    return "\ufffd" in text or "锟斤拷" in text


def _answers(read: Value) -> Messages:
    """Those that are to be learnt."""
    match read:
        case Conversation(messages, _):
            return messages
        case Preference(chosen=chosen):
            return chosen
        case Judged(completion=answered, label=True):
            return answered
    return ()


def _thinks(message: Message) -> bool:
    return message.role == "assistant" and bool(message.reasoning or "</think>" in message.content)
