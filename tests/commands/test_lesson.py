"""A training's events as a person follows them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from qtune.commands.lesson import Lesson
from qtune.core.secret import Secret
from qtune.core.text import Text
from qtune.train.events import Done, Evaluated, Log, Progress, Saved, Started, Step


@dataclass
class Heard:
    """Keeps what it is told."""

    totals: dict[str, int | None] = field(default_factory=dict)
    amount: int = 0
    lines: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    def start(self, task: str, total: int | None) -> None:
        self.totals[task] = total

    def advance(self, task: str, amount: int) -> None:
        self.amount += amount

    def finish(self, task: str) -> None:
        self.finished.append(task)

    def say(self, line: str) -> None:
        self.lines.append(line)


def step(number: int, loss: float, tokens: int, time: float) -> Step:
    return Step(number, number / 10, loss, 1e-4, 1.0, tokens, time)


def test_the_bar_stands_where_the_training_stands_also_after_a_resume() -> None:
    heard = Heard()
    lesson = Lesson(heard, "en")
    lesson.tell(Started(100, 40, 10))
    assert (heard.totals, heard.amount) == ({"train": 100}, 40)
    lesson.tell(step(50, 2.0, 100, 5.0))
    lesson.tell(Saved(60, "x"))
    assert heard.amount == 60
    lesson.over()
    assert heard.finished == ["train"]


def test_the_summary_says_how_far_the_loss_fell_and_how_fast_tokens_went() -> None:
    lesson = Lesson(Heard(), "en")
    for event in (step(1, 7.6, 1000, 1e9), step(11, 0.5, 3000, 1e9 + 4), Done(11, 0.5, "out")):
        lesson.tell(event)
    assert lesson.summary() == ["loss 7.600 → 0.500 in 11 steps, 500 tokens/s"]


def test_one_logged_step_has_no_speed_and_no_step_no_summary() -> None:
    lesson = Lesson(Heard(), "zh")
    assert lesson.summary() == []
    lesson.tell(step(1, 7.6, 1000, 1e9))
    assert lesson.summary() == ["1 步，loss 7.600 → 7.600"]


def test_each_line_says_how_fast_it_went_and_what_it_took() -> None:
    heard = Heard()
    lesson = Lesson(heard, "en")
    lesson.tell(step(10, 2.0, 1000, 10.0))
    lesson.tell(replace(step(20, 1.5, 21_000, 14.0), memory=9 << 30))
    assert heard.lines == [
        "step 10  epoch 1.00  loss 2.0000  lr 1.0e-04",
        "step 20  epoch 2.00  loss 1.5000  lr 1.0e-04  5,000 tokens/s  9.0 GiB",
    ]
    assert lesson.summary() == ["loss 2.000 → 1.500 in 20 steps, 5,000 tokens/s, 9.0 GiB"]


def test_tokenizing_has_a_bar_of_its_own_that_goes_before_the_steps() -> None:
    heard = Heard()
    lesson = Lesson(heard, "en")
    lesson.tell(Progress(Text("tokenizing", "分词"), 500, 2000))
    lesson.tell(Progress(Text("tokenizing", "分词"), 2000, 2000))
    assert (heard.totals, heard.amount, heard.finished) == ({"tokens": 2000}, 2000, ["tokens"])
    lesson.over()
    assert heard.finished == ["tokens"]


def test_a_bar_of_unknown_length_is_taken_down_when_the_run_ends() -> None:
    heard = Heard()
    lesson = Lesson(heard, "en")
    lesson.tell(Progress(Text("tokenizing", "分词"), 500, 0))
    assert heard.finished == []
    lesson.over()
    assert heard.finished == ["tokens"]


def test_an_evaluation_is_told() -> None:
    heard = Heard()
    Lesson(heard, "en").tell(Evaluated(40, 1.5, 2.25, 9.0))
    assert heard.lines == ["step 40  epoch 1.50  held-out loss 2.2500"]


def test_a_clock_that_goes_back_has_no_speed() -> None:
    heard = Heard()
    lesson = Lesson(heard, "zh")
    lesson.tell(step(10, 2.0, 1000, 10.0))
    lesson.tell(step(20, 1.5, 500, 9.0))
    assert heard.lines[1] == "第 20 步  轮次 2.00  loss 1.5000  学习率 1.0e-04"


def test_a_training_that_never_began_has_no_bar_to_take_down() -> None:
    heard = Heard()
    lesson = Lesson(heard, "en")
    lesson.tell(Log(Text("a", "甲")))
    lesson.over()
    assert (heard.finished, heard.lines) == ([], ["a"])


def test_what_the_child_says_is_redacted() -> None:
    heard = Heard()
    Secret("hf_" + "k" * 34)
    Lesson(heard, "en").tell(Log(Text("token hf_" + "k" * 34, "")))
    assert heard.lines == ["token hf_…kkkk"]
