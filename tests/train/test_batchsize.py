"""Micro-batches are as large as they may be; where memory ends they shrink, and nothing else changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainingArguments

from qtune.core.errors import TrainError
from qtune.core.text import Text
from qtune.train import batchsize, evaluation, loss, recipe
from qtune.train.batches import micro
from qtune.train.batches.micro import Layout, Step
from qtune.train.batchsize import KEPT, Room
from qtune.train.events import Evaluated, Event, Log
from qtune.train.events import Step as Logged
from qtune.train.stepping import Feed, Stepping
from qtune.train.stop import Stop
from qtune.train.texts.collator import Collator
from tests.train import small
from tests.train.runs import make_job

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",
    "ignore:Model has `tie_word_embeddings=True`:UserWarning",
)

LENGTHS = [(5 * index) % 17 + 4 for index in range(24)]


def trained(
    folder: Path,
    room: int,
    *,
    fails_at: int | None = None,
    dropout: float = 0.0,
    counts: bool = True,
    own: bool = False,
) -> tuple[Stepping, list[str]]:
    """Three epochs of six steps; `fails_at` is the forward pass from which on no more than 25 tokens fit.

    `counts` False: the model says that it takes no count of a step's tokens. `own`: its own loss stays.
    """
    torch.manual_seed(0)
    model = small.model(lora=True, lora_dropout=dropout)
    if not counts:
        loss.unwrapped(model).accepts_loss_kwargs = False
    if not own:
        loss.install(model)
    passes = 0

    def ends(module: Any, given: tuple[torch.Tensor, ...]) -> None:
        nonlocal passes
        passes += 1
        if fails_at is not None and passes >= fails_at and given[0].numel() > 25:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    model.get_input_embeddings().register_forward_pre_hook(ends)
    said: list[str] = []

    def say(event: Event) -> None:
        assert isinstance(event, Log)
        said.append(event.text.en)

    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=4,
        num_train_epochs=3,
        learning_rate=1e-2,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        remove_unused_columns=False,
    )
    trainer = Stepping(
        feed=Feed(Layout("padded", pieces=not own), Room(room), 4, say),
        model=model,
        args=arguments,
        train_dataset=small.rows(LENGTHS),
    )
    trainer.train()
    return trainer, said


def losses(trainer: Stepping) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def weights(trainer: Stepping) -> dict[str, torch.Tensor]:
    return {n: p.detach() for n, p in trainer.model.named_parameters() if p.requires_grad}  # type: ignore[union-attr]


def test_into_how_many_pieces_a_step_is_cut_changes_nothing_but_rounding(tmp_path: Path) -> None:
    whole, _ = trained(tmp_path, 1000)
    pieces, _ = trained(tmp_path, 25)
    assert losses(pieces) == pytest.approx(losses(whole), rel=1e-4)
    assert whole.state.global_step == pieces.state.global_step == 18


@pytest.mark.parametrize("own", [False, True])
def test_a_model_that_takes_no_count_of_tokens_learns_the_same(tmp_path: Path, own: bool) -> None:
    """Gemma 4 and others with eyes: of their losses each micro-batch has a mean of its own."""
    usual, _ = trained(tmp_path, 1000, own=own)
    pieces, _ = trained(tmp_path, 25, counts=False, own=own)
    assert losses(pieces) == pytest.approx(losses(usual), rel=1e-4)


def test_out_of_memory_in_the_middle_repeats_that_step_alone_with_smaller_pieces(
    tmp_path: Path,
) -> None:
    calm, _ = trained(tmp_path, 1000)
    shaken, said = trained(tmp_path, 1000, fails_at=9)
    assert 1 <= len(said) <= 2
    assert "out of memory: micro-batches of at most" in said[0]
    assert "no finished step is repeated" in said[0]
    assert shaken.feed.room.tokens < 80
    assert shaken.state.global_step == 18
    assert shaken.state.num_input_tokens_seen == calm.state.num_input_tokens_seen
    assert losses(shaken) == pytest.approx(losses(calm), rel=1e-4)


def test_after_out_of_memory_a_step_draws_the_random_numbers_it_would_have_drawn(
    tmp_path: Path,
) -> None:
    """Bit for bit: with dropout, a run that shrank at once is one that began with the smaller pieces."""
    shaken, _ = trained(tmp_path, 1000, fails_at=1, dropout=0.3)
    began, _ = trained(tmp_path, shaken.feed.room.tokens, dropout=0.3)
    assert losses(shaken) == losses(began)
    ended = weights(began)
    assert all(torch.equal(value, ended[name]) for name, value in weights(shaken).items())


def test_one_example_that_does_not_fit_alone_ends_the_run(tmp_path: Path) -> None:
    model = small.model(lora=True)
    with pytest.raises(torch.OutOfMemoryError):

        def ends(module: Any, given: Any) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory.")

        model.get_input_embeddings().register_forward_pre_hook(ends)
        arguments = TrainingArguments(
            output_dir=str(tmp_path), use_cpu=True, report_to="none", disable_tqdm=True
        )
        feed = Feed(Layout("joined"), Room(1000), 2, lambda event: None)
        Stepping(feed=feed, model=model, args=arguments, train_dataset=small.rows([9, 9])).train()


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("can't allocate memory"), False),
    ],
)
def test_only_an_end_of_memory_is_taken_for_one(error: Exception, is_one: bool) -> None:
    step = Step(tuple(micro.example(row) for row in small.rows([8, 8, 8, 8])))
    room = Room(1000)
    assert room.shrink(error, step) == is_one
    assert room.tokens == (16 if is_one else 1000)


def test_a_resumed_run_cuts_its_steps_as_the_one_before_had_come_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the whole recipe: the second run meets no end of memory, since it takes no more than fits."""
    whole = micro.inputs

    def small_machine(examples: Any, layout: Layout) -> dict[str, Any]:
        if sum(len(each.ids) for each in examples) > 200:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(examples, layout)

    monkeypatch.setattr(micro, "inputs", small_machine)
    events: list[Event] = []
    short = ("training.num_train_epochs=", "training.save_steps=2", "training.logging_steps=1")
    run = tmp_path / "run"
    recipe.train(make_job(run, tmp_path, *short, "training.max_steps=2"), events.append, Stop())
    assert any(isinstance(e, Log) and "out of memory" in e.text.en for e in events)
    tokens = json.loads((run / "checkpoint-2" / KEPT).read_text())["tokens"]
    assert 50 < tokens <= 200

    events.clear()
    recipe.train(make_job(run, tmp_path, *short, "training.max_steps=3"), events.append, Stop())
    assert not any(isinstance(e, Log) and "out of memory" in e.text.en for e in events)
    assert [event.step for event in events if isinstance(event, Logged)] == [3]
    assert json.loads((run / "checkpoint-3" / KEPT).read_text())["tokens"] == tokens


