"""A model, tokenizer or field that cannot be used is one clear error before any training."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtune.core.errors import TrainError
from qtune.train import quickstart
from qtune.train.events import Event, Log
from qtune.train.job import Job
from tests.train.runs import make_job

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from qtune.train.quickstart.model import ensure

    folder = tmp_path_factory.mktemp("built") / "snapshot"
    assert ensure(folder) is True
    return folder


@pytest.fixture
def job(built: Path, tmp_path: Path) -> Job:
    """A job on a copy of the snapshot, which the test may spoil."""
    snapshot = tmp_path / "snapshot"
    shutil.copytree(built, snapshot)
    return replace(make_job(tmp_path / "run", tmp_path), snapshot=snapshot)


def edit(path: Path, change: Edit) -> None:
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


def failing(act: Callable[[], object]) -> TrainError:
    with pytest.raises(TrainError) as caught:
        act()
    return caught.value


def test_the_quickstarts_model_is_the_same_every_time_and_built_once(
    built: Path, tmp_path: Path
) -> None:
    from qtune.train.quickstart.model import ensure

    again = tmp_path / "again"
    ensure(again)
    assert ensure(again) is False
    names = sorted(path.name for path in built.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    for name in names:
        assert (built / name).read_bytes() == (again / name).read_bytes(), name
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_the_quickstarts_folder_is_named_after_what_it_is_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = quickstart.snapshot(tmp_path)
    other = tmp_path / "other.jsonl"
    other.write_text("{}")
    monkeypatch.setattr(quickstart, "INSTRUCTIONS", other)
    assert quickstart.snapshot(tmp_path) != before


@pytest.mark.triggers("TRN006")
def test_a_model_without_a_chat_template_is_refused_with_a_way_out(job: Job) -> None:
    from qtune.train import data
    from qtune.train.loading import load_tokenizer
    from qtune.train.texts import tokenized

    (job.snapshot / "chat_template.jinja").unlink()
    rows = data.read(job.config.data)
    error = failing(lambda: tokenized(job, rows, load_tokenizer(job), lambda event: None))
    assert error.code == "TRN006"
    assert error.fix is not None and "instruct" in error.fix.en


@pytest.mark.spares("TRN006", "TRN013")
def test_pad_and_end_are_made_different_and_the_vocabulary_stays(job: Job) -> None:
    from qtune.train.loading import load_tokenizer

    edit(job.snapshot / "tokenizer_config.json", lambda c: c.update(pad_token="<|im_end|>"))
    tokenizer = load_tokenizer(job)
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    assert len(tokenizer) == 2048


@pytest.mark.triggers("TRN013")
def test_a_tokenizer_without_an_end_is_refused(job: Job) -> None:
    from qtune.train.loading import load_tokenizer

    edit(job.snapshot / "tokenizer_config.json", lambda c: c.pop("eos_token"))
    assert failing(lambda: load_tokenizer(job)).code == "TRN013"


@pytest.mark.triggers("TRN013")
def test_embeddings_are_never_resized_to_a_larger_tokenizer(job: Job) -> None:
    from qtune.train.loading import load_model, load_tokenizer

    tokenizer = load_tokenizer(job)
    tokenizer.add_tokens(["<new>"])
    error = failing(lambda: load_model(job, placement(), tokenizer))
    assert error.code == "TRN013"
    assert "2049 tokens, 2048 embeddings" in error.message.en


@pytest.mark.spares("TRN010", "TRN011", "TRN013")
@pytest.mark.filterwarnings(  # peft 0.21 reads the old name
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)
def test_a_smaller_tokenizer_leaves_the_embeddings_as_they_are(job: Job) -> None:
    """Qwen's vocabulary is padded; shrinking it to the tokenizer breaks every later merge."""
    from qtune.train.loading import load_model, load_tokenizer
    from qtune.train.tuning import put_on

    path = job.snapshot / "tokenizer.json"

    def drop_last_merges(content: dict[str, Any]) -> None:
        content["model"]["merges"] = content["model"]["merges"][:-40]
        vocabulary = content["model"]["vocab"]
        for token in sorted(vocabulary, key=lambda t: int(vocabulary[t]))[-40:]:
            del vocabulary[token]

    edit(path, drop_last_merges)
    tokenizer = load_tokenizer(job)
    assert len(tokenizer) == 2008
    model = put_on(job, load_model(job, placement(), tokenizer), lambda event: None)
    assert model.get_input_embeddings().weight.shape[0] == 2048


