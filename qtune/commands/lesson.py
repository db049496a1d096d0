"""Tells the training's events as progress: a bar, a line for each logged step, and a summary at the end."""

from __future__ import annotations

from qtune.core.amounts import gib
from qtune.core.progress import Progress
from qtune.core.secret import redact
from qtune.core.text import Lang, Text
from qtune.train import events
from qtune.train.events import Done, Evaluated, Event, Log, Saved, Started, Step

TASK, TOKENS = "train", "tokens"


class Lesson:
    """Follows one training. `first` and `last` are its first and last logged steps."""

    def __init__(self, progress: Progress, lang: Lang) -> None:
        self._progress = progress
        self._lang = lang
        self._reached = 0
        self._begun = False
        self._tokenized: int | None = None  # rows, while a bar of them is shown
        self._before: Step | None = None
        self.first: Step | None = None
        self.last: Step | None = None
        self.done: Done | None = None

    def tell(self, event: Event) -> None:
        if isinstance(event, events.Progress):
            self._far(event)
        elif isinstance(event, Evaluated):
            self._say(_evaluated(event))
        elif isinstance(event, Started):
            self._begun = True
            self._progress.start(TASK, event.steps)
            self._advance(event.done)
        elif isinstance(event, Step):
            self.first = self.first or event
            self.last = event
            self._advance(event.step)
            self._say(_step(event, self._rate(event)))
            self._before = event
        elif isinstance(event, Saved):
            self._advance(event.step)
        elif isinstance(event, Log):
            self._say(event.text)
        elif isinstance(event, Done):
            self.done = event

    def over(self) -> None:
        if self._tokenized is not None:
            self._progress.finish(TOKENS)
        if self._begun:
            self._progress.finish(TASK)

    def _far(self, event: events.Progress) -> None:
        """What comes before the steps: a bar of its own, gone when it is done."""
        if self._tokenized is None:
            self._progress.start(TOKENS, event.total or None)
            self._tokenized = 0
        self._progress.advance(TOKENS, event.done - self._tokenized)
        self._tokenized = event.done
        if event.total and event.done >= event.total:
            self._progress.finish(TOKENS)
            self._tokenized = None

    def _advance(self, step: int) -> None:
        self._progress.advance(TASK, step - self._reached)
        self._reached = step

    def _say(self, text: Text) -> None:
        self._progress.say(redact(text.to(self._lang)))

    def _rate(self, event: Step) -> float:
        """Tokens a second since the last logged step; 0 where nothing can be said."""
        before = self._before
        if before is None or event.time <= before.time:
            return 0.0
        return max((event.tokens - before.tokens) / (event.time - before.time), 0.0)

    def summary(self) -> list[str]:
        """What was learnt, how fast, and what it took."""
        if self.first is None or self.last is None:
            return []
        seconds = self.last.time - self.first.time
        speed = (self.last.tokens - self.first.tokens) / seconds if seconds > 0 else 0.0
        more = f", {speed:,.0f} tokens/s" if speed else ""
        if self.last.memory:
            more += f", {gib(self.last.memory)}"
        told = Text(
            f"loss {self.first.loss:.3f} → {self.last.loss:.3f} in {self.last.step} steps{more}",
            f"{self.last.step} 步，loss {self.first.loss:.3f} → {self.last.loss:.3f}"
            + more.replace(", ", "，"),
        )
        return [told.to(self._lang)]


def _step(event: Step, speed: float) -> Text:
    rate = f"{event.learning_rate:.1e}"
    more = f"  {speed:,.0f} tokens/s" if speed else ""
    if event.memory:
        more += f"  {gib(event.memory)}"
    return Text(
        f"step {event.step}  epoch {event.epoch:.2f}  loss {event.loss:.4f}  lr {rate}{more}",
        f"第 {event.step} 步  轮次 {event.epoch:.2f}  loss {event.loss:.4f}  学习率 {rate}{more}",
    )


def _evaluated(event: Evaluated) -> Text:
    return Text(
        f"step {event.step}  epoch {event.epoch:.2f}  held-out loss {event.eval_loss:.4f}",
        f"第 {event.step} 步  轮次 {event.epoch:.2f}  验证 loss {event.eval_loss:.4f}",
    )
