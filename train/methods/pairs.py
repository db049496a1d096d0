"""A prompt and the answer to it as tokens, for the methods that weigh answers against each other.

Put by the model's own template, as train.texts does for sft: an answer begins where the prompt that asks for
it ends, and ends with its end-of-turn token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation, Judged, Messages, Preference, Tools, Value
from qtune.core.text import Text, plain
from qtune.train import data
from qtune.train.causes import failure
from qtune.train.data import BadRow, Row, Rows
from qtune.train.events import Log, Say
from qtune.train.job import Job
from qtune.train.texts.conversations import answers
from qtune.train.texts.example import IGNORED, Written
from qtune.train.texts.template import Template
from qtune.train.texts.tokens import Encoder

Record = dict[str, Any]  # a row of a datasets.Dataset, with the columns that TRL's collators read
_LONGEST = 1 << 20  # tokens: nothing is cut here


class Tokens:
    """Prompts and answers of one model."""

    def __init__(self, job: Job, tokenizer: Any) -> None:
        self.most = job.config.max_length
        self.template = Template(tokenizer, job.config.enable_thinking)
        self.encoder = Encoder(tokenizer, _LONGEST)

    def preference(self, row: Preference) -> Record:
        chosen = self._answered(row.prompt, row.chosen, row.tools)
        rejected = self._answered(row.prompt, row.rejected, row.tools)
        # Where only one of the two has a thought, the template opens their prompts differently: what is the
        # same in both is the prompt.
        prompt = _common(chosen[0], rejected[0])
        record = {
            "prompt_ids": prompt,
            "chosen_ids": [*chosen[0], *chosen[1]][len(prompt) :],
            "rejected_ids": [*rejected[0], *rejected[1]][len(prompt) :],
        }
        if record["chosen_ids"] == record["rejected_ids"]:
            raise Unusable("same-answers")
        self._fits(prompt)
        return record

    def judged(self, row: Judged) -> Record:
        prompt, answer = self._answered(row.prompt, row.completion, row.tools)
        self._fits(prompt)
        return {"prompt_ids": prompt, "completion_ids": answer, "label": row.label}

    def _answered(
        self, prompt: Messages, answer: Messages, tools: Tools
    ) -> tuple[list[int], list[int]]:
        if len(answer) != 1:
            raise Unusable("several-answers", f"{len(answer)} messages")
        written = answers(self.template, Conversation((*prompt, *answer), tools))[-1]
        last = Written(written.text, written.spans[-1:], closes=written.closes)
        ((example,),) = self.encoder.examples([last])
        start = next(at for at, label in enumerate(example.labels) if label != IGNORED)
        end = max(at for at, label in enumerate(example.labels) if label != IGNORED) + 1
        return example.input_ids[:start], example.input_ids[start:end]

    def _fits(self, prompt: Sequence[int]) -> None:
        if len(prompt) >= self.most:
            raise Unusable("long-prompt", f"{len(prompt)} tokens")


def dataset(
    job: Job, rows: Rows, tokenizer: Any, say: Say, record: Callable[[Tokens, Any], Record]
) -> Any:
    """A datasets.Dataset, as TRL wants one; `.origin(i)` is where its i-th row comes from.

    Raises TrainError when too many rows are unusable, or none is left.
    """
    from datasets import Dataset  # type: ignore[import-untyped]

    if not tokenizer.chat_template:
        raise failure("TRN006", plain(job.base))
    tokens = Tokens(job, tokenizer)
    made: list[tuple[Row, Record]] = []
    bad: list[BadRow] = []
    for row in rows.usable:
        try:
            made.append((row, record(tokens, row.value)))
        except Unusable as reason:
            bad.append(BadRow(row.path, row.line, reason.kind, reason.text()))
    judged = Rows(tuple(row for row, _ in made), (*rows.bad, *bad))
    data.judge(judged, job.config.max_unusable)
    for text in data.report(judged):
        say(Log(text, "warning"))
    if not made:
        raise failure("TRN008")
    _tell([each for _, each in made], job.config.max_length, say)
    built = Dataset.from_list([each for _, each in made])
    places = [(row.path, row.line) for row, _ in made]
    built.origin = places.__getitem__
    return built


def _tell(records: Sequence[Mapping[str, Any]], most: int, say: Say) -> None:
    """How many, how long, and how many are cut."""
    lengths = []
    for record in records:
        prompt = len(record["prompt_ids"])
        ends = [len(ids) for key, ids in record.items() if key.endswith("_ids")]
        lengths.append(prompt + max(size for size in ends[1:]))
    total = sum(len(ids) for record in records for key, ids in record.items() if key != "label")
    say(
        Log(
            Text(
                f"{len(records)} rows, {total:,} tokens, the longest {max(lengths)}",
                f"{len(records)} 条数据，{total:,} 个词元，最长 {max(lengths)}",
            )
        )
    )
    cut = sum(length > most for length in lengths)
    if cut:
        say(
            Log(
                Text(
                    f"{cut} rows are longer than max_length {most}: their answers are cut",
                    f"{cut} 条数据超过 max_length {most}，回答会被截断",
                ),
                "warning",
            )
        )


def _common(one: Sequence[int], other: Sequence[int]) -> list[int]:
    same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        same += 1
    return list(one[:same])


def of_kind(value: Value, kind: type) -> Any:
    """The value, where the row is one for this method. core.data has refused the others with their reason."""
    if not isinstance(value, kind):
        raise Unusable("unknown-format", type(value).__name__)
    return value