def test_what_the_config_says_is_the_room_of_that_many_longest_rows(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", tmp_path, "max_length=512")
    room, told = batchsize.room(job.config, small.model(), "cpu", 100)
    assert room.tokens == 8 * 512
    assert "8 × max_length" in told.en


def auto(tmp_path: Path, available: int, model: Any = None) -> tuple[Room, Text]:
    job = make_job(
        tmp_path / "run",
        tmp_path,
        "training.per_device_train_batch_size=auto",
        "training.gradient_accumulation_steps=16",
    )
    return batchsize.room(job.config, model or small.model(), "cpu", 100, available)


def test_auto_takes_what_fits_and_never_more_than_a_step(tmp_path: Path) -> None:
    plenty, _ = auto(tmp_path, 64 << 30)
    assert plenty.tokens == 16 * 100
    wide = small.model(config={"intermediate_size": 20_000})
    sizes = [auto(tmp_path, more << 20, wide)[0].tokens for more in range(700, 1200, 100)]
    assert sizes == sorted(sizes)
    assert 100 <= sizes[0] < sizes[2] < sizes[-1] <= 1600
    none, told = auto(tmp_path, 1 << 20)
    assert none.tokens == 100
    assert "not even that fits" in told.en


def test_auto_keeps_to_one_example_where_nothing_is_known_of_the_model(tmp_path: Path) -> None:
    unknown = small.model(kind="olmo2")
    room, told = auto(tmp_path, 64 << 30, unknown)
    assert room.tokens == 100
    assert "one example" in told.en


def test_auto_tries_the_longest_examples_before_the_first_step(tmp_path: Path) -> None:
    seen: list[int] = []
    model = small.model(lora=True)
    loss.install(model)

    def look(module: Any, given: tuple[torch.Tensor, ...]) -> None:
        seen.append(given[0].numel())

    model.get_input_embeddings().register_forward_pre_hook(look)
    arguments = TrainingArguments(
        output_dir=str(tmp_path), use_cpu=True, report_to="none", disable_tqdm=True, max_steps=2
    )
    feed = Feed(Layout("joined"), Room(1000), 2, lambda event: None, probing=True)
    rows = small.rows([5, 30, 7, 40, 6])
    before = {name: value.clone() for name, value in model.named_parameters()}
    trainer = Stepping(feed=feed, model=model, args=arguments, train_dataset=rows)
    trainer._probe()
    assert seen == [70]
    assert all(torch.equal(value, before[name]) for name, value in model.named_parameters())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_trial_computes_in_the_number_format_of_the_training(tmp_path: Path) -> None:
    """Of weights in float32 that are trained in bfloat16 it would else take twice the memory."""
    formats: list[torch.dtype] = []
    model = small.model()
    loss.install(model)
    model.get_output_embeddings().register_forward_hook(
        lambda module, given, out: formats.append(out.dtype)
    )
    arguments = TrainingArguments(
        output_dir=str(tmp_path), use_cpu=True, bf16=True, report_to="none", disable_tqdm=True
    )
    feed = Feed(Layout("padded"), Room(1000), 2, lambda event: None, probing=True)
    trainer = Stepping(feed=feed, model=model, args=arguments, train_dataset=small.rows([5, 9]))
    trainer._probe()
    assert set(formats) == {torch.bfloat16}


def test_the_effective_batch_with_auto_is_the_accumulation_alone() -> None:
    given = {"per_device_train_batch_size": "auto", "gradient_accumulation_steps": 8}
    assert batchsize.effective(given) == 8
    assert batchsize.effective({**given, "per_device_train_batch_size": 4}) == 32


@pytest.mark.triggers("TRN056")
def test_a_stream_that_leaves_nothing_to_evaluate_says_so(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    rows.write_text((json.dumps({"messages": chat}) + "\n") * 3)
    text = f"model: quickstart\ndata: {rows}\nstreaming: true\neval_share: 0.001\n"
    with pytest.raises(TrainError) as caught:
        recipe.train(make_job(tmp_path / "run", tmp_path, text=text), lambda event: None, Stop())
    assert caught.value.code == "TRN056"


def test_evaluated_rows_are_not_packed_and_see_themselves_alone(tmp_path: Path) -> None:
    """Before the first step, where the model is the same whatever the packing is."""
    found = []
    for packing in ("true", "auto"):
        job = make_job(
            tmp_path / packing,
            tmp_path,
            *(f"packing={packing}", "max_length=512", "eval_share=0.2"),
            *("training.num_train_epochs=", "training.max_steps=1"),
            *("training.eval_strategy=steps", "training.eval_on_start=true"),
        )
        events: list[Event] = []
        recipe.train(job, events.append, Stop())
        found.append(next(event.eval_loss for event in events if isinstance(event, Evaluated)))
    assert found[0] == pytest.approx(found[1], rel=1e-6)


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_an_evaluation_is_a_mean_over_tokens_whatever_the_model_counts(
    tmp_path: Path, counts: bool, smoothing: float
) -> None:
    rows = small.rows([9, 4, 13, 2, 6, 30])
    model = small.model()
    model.accepts_loss_kwargs = counts
    found = []
    for size in (1, 4):
        arguments = TrainingArguments(
            output_dir=str(tmp_path),
            use_cpu=True,
            report_to="none",
            label_names=["labels"],
            per_device_eval_batch_size=size,
            label_smoothing_factor=smoothing,
        )
        feed = Feed(Layout("padded", pieces=False), Room(1000), 1, lambda event: None)
        trainer: Any = Stepping(
            feed=feed, model=model, args=arguments, train_dataset=rows, data_collator=Collator(0)
        )
        trainer.hurried = lambda: False
        metrics = evaluation.held_out_loss(
            trainer, trainer.get_eval_dataloader(rows), "eval"
        ).metrics
        found.append((metrics or {})["eval_loss"])
    assert found[0] == pytest.approx(found[1], rel=1e-5)
