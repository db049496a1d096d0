"""A conversation as the model will see it: its own chat template, and a loss on the answers alone.

The text is what the template makes of the conversation, never put together by us. A template may
render an answer differently once another turn follows it (Qwen3 drops the thinking of earlier
turns). Then one text cannot show every answer as the model will have to write it, and the
conversation becomes one example per answer. What the template itself puts before an answer (an
empty think block) is part of the prompt and not learnt; the end of the turn is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation, Messages
from qtune.train.texts import thoughts
from qtune.train.texts.example import Span, Written
from qtune.train.texts.template import Mode, Template

OPENER = re.compile(r"<think>\n?$")

Found = tuple[Span, frozenset[Mode]]


def answers(template: Template, conversation: Conversation) -> list[Written]:
    """Each answer learnt once, exactly as it is asked for. Raises Unusable."""
    template.refuse_control(conversation.messages, conversation.tools)
    notes: Counter[str] = Counter()
    messages = thoughts.fitted(template, conversation.messages, notes)
    asked = [i for i, message in enumerate(messages) if message.role == "assistant" and i]
    if not asked:
        raise Unusable("no-answer", "nothing asks for it")
    if messages[0].role == "assistant":
        notes["openings"] += 1
    turns = _Turns(template, messages, conversation)
    found = turns.together(asked)
    if found is not None:
        made = [_written(turns.until(asked[-1]), found)]
    else:
        notes["divided conversations"] += 1
        made = [_written(turns.until(index), [turns.alone(index)]) for index in asked]
    for number, index in enumerate(asked):
        text = made[number if found is None else 0].text
        if thoughts.unwritten(messages[index], text):
            notes["unwritten thoughts"] += 1
    return [replace(made[0], notes=notes), *made[1:]]


def whole(template: Template, conversation: Conversation) -> Written:
    """For continued pre-training: the conversation as a document, learnt from end to end."""
    template.refuse_control(conversation.messages, conversation.tools)
    notes: Counter[str] = Counter()
    messages = thoughts.fitted(template, conversation.messages, notes)
    text = template.render(messages, conversation.tools, mode=template.enable_thinking)
    ended = text.rstrip().endswith(template.control)
    return Written(text, (Span(0, len(text)),), closes=not ended, divides=True, notes=dict(notes))


def _written(text: str, found: list[Found]) -> Written:
    spans = tuple(span for span, _ in found)
    modes = tuple(modes for _, modes in found)
    return Written(text, spans, closes=not spans[-1].ends, modes=modes)


class _Turns:
    """One conversation under a template; nothing is rendered twice."""

    def __init__(self, template: Template, messages: Messages, row: Conversation) -> None:
        self.template = template
        self.messages = messages
        self.tools = row.tools
        self.rendered: dict[int, str] = {}

    def until(self, index: int) -> str:
        """The text up to and with the message `index`, as the last of it."""
        if index not in self.rendered:
            self.rendered[index] = self.template.render(
                self.messages[: index + 1], self.tools, mode=self.template.enable_thinking
            )
        return self.rendered[index]

    def together(self, asked: list[int]) -> list[Found] | None:
        """All answers in one text, where that shows each as it is asked for and ended."""
        text = self.until(asked[-1])
        if not all(text.startswith(self.until(index)) for index in asked[:-1]):
            return None
        if len(asked) == 1:
            return [self.alone(asked[0])]
        found = [self.find(index) for index in asked]
        good = [each for each in found if each is not None and each[0].ends]
        return good if len(good) == len(found) else None

    def alone(self, index: int) -> Found:
        found = self.find(index) or self._thought_opened(index)
        if found is None:
            raise Unusable("template", f"the prompt of answer {index + 1} is not its beginning")
        return found

    def _thought_opened(self, index: int) -> Found | None:
        """DeepSeek-R1: the prompt opens a thought, and the template shows an answer without any.

        What the model writes behind such a prompt is the thought, its end, and the answer.
        """
        until = self.until(index)
        for mode in self.template.modes:
            prompt = self._prompt(index, mode)
            opener = OPENER.search(prompt)
            if opener is None or not until.startswith(prompt[: opener.start()]):
                continue
            if until.startswith("<think>", opener.start()):
                continue  # it shows a thought, and another than is asked for
            thought = thoughts.of(self.messages[index]).strip("\n")
            text = f"{prompt}{thought}\n</think>\n\n{until[opener.start() :]}"
            self.rendered[index] = text
            end = self._end_of_turn(text, len(prompt))
            return Span(len(prompt), end or len(text), end is not None), frozenset({mode})
        return None

    def _prompt(self, index: int, mode: Mode) -> str:
        if mode in self.template.tails:
            return self.until(index - 1) + self.template.tails[mode]
        return self.template.render(self.messages[:index], self.tools, prompt=True, mode=mode)

    def find(self, index: int) -> Found | None:
        """Where the answer stands behind the prompt that asks for it."""
        until = self.until(index)
        fitting: dict[Mode, int] = {}
        for mode in self.template.modes:
            prompt = self._prompt(index, mode)
            if until.startswith(prompt):
                fitting[mode] = len(prompt)
        if not fitting:
            return None
        # Without a thought in the row Qwen3 writes an empty one, which is what it also writes as the
        # prompt when thinking is off. The longer prompt is the true one.
        start = max(fitting.values())
        end = self._end_of_turn(until, start)
        modes = frozenset(mode for mode, length in fitting.items() if length == start)
        return Span(start, end or len(until), end is not None), modes

    def _end_of_turn(self, text: str, start: int) -> int | None:
        """Behind the token that ends the turn: eos, or the last control token (Gemma, Llama 3)."""
        eos = self.template.tokenizer.eos_token
        if eos and eos in text[start:]:
            return text.rindex(eos) + len(eos)
        stripped = text.rstrip()
        return len(stripped) if stripped.endswith(self.template.control) else None
