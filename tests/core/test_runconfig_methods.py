"""Each method and each tuning has its own defaults, its own fields, and values that it cannot be run with."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from qtune.core import runconfig
from tests.core.runtexts import codes, loaded, only

UNPAIRED = ("method: kto", "preference: {loss_type: apo_zero_unpaired}")


@pytest.mark.parametrize(
    ("lines", "rate"),
    [
        ((), 1e-4),
        (("tuning: qlora",), 1e-4),
        (("tuning: dora", "method: pt"), 1e-4),
        (("tuning: full",), 1e-5),
        (("method: dpo",), 5e-6),
        (("method: kto",), 5e-6),
        (("method: reward",), 1e-4),
        (("method: reward", "tuning: full"), 1e-5),
        (("method: dpo", "tuning: full"), 1e-6),
        (("method: dpo", "training: {learning_rate: 1e-3}"), 1e-3),
    ],
)
def test_the_learning_rate_fits_what_is_trained(
    tmp_path: Path, lines: tuple[str, ...], rate: float
) -> None:
    assert loaded(tmp_path, *lines).training["learning_rate"] == rate


def test_full_tuning_has_no_adapter(tmp_path: Path) -> None:
    config = loaded(tmp_path, "tuning: full")
    assert config.lora == {}
    assert loaded(tmp_path, "tuning: dora", "lora: {r: 4, use_rslora: true}").lora["use_rslora"]
    assert codes(tmp_path, "tuning: full", "lora: {r: 4}") == [("CFG010", 3)]


@pytest.mark.spares("CFG010")
def test_another_tuning_or_method_on_the_command_line_is_a_change_and_no_contradiction(
    tmp_path: Path,
) -> None:
    text = "data: quickstart\nmethod: dpo\npreference: {beta: 0.3}\nlora: {r: 4}\n"
    path, defaults = tmp_path / "dpo.yaml", runconfig.Defaults("a/b", tmp_path, tmp_path)
    config, problems = runconfig.examine(text, path, ("tuning=full",), defaults=defaults)
    assert config is not None, problems
    assert (config.lora, config.preference["beta"]) == ({}, 0.3)
    config, problems = runconfig.examine(text, path, ("method=sft",), defaults=defaults)
    assert config is not None, problems
    assert (config.preference, config.lora["r"]) == ({}, 4)


def test_preferences_have_the_numbers_of_their_papers(tmp_path: Path) -> None:
    assert loaded(tmp_path, "method: dpo").preference == {"beta": 0.1, "loss_type": "sigmoid"}
    assert loaded(tmp_path, "method: kto").preference == {"beta": 0.1}
    assert loaded(tmp_path, "method: reward").preference == {}
    assert loaded(tmp_path).preference == {}
    said = loaded(tmp_path, "method: dpo", "preference: {loss_type: [sigmoid, sft], beta: 1}")
    assert said.preference == {"loss_type": ["sigmoid", "sft"], "beta": 1}


def test_kto_takes_neighbours_two_at_a_time(tmp_path: Path) -> None:
    training = loaded(tmp_path, "method: kto").training
    assert training["per_device_train_batch_size"] == 2
    assert training["gradient_accumulation_steps"] == 4
    assert training["train_sampling_strategy"] == "sequential"
    assert (
        loaded(tmp_path, "method: kto", "eval_share: 0.1").training["per_device_eval_batch_size"]
        == 2
    )


@pytest.mark.triggers("CFG010")
@pytest.mark.parametrize(
    "lines", [("method: dpo",), ("method: reward",), UNPAIRED], ids=["dpo", "reward", "kto"]
)
def test_rows_of_several_lengths_are_not_grouped_by_length(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    """TRL would raise a ValueError behind the loading of the model."""
    found = only(tmp_path, *lines, "training: {train_sampling_strategy: group_by_length}")
    assert found.code == "CFG010"
    assert "group_by_length" in found.message.en
    loaded(tmp_path, "training: {train_sampling_strategy: group_by_length}")


@pytest.mark.spares("CFG006", "CFG007")
def test_the_batch_may_be_found_by_qtune(tmp_path: Path) -> None:
    config = loaded(tmp_path, "training: {per_device_train_batch_size: auto}", "eval_share: 0.1")
    assert config.training["per_device_train_batch_size"] == "auto"
    assert config.training["per_device_eval_batch_size"] == 1
    found = only(tmp_path, "training: {per_device_train_batch_size: atuo}")
    assert found.code == "CFG006"
    assert found.fix is not None and found.fix.en == "Did you mean auto?"
    assert codes(tmp_path, "training: {gradient_accumulation_steps: auto}") == [("CFG006", 2)]


# --- evaluation -----------------------------------------------------------------------------------


def test_rows_to_evaluate_on_are_evaluated_on(tmp_path: Path) -> None:
    assert "eval_strategy" not in loaded(tmp_path).training
    training = loaded(tmp_path, "eval_share: 0.1").training
    assert (training["eval_strategy"], training["eval_steps"]) == ("steps", 0.1)
    assert training["save_total_limit"] == 2
    said = "training: {per_device_train_batch_size: 4, eval_strategy: epoch}"
    training = loaded(tmp_path, "eval_share: 0.1", said).training
    assert training["per_device_eval_batch_size"] == 4
    assert training["eval_strategy"] == "epoch"


@pytest.mark.parametrize(
    ("said", "evaluated"),
    [
        ("load_best_model_at_end: true", ("steps", 500, "steps", 500)),
        ("load_best_model_at_end: true, save_steps: 50", ("steps", 50, "steps", 50)),
        ("load_best_model_at_end: true, save_strategy: epoch", ("epoch", 0.1, "epoch", 500)),
    ],
)
def test_the_best_model_was_evaluated_when_it_was_saved(
    tmp_path: Path, said: str, evaluated: tuple[object, ...]
) -> None:
    training = loaded(tmp_path, "eval_share: 0.1", f"training: {{{said}}}").training
    keys = ("eval_strategy", "eval_steps", "save_strategy", "save_steps")
    if evaluated[0] == "epoch":  # where steps play no part
        assert (training["eval_strategy"], training["save_strategy"]) == ("epoch", "epoch")
    else:
        assert tuple(training[key] for key in keys) == evaluated


@pytest.mark.triggers("CFG010")
@pytest.mark.parametrize(
    "said",
    [
        "eval_strategy: steps",
        "save_strategy: best",
        "lr_scheduler_type: reduce_lr_on_plateau",
        "lr_scheduler_type: greedy",
        "load_best_model_at_end: true",
        "eval_steps: 10",
        "eval_on_start: true",
    ],
)
def test_nothing_is_evaluated_without_rows(tmp_path: Path, said: str) -> None:
    found = only(tmp_path, f"training: {{{said}}}")
    assert found.code == "CFG010"
    assert found.fix is not None and "eval_share" in found.fix.en and "eval_share" in found.fix.zh


@pytest.mark.triggers("CFG007", "CFG010")
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("load_best_model_at_end: true, eval_strategy: epoch", "CFG010"),
        ("load_best_model_at_end: true, save_steps: 10, eval_steps: 4", "CFG010"),
        ("load_best_model_at_end: true, save_steps: 10, eval_steps: 0.1", "CFG010"),
        ("load_best_model_at_end: true, save_steps: 0.25, eval_steps: 0.1", "CFG010"),
        ("save_strategy: best", "CFG010"),
        ("metric_for_best_model: bleu", "CFG007"),
        ("eval_steps: 1.5", "CFG007"),
        ("per_device_eval_batch_size: 0", "CFG007"),
    ],
)
def test_an_evaluation_that_would_be_refused_later_is_refused_at_once(
    tmp_path: Path, said: str, code: str
) -> None:
    assert only(tmp_path, "eval_share: 0.1", f"training: {{{said}}}").code == code


@pytest.mark.spares("CFG010")
@pytest.mark.parametrize(
    "said",
    [
        "load_best_model_at_end: true, save_steps: 10, eval_steps: 5",
        "load_best_model_at_end: true, save_steps: 0.2, eval_steps: 0.1",
        "load_best_model_at_end: true, save_strategy: epoch, eval_strategy: epoch",
        "save_strategy: best, metric_for_best_model: eval_loss",
        "lr_scheduler_type: reduce_lr_on_plateau",
    ],
)
def test_an_evaluation_that_is_sound_is_taken(tmp_path: Path, said: str) -> None:
    loaded(tmp_path, "eval_share: 0.1", f"training: {{{said}}}")


@pytest.mark.triggers("CFG010")
def test_rows_that_are_kept_out_and_never_looked_at_are_a_warning(tmp_path: Path) -> None:
    found = only(tmp_path, "eval_share: 0.1", "training: {eval_strategy: no}")
    assert (found.code, found.severity) == ("CFG010", "warning")


# --- preferences ----------------------------------------------------------------------------------


@pytest.mark.triggers("CFG010")
@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("sft", "preference: {beta: 0.2}"),
        ("pt", "preference: {beta: 0.2}"),
        ("dpo", "preference: {loss_type: [sigmoid, sft], loss_weights: [1]}"),
        ("dpo", "preference: {loss_type: apo_zero, f_divergence_type: forward_kl}"),
        ("dpo", "preference: {loss_type: aot, use_weighting: true}"),
        ("dpo", "preference: {loss_type: exo_pair}"),
        ("dpo", "preference: {sync_ref_model: true}"),
        ("dpo", "packing: true"),
        ("sft", "streaming: true\npacking: true"),
        ("sft", "distributed: fsdp\ntuning: qlora"),
        ("sft", "distributed: fsdp\neval_share: 0.1\ntraining: {load_best_model_at_end: true}"),
        ("sft", "streaming: true\ntraining: {train_sampling_strategy: group_by_length}"),
        ("kto", "training: {per_device_train_batch_size: 1}"),
        ("kto", "eval_share: 0.1\ntraining: {per_device_eval_batch_size: 1}"),
        ("kto", "training: {train_sampling_strategy: random}"),
    ],
)
def test_what_would_be_refused_later_is_refused_at_once(
    tmp_path: Path, method: str, said: str
) -> None:
    assert only(tmp_path, f"method: {method}", said).code == "CFG010"


@pytest.mark.spares("CFG010")
@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("sft", "preference: {}"),
        ("dpo", "preference: {loss_type: [sigmoid, sft], loss_weights: [0.8, 0.2]}"),
        ("dpo", "preference: {loss_type: ipo, f_divergence_type: forward_kl}"),
        ("dpo", "preference: {loss_type: exo_pair, label_smoothing: 1e-3}"),
        ("dpo", "packing: auto"),
        ("dpo", "tuning: full\npreference: {sync_ref_model: true}"),
        ("kto", "preference: {loss_type: apo_zero_unpaired}\ntraining: {per_device_train_batch_size: 1}"),
        ("reward", "preference: {center_rewards_coefficient: 0.01}"),
    ],
)  # fmt: skip
def test_preferences_that_trl_takes_are_taken(tmp_path: Path, method: str, said: str) -> None:
    assert codes(tmp_path, f"method: {method}", said) == []


@pytest.mark.triggers("CFG005", "CFG006", "CFG007", "CFG008", "CFG012")
@pytest.mark.parametrize(
    ("method", "said", "code"),
    [
        ("dpo", "beat: 0.1", "CFG005"),
        ("kto", "f_divergence_type: forward_kl", "CFG005"),
        ("dpo", "beta: 0", "CFG007"),
        ("dpo", "beta: strong", "CFG006"),
        ("dpo", "loss_type: sigmoidal", "CFG007"),
        ("dpo", "loss_type: [sigmoid, nothing]", "CFG007"),
        ("dpo", "label_smoothing: 0.5", "CFG007"),
        ("dpo", "max_length: 512", "CFG008"),
        ("dpo", "model_init_kwargs: {a: 1}", "CFG008"),
        ("dpo", "padding_free: true", "CFG012"),
        ("dpo", "learning_rate: 1", "CFG005"),
        ("dpo", "[beta]", "CFG006"),
    ],
)
def test_a_field_of_preferences_is_checked_like_any_other(
    tmp_path: Path, method: str, said: str, code: str
) -> None:
    text = f"preference: {said}" if said.startswith("[") else f"preference: {{{said}}}"
    assert only(tmp_path, f"method: {method}", text).code == code


def test_a_field_of_another_method_is_told_whose_it_is(tmp_path: Path) -> None:
    found = only(tmp_path, "method: kto", "preference: {f_divergence_type: forward_kl}")
    assert found.fix is not None and "method: dpo" in found.fix.en
    found = only(tmp_path, "method: dpo", "beta: 0.2")
    assert found.fix is not None and found.fix.en == "It belongs under preference:"


@pytest.mark.triggers("CFG010")
@pytest.mark.parametrize(
    ("tuning", "said"),
    [
        ("dora", "lora_bias: true"),
        ("dora", "alora_invocation_tokens: [5, 6]"),
        ("dora", "init_lora_weights: mica"),
        ("lora", "target_parameters: [a.weight], lora_dropout: 0.1"),
        ("lora", "alora_invocation_tokens: [5], velora_config: {num_groups: 4}"),
    ],
)
def test_kinds_of_lora_that_peft_does_not_mix_are_refused(
    tmp_path: Path, tuning: str, said: str
) -> None:
    assert only(tmp_path, f"tuning: {tuning}", f"lora: {{{said}}}").code == "CFG010"


@pytest.mark.spares("CFG010", "CFG012")
@pytest.mark.parametrize(
    ("tuning", "said"),
    [
        ("dora", "use_rslora: true, lora_dropout: 0.1, bias: lora_only, lora_bias: false"),
        ("lora", "init_lora_weights: mica, use_rslora: true"),
        ("lora", "alora_invocation_tokens: [5, 6], modules_to_save: [lm_head]"),
        ("lora", "target_parameters: [a.weight], lora_dropout: 0"),
        ("qlora", "rank_pattern: {q_proj: 4}, alpha_pattern: {q_proj: 8}"),
    ],
)
def test_kinds_of_lora_that_peft_mixes_are_taken(tmp_path: Path, tuning: str, said: str) -> None:
    assert codes(tmp_path, f"tuning: {tuning}", f"lora: {{{said}}}") == []


# --- the rest -------------------------------------------------------------------------------------


@pytest.mark.spares("CFG008", "CFG012")
@pytest.mark.parametrize(
    "said",
    [
        "report_to: [tensorboard, wandb]",
        "report_to: none, run_name: first, project: mine",
        "use_liger_kernel: true",
        "torch_compile: true, torch_compile_mode: default",
        "ddp_backend: gloo, ddp_timeout: 60, average_tokens_across_devices: false",
    ],
)
def test_what_a_run_may_say_of_the_libraries_is_passed_on(tmp_path: Path, said: str) -> None:
    config = loaded(tmp_path, f"training: {{{said}}}")
    for pair in yaml.safe_load(f"{{{said}}}").items():
        assert pair in config.training.items()


@pytest.mark.triggers("CFG007")
def test_a_reporter_that_qtune_does_not_know_is_refused(tmp_path: Path) -> None:
    for said in ("report_to: all", "report_to: [wandb, neptune]", "report_to: wandd"):
        assert only(tmp_path, f"training: {{{said}}}").code == "CFG007"


def test_a_run_of_any_kind_reads_back_from_its_record_to_itself(tmp_path: Path) -> None:
    for lines in (
        ("method: dpo", "tuning: full", "distributed: fsdp", "preference: {beta: 0.3}"),
        ("method: kto", "tuning: qlora", "eval_share: 0.2"),
        ("packing: true", "attn_implementation: eager", "lora: {init_lora_weights: mica}"),
        ("training: {per_device_train_batch_size: auto, report_to: [wandb]}",),
    ):
        config = loaded(tmp_path, *lines)
        written = runconfig.resolved(config)
        assert runconfig.restore(written) == config
        text = yaml.safe_dump(written)
        defaults = runconfig.Defaults("a/b", tmp_path, tmp_path)
        assert runconfig.examine(text, tmp_path / "run.yaml", defaults=defaults)[0] == config