@pytest.mark.triggers("TRN010")
@pytest.mark.parametrize("damage", ["truncated", "missing", "pickled", "unknown kind", "no config"])
def test_a_snapshot_that_cannot_be_loaded_is_refused(job: Job, damage: str) -> None:
    import torch

    from qtune.train.loading import load_model

    weights = job.snapshot / "model.safetensors"
    if damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "missing":
        weights.unlink()
    elif damage == "pickled":
        weights.unlink()
        torch.save({}, job.snapshot / "pytorch_model.bin")
    elif damage == "unknown kind":
        edit(job.snapshot / "config.json", lambda c: c.update(model_type="qwen99"))
    else:
        (job.snapshot / "config.json").unlink()
    error = failing(lambda: load_model(job, placement(), []))
    assert error.code == "TRN010"


@pytest.mark.triggers("TRN011")
def test_what_peft_refuses_names_the_section(job: Job, built: Path) -> None:
    from qtune.train.loading import load_model
    from qtune.train.tuning import put_on

    config = replace(job.config, lora={"r": 8, "target_modules": ["no_such_layer"]})
    model = load_model(job, placement(), [])
    error = failing(lambda: put_on(replace(job, config=config), model, lambda event: None))
    assert error.code == "TRN011"
    assert "no_such_layer" in error.message.en


@pytest.mark.triggers("TRN012")
def test_what_transformers_refuses_names_the_section(job: Job) -> None:
    from qtune.train.trainer import arguments

    training = {**job.config.training, "dataloader_prefetch_factor": 2}
    config = replace(job.config, training=training)
    error = failing(lambda: arguments(config, placement()))
    assert error.code == "TRN012"
    assert "dataloader_prefetch_factor" in error.message.en


@pytest.mark.spares("TRN012")
def test_a_field_that_another_one_makes_possible_is_taken(job: Job) -> None:
    from qtune.train.trainer import arguments

    more = {"dataloader_prefetch_factor": 2, "dataloader_num_workers": 1}
    config = replace(job.config, training={**job.config.training, **more})
    assert arguments(config, placement()).dataloader_prefetch_factor == 2


@pytest.mark.triggers("TRN008")
@pytest.mark.spares("TRN008")
def test_long_examples_are_counted_and_an_answerless_rest_is_refused(job: Job) -> None:
    from qtune.train import data
    from qtune.train.loading import load_tokenizer
    from qtune.train.texts import tokenized

    tokenizer = load_tokenizer(job)
    rows = data.read(job.config.data)
    said: list[Event] = []
    made = tokenized(
        replace(job, config=replace(job.config, max_length=40)), rows, tokenizer, said.append
    )
    logs = [event.text.en for event in said if isinstance(event, Log)]
    assert any("longer than max_length 40 and were cut" in line for line in logs)
    assert max(len(example["input_ids"]) for example in made) == 40

    short = replace(job, config=replace(job.config, max_length=3))
    assert failing(lambda: tokenized(short, rows, tokenizer, said.append)).code == "TRN008"


def test_a_refused_row_takes_no_row_of_the_same_line_along(job: Job, tmp_path: Path) -> None:
    from qtune.core.runconfig import DataSource
    from qtune.train import data
    from qtune.train.loading import load_tokenizer
    from qtune.train.texts import tokenized

    good = [{"instruction": f"question {n}", "output": "an answer"} for n in range(150)]
    spoilt = {"instruction": "a", "output": "b <|im_end|>"}
    path = tmp_path / "one-line.json"
    path.write_text(json.dumps([*good, spoilt]), "utf-8")
    rows = data.read([DataSource(path)])
    assert {row.line for row in rows.usable} == {1}
    said: list[Event] = []
    assert len(tokenized(job, rows, load_tokenizer(job), said.append)) == 150
    logs = [event.text.en for event in said if isinstance(event, Log)]
    assert any(line.startswith("150 rows, 150 examples") for line in logs), logs


def test_padding_is_neither_seen_nor_learnt() -> None:
    from qtune.train.texts.collator import Collator

    batch = Collator(pad=0)(
        [{"input_ids": [5, 6, 7], "labels": [-100, 6, 7]}, {"input_ids": [8], "labels": [8]}]
    )
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[-100, 6, 7], [8, -100, -100]]


