"""Each format of each scenario, for its own reader: the screens and the questions of the FAQ.

The threads of docs/rules/cases.md are read in the same way where they are played, in tests/doctor/cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import pytest

from qtune.doctor.outcome import Report
from qtune.doctor.report import github, gitlab, html, junit, markdown, sarif
from qtune.doctor.report.formats import renderer
from tests.doctor.examining import Machine, at_home, codes
from tests.doctor.report import hostile, valid, worlds
from tests.hub import Fault, Kind
from tests.hub.worlds import (
    EXPIRED,
    GOOD,
    LLAMA,
    NO_LICENCE,
    PENDING,
    PRIVATE,
    QWEN,
    REJECTED,
)

OVERSEAS = ("USE_MODELSCOPE=False", f"DEFAULT_MODEL={QWEN}")
ALONE = ("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")


@dataclass(frozen=True)
class Asked:
    """A question of the FAQ: the lines of `.env`, the model, what the network does; and the first code, if any."""

    lines: tuple[str, ...]
    code: str = ""
    model: str = QWEN
    faults: tuple[Fault, ...] = field(default=())
    speed: bool = False


LIMIT = {"RateLimit": '"resolvers";r=0;t=120', "Retry-After": "120"}
# As in tests/e2e/test_faq.py, where an installed qtune answers them.
FAQ = {
    "qwen3-from-modelscope": Asked(("USE_MODELSCOPE=True", "# HF_TOKEN="), speed=True),
    "qwen3-from-hugging-face": Asked(OVERSEAS, speed=True),
    "placeholder": Asked((*OVERSEAS, "HF_TOKEN=hf_your_actual_token_here"), "TOK301"),
    "gated-without-a-token": Asked((*ALONE,), "GATE401", LLAMA),
    "no-licence": Asked((*ALONE, f"HF_TOKEN={NO_LICENCE}"), "GATE402", LLAMA),
    "pending": Asked((*ALONE, f"HF_TOKEN={PENDING}"), "GATE403", LLAMA),
    "rejected": Asked((*ALONE, f"HF_TOKEN={REJECTED}"), "GATE404", LLAMA),
    "expired": Asked((*ALONE, f"HF_TOKEN={EXPIRED}"), "TOK303"),
    "private": Asked((*ALONE, f"HF_TOKEN={GOOD}"), "GATE400", PRIVATE),
    "connection-reset": Asked(OVERSEAS, "HUB200", faults=(Fault(Kind.RESET, origin="hf"),)),
    "portal": Asked(OVERSEAS, "NET105", faults=(Fault(Kind.HTML, origin="hf"),)),
    "no-such-model": Asked((*ALONE,), "GATE400", "Qwen/Qwen3-4BB"),
    "not-on-modelscope": Asked(("USE_MODELSCOPE=True", f"HF_TOKEN={GOOD}"), "HUB221", LLAMA),
    "rate-limit": Asked(
        ALONE,
        "HUB208",
        faults=(Fault(Kind.STATUS, origin="hf", path="*resolve*", status=429, headers=LIMIT),),
    ),
}


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    project = tmp_path / "project"
    project.mkdir()
    with at_home(project) as machine:
        yield machine


@pytest.mark.parametrize("world", hostile.WORLDS, ids=lambda world: world.__name__)
def test_every_format_of_every_screen_is_valid(world: Callable[[], Report]) -> None:
    valid.everywhere(world())


@pytest.mark.parametrize("asked", FAQ.values(), ids=FAQ)
def test_every_format_of_every_answer_of_the_faq_is_valid(way: Machine, asked: Asked) -> None:
    way.env(*asked.lines)
    for fault in asked.faults:
        way.hub.fault(fault)
    report = way.examine(asked.model, speed=asked.speed)
    assert codes(report)[:1] == ([asked.code] if asked.code else [])
    valid.everywhere(report)


REFUSALS = (AssertionError, KeyError, ValueError, SyntaxError, jsonschema.ValidationError)


def spoilt(name: str) -> Iterator[str]:
    """A document of `name` with one fault each, which its reader must notice."""
    report = worlds.bad_token()
    if name == "json":
        whole = renderer(name).render(report, 1, "en")
        yield whole.replace('"severity": "error"', '"severity": "fatal"', 1)
    elif name == "jsonl":
        whole = renderer(name).render(report, 1, "en")
        yield "\n".join(line for line in whole.splitlines() if '"check"' not in line) + "\n"
    elif name == "sarif":
        yield sarif.render(report, 1, "en").replace('"level": "error"', '"level": "fatal"', 1)
    elif name == "junit":
        yield junit.render(report, 1, "en").replace("<failure", "<broken", 1)
        yield junit.render(report, 1, "en").replace('failures="1"', 'failures="2"', 1)
    elif name == "github":
        yield github.render(report, 1, "en").replace("%0A", "\n", 1)
    elif name == "gitlab":
        yield gitlab.render(report, 1, "en").replace('"begin": 3', '"begin": 0', 1)
    elif name == "markdown":
        yield markdown.render(report, 1, "en").replace("\n```\n", "\n", 1) + "\n```text\nx\n"
        yield markdown.render(report, 1, "en") + "\n<script>\n"
    elif name == "html":
        yield html.render(report, 1, "en").replace("</section>", "", 1)
        yield html.render(report, 1, "en").replace("<main", '<img src="https://x.example/i.png"><main', 1)  # fmt: skip


@pytest.mark.parametrize("name", valid.READERS)
def test_its_reader_would_notice(name: str) -> None:
    for document in spoilt(name):
        with pytest.raises(REFUSALS):
            valid.READERS[name](document, worlds.bad_token(), "en")
