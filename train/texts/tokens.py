"""From texts to tokens: a prompt and its answer are parted where they will be when the model writes.

The text is tokenized whole. Where no token reaches over the edge of an answer, that is what the model
sees; where one would, the parts are tokenized each for itself, since the prompt is tokenized before the
answer exists. A batch goes through the tokenizer's own threads at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from qtune.train.texts.example import IGNORED, Example, Span, Tokenizer, Written

Parted = tuple[list[int], list[tuple[int, int]]]  # the tokens, and the stretches that are learnt


class Encoder:
    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.backend: Any = getattr(tokenizer, "backend_tokenizer", None)
        if not tokenizer.is_fast:
            self.backend = None
        if self.backend is not None:
            self.backend.no_truncation()  # some repositories ship one switched on
            self.backend.no_padding()
        self.exact = self._covers_all()
        self.opening = self._opening()

    def examples(self, texts: Sequence[Written]) -> list[list[Example]]:
        """Of each text its examples: one, or as many as its length needs where it divides."""
        return [self._cut(*each) for each in zip(texts, self._parted(texts), strict=True)]

    def ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _parted(self, texts: Sequence[Written]) -> list[Parted]:
        found: list[Parted | None] = [None] * len(texts)
        if self.backend is not None and self.exact:
            for index, (text, encoding) in enumerate(
                zip(texts, self._batch([text.text for text in texts]), strict=True)
            ):
                learnt = _at_edges(encoding, text)
                if learnt is not None:
                    found[index] = (encoding.ids, learnt)
        rest = [index for index, each in enumerate(found) if each is None]
        pieces = [_pieces(texts[index]) for index in rest]
        ids = iter(self._all_ids([piece for group in pieces for piece, _ in group]))
        for index, group in zip(rest, pieces, strict=True):
            found[index] = self._joined(texts[index], [(next(ids), use) for _, use in group])
        return [each for each in found if each is not None]

    def _batch(self, texts: list[str]) -> list[Any]:
        encodings: list[Any] = self.backend.encode_batch(texts, add_special_tokens=False)
        return encodings

    def _all_ids(self, texts: list[str]) -> list[list[int]]:
        if self.backend is None:
            return [self.ids(text) for text in texts]
        return [encoding.ids for encoding in self._batch(texts)]

    def _joined(self, text: Written, pieces: list[tuple[list[int], bool]]) -> Parted:
        ids: list[int] = []
        learnt: list[tuple[int, int]] = []
        for part, use in pieces:
            if use:
                learnt.append((len(ids), len(ids) + len(part)))
            ids += part
        if not self.tokenizer.is_fast or len(pieces) == 1:
            return ids, learnt
        # Where no token reaches over an edge the whole is right (SentencePiece puts a space before
        # each piece).
        read: dict[str, Any] = self.tokenizer(
            text.text, add_special_tokens=False, return_offsets_mapping=True
        )
        whole, places = list(read["input_ids"]), read["offset_mapping"]
        edges = {edge for span in text.spans for edge in (span.start, span.end)}
        if whole == ids or any(start < edge < end for start, end in places for edge in edges):
            return ids, learnt
        return whole, [_inside(places, span) for span in text.spans]

    def _cut(self, text: Written, parted: Parted) -> list[Example]:
        ids, learnt = parted
        if text.opens and self.opening:
            ids = [*self.opening, *ids]
            learnt = [(start + len(self.opening), end + len(self.opening)) for start, end in learnt]
        eos = self.tokenizer.eos_token_id
        if text.closes and eos is not None:
            # Without an end the model would never learn to stop.
            ids, learnt = [*ids, eos], [*learnt, (len(ids), len(ids) + 1)]
        labels = [IGNORED] * len(ids)
        for start, end in learnt:
            labels[start:end] = ids[start:end]
        most = self.max_length
        if not text.divides:
            return [Example(ids[:most], labels[:most], max(len(ids) - most, 0))]
        starts = list(range(0, len(ids), most))
        if len(starts) > 1 and starts[-1] == len(ids) - 1:
            starts[-1] -= 1  # one token alone is told by nothing
        edges = pairwise([*starts, len(ids)])
        return [Example(ids[start:end], labels[start:end], 0) for start, end in edges]

    def _covers_all(self) -> bool:
        """Do the tokens' places tell every character? Some tokenizers leave the spaces out of them."""
        if self.backend is None:
            return False
        probe = "a  b\n\nc \n d"
        places = self._batch([probe])[0].offsets
        covered = {at for start, end in places for at in range(start, end)}
        return covered == set(range(len(probe)))

    def _opening(self) -> list[int]:
        """What the tokenizer puts before a text of its own accord (Llama's and Gemma's bos)."""
        bos = self.tokenizer.bos_token_id
        ids = self.tokenizer("a")["input_ids"]
        return [bos] if bos is not None and len(ids) > 1 and ids[0] == bos else []


def _at_edges(encoding: Any, text: Written) -> list[tuple[int, int]] | None:
    """The stretches that are learnt, or None when a token reaches over an edge."""
    learnt = []
    for span in text.spans:
        start = _edge(encoding, span.start, len(text.text))
        end = _edge(encoding, span.end, len(text.text))
        if start is None or end is None:
            return None
        learnt.append((start, end))
    return learnt


def _edge(encoding: Any, position: int, length: int) -> int | None:
    """The number of the token that begins at a character; None when none does."""
    if position <= 0:
        return 0
    if position >= length:
        return len(encoding.ids)
    token = encoding.char_to_token(position)
    if token is None or encoding.token_to_chars(token)[0] != position:
        return None
    if token and encoding.token_to_chars(token - 1)[1] > position:
        return None
    return int(token)


def _inside(places: Sequence[tuple[int, int]], span: Span) -> tuple[int, int]:
    inside = [n for n, (start, end) in enumerate(places) if span.start <= start and end <= span.end]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _pieces(text: Written) -> list[tuple[str, bool]]:
    pieces, position = [], 0
    for span in text.spans:
        pieces.append((text.text[position : span.start], False))
        pieces.append((text.text[span.start : span.end], True))
        position = span.end
    pieces.append((text.text[position:], False))
    return [(piece, use) for piece, use in pieces if piece]