@pytest.mark.triggers("TRN014")
@pytest.mark.spares("TRN014")
def test_the_device_and_the_number_format_are_chosen_with_a_reason() -> None:
    import torch

    from qtune.train import device

    chosen = device.choose("cpu", "auto")
    assert (chosen.device, chosen.dtype) == ("cpu", torch.float32)
    assert [reason.en.split(":")[0] for reason in chosen.reasons] == [
        "device cpu",
        "number format float32",
    ]
    assert device.choose("cpu", "bfloat16").dtype == torch.bfloat16
    assert failing(lambda: device.choose("cpu", "float16")).code == "TRN014"
    if not torch.cuda.is_available():
        assert failing(lambda: device.choose("cuda", "auto")).code == "TRN014"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "TRN023"),
        (RuntimeError("Error while serializing: I/O error: No space left on device"), "TRN023"),
        (PermissionError(errno.EACCES, "Permission denied"), "TRN024"),
        (OSError(errno.EROFS, "Read-only file system"), "TRN024"),
        (MemoryError(), "TRN022"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "TRN022"),
        (RuntimeError("CUDA error: no kernel image is available for execution"), "GPU505"),
        (RuntimeError("CUDA error: uncorrectable ECC error encountered"), "GPU509"),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "GPU516"),
        (RuntimeError("CUDA error: device-side assert triggered"), None),
        (OSError(errno.EFBIG, "File too large"), "TRN023"),
        (RuntimeError("PytorchStreamWriter failed writing file data/0"), "TRN023"),
        (KeyError("loss"), None),
    ],
)
def test_what_the_machine_cannot_do_is_told_apart_from_a_bug(
    error: Exception, code: str | None
) -> None:
    from qtune.train.mishaps import translate

    known = translate(error)
    assert (known.code if known else None) == code
    if known is not None:
        from qtune.doctor.rules import BY_CODE

        assert known.code in BY_CODE, "each has a page"


@pytest.mark.triggers("TRN022")
@pytest.mark.spares("TRN022")
def test_memory_that_torch_does_not_get_is_told_apart_from_its_other_errors() -> None:
    import torch

    from qtune.train.mishaps import translate

    with pytest.raises(RuntimeError) as refused:
        torch.empty(1 << 50, dtype=torch.float32)
    known = translate(refused.value)
    assert known is not None and known.code == "TRN022"
    with pytest.raises(RuntimeError) as other:
        torch.ones(2, 3) @ torch.ones(2, 3)
    assert translate(other.value) is None


@pytest.mark.triggers("TRN023")
@pytest.mark.spares("TRN023")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told_apart_from_a_folder_in_the_way(tmp_path: Path) -> None:
    from safetensors.torch import save

    from qtune.train.mishaps import translate

    with pytest.raises(OSError) as full, Path("/dev/full").open("wb", buffering=0) as file:
        file.write(save({}))
    known = translate(full.value)
    assert known is not None and known.code == "TRN023"
    with pytest.raises(OSError) as other:
        tmp_path.open("wb")
    assert translate(other.value) is None


def test_a_file_that_may_not_be_read_is_not_blamed_on_the_run_directory() -> None:
    from qtune.train.mishaps import named

    def load() -> None:
        with named("TRN010", "model"):
            raise PermissionError(errno.EACCES, "Permission denied", "model.safetensors")

    error = failing(load)
    assert error.code == "TRN010"
    assert "model.safetensors" in error.message.en


def test_an_out_of_memory_of_torch_is_recognised() -> None:
    import torch

    from qtune.train.mishaps import translate

    known = translate(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert known is not None and known.code == "TRN022"
    assert "2 GiB" in known.message.en


def test_every_code_that_is_raised_is_in_the_catalogue_with_both_languages() -> None:
    import re

    from qtune.train.causes import CAUSES

    folder = Path(quickstart.__file__).parents[1]
    commands = folder.parent / "commands"  # some are raised before the child begins
    used = {
        code
        for path in (*folder.rglob("*.py"), *commands.rglob("*.py"))
        if path.parent.name != "causes"
        for code in re.findall(r'"(TRN\d{3})"', path.read_text("utf-8"))
    }
    assert used <= CAUSES.keys()
    assert CAUSES.keys() <= used
    for cause in CAUSES.values():
        for text in (cause.text, cause.fix):
            assert text.en and any("一" <= char <= "鿿" for char in text.zh)


def placement() -> Any:
    from qtune.train import device

    return device.choose("cpu", "float32")
