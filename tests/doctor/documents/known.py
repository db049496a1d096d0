"""Worlds for an editor: a process with variables, and a doctor's report of a few hours ago."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from qtune.core.architecture import Architecture
from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.documents.world import World
from qtune.doctor.facts import Facts, Goal, Known, Listing
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.lastreports import LastReport
from tests.doctor.build import granted, healthy, refused

QWEN = "Qwen/Qwen3-4B"
LLAMA = "meta-llama/Llama-3.1-8B"
QWEN3_4B = Architecture("qwen3", 36, 2560, 9728, 32, 8, 128, 151_936, True, qk_norm=True)


def facts(model: str = QWEN, cached: int = 0) -> Facts:
    """Gated on Hugging Face where the model is Llama."""
    listing = Known(
        Listing(
            "a" * 40, 12, 8_060_000_000, cached, "w.safetensors", 4_000_000_000, "qwen3", QWEN3_4B
        )
    )
    gate = refused(AccessState.NOT_ACCEPTED) if model == LLAMA else granted()
    return replace(
        healthy(goal=Goal("train", model)),
        listing={"huggingface": listing, "modelscope": listing},
        gate={"huggingface": Known(gate), "modelscope": Known(granted())},
    )


def report(model: str = QWEN, hours: float = 3, *findings: Finding, cached: int = 0) -> LastReport:
    return LastReport(facts(model, cached), findings, datetime.now(UTC) - timedelta(hours=hours))


def finding(code: str, severity: Severity) -> Finding:
    return Finding(code, severity, Text("something is wrong", "有问题"))


def world(*reports: LastReport, **environ: str) -> World:
    """The first report is the newest."""

    def find(model: str | None) -> LastReport | None:
        about = [r for r in reports if model is None or r.facts.goal.model == model]
        return about[0] if about else None

    return World(environ, find)
