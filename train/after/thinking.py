"""Tells the thinking of a model from its answer, while it is written or afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator

OPEN, CLOSE = "<think>", "</think>"
_WHOLE = re.compile(re.escape(OPEN) + ".*?" + re.escape(CLOSE), re.DOTALL)


class Splitter:
    """Pieces of text in, pieces with "is it thinking?" out; the marks themselves are not passed on.

    `thinking`: the prompt has opened a thought already.
    """

    def __init__(self, thinking: bool = False) -> None:
        self._thinking = thinking
        self._held = ""

    def feed(self, text: str) -> Iterator[tuple[str, bool]]:
        self._held += text
        while self._held:
            mark = CLOSE if self._thinking else OPEN
            before, found, after = self._held.partition(mark)
            if found:
                if before:
                    yield before, self._thinking
                self._thinking = not self._thinking
                self._held = after
                continue
            keep = _begun(self._held, mark)
            if len(self._held) > keep:
                yield self._held[: len(self._held) - keep], self._thinking
            self._held = self._held[len(self._held) - keep :]
            return

    def end(self) -> Iterator[tuple[str, bool]]:
        if self._held:
            yield self._held, self._thinking
            self._held = ""


def _begun(text: str, mark: str) -> int:
    """How many characters at the end of `text` may be the beginning of `mark`."""
    return next((n for n in range(len(mark) - 1, 0, -1) if text.endswith(mark[:n])), 0)


def opened_by(prompt: str) -> bool:
    """Does the prompt end within a thought? Some templates open one for the model."""
    return prompt.rfind(OPEN) > prompt.rfind(CLOSE)


def answer_of(text: str, opened: bool = False) -> str:
    """The answer without its thoughts; of one that never came to its answer nothing is left."""
    text = _WHOLE.sub("", OPEN + text if opened else text)
    return text.partition(OPEN)[0].strip()
