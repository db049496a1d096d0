"""A gated model, from the 401 to the trained adapter: each reason for the hub's "no" is named, with what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.road import Road
from tests.hub import worlds

pytestmark = pytest.mark.e2e


def first(report: dict[str, Any]) -> dict[str, Any]:
    finding = report["findings"][0]
    assert isinstance(finding, dict)
    return finding


@pytest.mark.parametrize("default_hub", ["USE_MODELSCOPE=False", ""])
def test_a_gated_model_without_a_token_is_gate401_whichever_hub_is_the_default(
    way: Road, default_hub: str
) -> None:
    """Llama is on Hugging Face only: the user who left ModelScope as default meets the same gate."""
    way.env(*filter(None, [default_hub, f"DEFAULT_MODEL={worlds.LLAMA}"]))
    done = way.doctor("--for", "download")
    assert done.code == 1
    finding = first(done.report)
    assert finding["code"] == "GATE401"
    assert worlds.LLAMA in finding["message"]
    assert finding["fix"] is not None
    assert "HF_TOKEN" in json.dumps(finding["fix"]) or "token" in finding["fix"]["title"].lower()


@pytest.mark.parametrize(
    ("token", "codes"),
    [
        (worlds.NO_LICENCE, {"GATE402"}),
        (worlds.PENDING, {"GATE403"}),
        (worlds.REJECTED, {"GATE404"}),
        (worlds.FINE_GRAINED, {"TOK306", "GATE405"}),
    ],
)
def test_each_refusal_has_its_own_code_first(way: Road, token: str, codes: set[str]) -> None:
    way.env("USE_MODELSCOPE=False", f"HF_TOKEN={token}")
    done = way.doctor(worlds.LLAMA, "--for", "download")
    assert done.code == 1
    assert first(done.report)["code"] in codes
    assert token not in done.wrote


@pytest.mark.parametrize(("model", "severity"), [(worlds.LLAMA, "error"), (worlds.QWEN, "warning")])
def test_a_bad_token_is_named_with_the_line_it_came_from(
    way: Road, model: str, severity: str
) -> None:
    """It breaks public models too; only where no other hub may serve does the goal fail of it."""
    way.env("# mine", "USE_MODELSCOPE=False", f"HF_TOKEN={worlds.EXPIRED}")
    done = way.doctor(model, "--for", "download")
    assert done.code == (1 if severity == "error" else 0)
    finding = first(done.report)
    assert finding["severity"] == severity
    assert finding["code"] == "TOK303"
    assert ".env line 3" in finding["message"] or ".env line 3" in " ".join(finding["evidence"])
    assert finding["span"]["line"] == 3


def test_a_missing_repository_may_be_private_and_the_message_says_so(way: Road) -> None:
    way.env("USE_MODELSCOPE=False")
    done = way.doctor("Qwen/Qwen3-4BB", "--for", "download")
    assert done.code == 1
    finding = first(done.report)
    assert finding["code"] == "GATE400"
    assert "missing or private" in finding["message"]


@pytest.mark.slow
def test_with_the_good_token_everything_is_clean_and_the_gated_model_is_trained(way: Road) -> None:
    way.env("USE_MODELSCOPE=False", f"HF_TOKEN={worlds.GOOD}", f"DEFAULT_MODEL={worlds.LLAMA}")
    done = way.doctor("--for", "download")
    assert (done.code, done.codes) == (0, [])
    way.hub.forget()
    way.config(worlds.LLAMA)
    ran = way.qtune("run", "sft.yaml", "lora.r=4")
    assert ran.code == 0, ran.stderr
    out = way.project / "runs/sft"
    assert str(out) in ran.stdout
    saved = json.loads((out / "adapter_config.json").read_text("utf-8"))
    assert saved["base_model_name_or_path"] == worlds.LLAMA
    assert (out / "adapter_model.safetensors").stat().st_size > 0
    metrics = [json.loads(line) for line in (out / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert [row["step"] for row in metrics] == list(range(1, 7))
    assert way.asked("modelscope") == 0
    assert way.hub.carrying(worlds.GOOD) <= {"hf"}
    assert worlds.GOOD not in done.wrote + ran.wrote
