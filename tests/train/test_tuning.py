"""What learns: an adapter of each kind, or the whole model; trained, killed, resumed, saved and loaded again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from qtune.core.errors import TrainError
from qtune.train.job import Job
from tests.train.forks import Death, run_forked
from tests.train.runs import make_job, metrics
from tests.train.test_killed import course

SHORT = (
    *("training.per_device_train_batch_size=8", "training.gradient_accumulation_steps=1"),
    *("training.num_train_epochs=", "training.max_steps=4", "training.save_steps=2"),
    *("training.logging_steps=1",),
)
# The plain lines of a run config, without the quickstart's own lora: section.
LINES = {"model": "quickstart", "data": "quickstart", "max_length": 128}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def job_of(output: Path, cache: Path, **lines: object) -> Job:
    text = yaml.safe_dump({**LINES, **lines})
    return make_job(output, cache, *SHORT, text=text)


def refused(job: Job, placement: Any) -> TrainError:
    from qtune.train import tuning

    with pytest.raises(TrainError) as caught:
        tuning.check(job, placement)
    return caught.value


@pytest.mark.slow
@pytest.mark.filterwarnings(  # peft 0.21 reads the old name
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("dora", {"tuning": "dora", "lora": {"r": 4}}),
        ("rslora", {"lora": {"r": 4, "use_rslora": True, "bias": "lora_only"}}),
        ("full", {"tuning": "full", "training": {"learning_rate": 1e-3}}),
    ],
)
def test_each_kind_is_trained_killed_resumed_and_loaded_again(
    tmp_path: Path, cache: Path, name: str, lines: dict[str, object]
) -> None:
    reference = job_of(tmp_path / "undisturbed", cache, **lines)
    undisturbed = run_forked(reference, tmp_path)
    assert undisturbed.code == 0, undisturbed.stderr
    loaded(reference, name)
    if name == "rslora":
        return  # is saved as any LoRA is
    run = tmp_path / "run"
    job = job_of(run, cache, **lines)
    killed = run_forked(job, tmp_path, Death("qtune.train.watch", "Watch.on_step_end", 3))
    assert killed.code == -9, killed.stderr
    resumed = run_forked(job, tmp_path)
    assert resumed.code == 0, resumed.stderr
    assert "resuming from checkpoint-2" in resumed.logs()
    whole = reference.config.output_dir
    assert course(run) == course(whole)
    weights = "model.safetensors" if name == "full" else "adapter_model.safetensors"
    assert (run / weights).read_bytes() == (whole / weights).read_bytes()
    assert not list(run.rglob("*.bin"))


def loaded(job: Job, name: str) -> None:
    """What lies in the run directory is what training changed, and names its base model."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    run = job.config.output_dir
    auto: Any = AutoModelForCausalLM
    base = auto.from_pretrained(job.snapshot)
    tokenizer: Any = AutoTokenizer.from_pretrained(run)
    ids = torch.tensor([tokenizer("What is a learning rate?")["input_ids"]])
    with torch.no_grad():
        before = base(ids).logits
        if name == "full":
            config = json.loads((run / "config.json").read_text())
            assert config["use_cache"] is True, "off for training alone"
            assert (run / "generation_config.json").is_file()
            assert str(job.snapshot) not in (run / "config.json").read_text()
            after = auto.from_pretrained(run)(ids).logits
        else:
            adapter = json.loads((run / "adapter_config.json").read_text())
            assert adapter["base_model_name_or_path"] == "Qwen/tiny"
            assert adapter["use_dora"] is (name == "dora")
            assert adapter["use_rslora"] is (name == "rslora")
            after = PeftModel.from_pretrained(base, str(run))(ids).logits
    assert (after - before).abs().max() > 1e-4
    assert metrics(run)[-1]["loss"] < metrics(run)[0]["loss"]


@pytest.mark.triggers("TRN070")
@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_qlora_without_an_nvidia_gpu_names_what_is_nearest(
    tmp_path: Path, cache: Path, device: str
) -> None:
    import torch

    from qtune.train.device import Placement

    job = job_of(tmp_path / "run", cache, tuning="qlora")
    error = refused(job, Placement(device, torch.float32, ()))
    assert error.code == "TRN070"
    assert device in error.message.en
    assert error.fix is not None and "tuning: lora" in error.fix.en


@pytest.mark.triggers("TRN071")
@pytest.mark.parametrize("fault", ["missing", "broken"])
def test_qlora_without_a_working_bitsandbytes_says_how_to_get_it(
    tmp_path: Path, cache: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from qtune.train import tuning
    from qtune.train.device import Placement

    if fault == "broken":
        (tmp_path / "bitsandbytes.py").write_text("raise RuntimeError('CUDA Setup failed')\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(__import__("sys").modules, "bitsandbytes", raising=False)
    else:
        monkeypatch.setattr(tuning, "find_spec", lambda name: None)
    job = job_of(tmp_path / "run", cache, tuning="qlora")
    error = refused(job, Placement("cuda", torch.bfloat16, ()))
    assert error.code == "TRN071"
    assert ("CUDA Setup failed" if fault == "broken" else "not installed") in error.message.en
    assert error.fix is not None and "pip install -U bitsandbytes" in error.fix.en


@pytest.mark.spares("TRN070", "TRN071")
def test_qlora_on_a_gpu_loads_in_four_bits_and_computes_in_the_chosen_format(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from qtune.train import tuning
    from qtune.train.device import Placement

    (tmp_path / "bitsandbytes.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    placement = Placement("cuda", torch.bfloat16, ())
    job = job_of(tmp_path / "run", cache, tuning="qlora")
    tuning.check(job, placement)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)  # of the second rank
    given = tuning.loading(job, placement)
    quantized = given["quantization_config"]
    assert quantized.load_in_4bit and quantized.bnb_4bit_use_double_quant
    assert quantized.bnb_4bit_quant_type == "nf4"
    assert quantized.bnb_4bit_compute_dtype == torch.bfloat16
    assert given["device_map"] == {"": 1}


@pytest.mark.triggers("TRN072")
@pytest.mark.spares("TRN072")
def test_all_weights_are_kept_in_float32_and_never_in_float16(tmp_path: Path, cache: Path) -> None:
    import torch

    from qtune.train import tuning
    from qtune.train.device import Placement

    job = replace(job_of(tmp_path / "run", cache, tuning="full"), dtype="auto")
    assert refused(job, Placement("cuda", torch.float16, ())).code == "TRN072"
    half = Placement("cuda", torch.bfloat16, ())
    tuning.check(job, half)
    assert tuning.loading(job, half)["dtype"] == torch.float32
    asked = replace(job, dtype="bfloat16")
    assert tuning.loading(asked, half)["dtype"] == torch.bfloat16
    adapter = replace(job_of(tmp_path / "run", cache), dtype="auto")
    assert tuning.loading(adapter, half)["dtype"] == torch.bfloat16


def test_norms_of_a_quantized_model_are_steadied_and_its_ends_left_small() -> None:
    import torch

    from qtune.train.tuning import _steadied

    model = torch.nn.Sequential(torch.nn.Embedding(8, 4), torch.nn.LayerNorm(4)).to(torch.bfloat16)
    steadied = _steadied(model)
    assert {p.dtype for p in steadied[1].parameters()} == {torch.float32}
    assert steadied[0].weight.dtype == torch.bfloat16
    assert not any(p.requires_grad for p in steadied.parameters())
