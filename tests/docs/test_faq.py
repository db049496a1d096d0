"""The FAQ keeps its word: for each error that it lists, the doctor finds a cause that stands in its section."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qtune.doctor.outcome import Report
from tests.doctor.examining import Machine, at_home, codes
from tests.hub import Fault, worlds

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (DOCS / "faq.md", DOCS / "faq.zh.md")
TOKEN = "hf_" + "Zz9" * 11 + "z"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with at_home(tmp_path) as machine:
        yield machine


def section(page: Path, heading: str) -> str:
    """The text from the heading that holds these words to the next of its level or above."""
    text = page.read_text("utf-8")
    found = re.search(rf"^(#+) .*{re.escape(heading)}.*$", text, re.M)
    assert found is not None, heading
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.M)
    return rest[: end.start()] if end else rest


def gated(machine: Machine) -> Report:
    machine.env("USE_MODELSCOPE=False")
    return machine.examine(worlds.LLAMA)


def refused_token(machine: Machine) -> Report:
    machine.env("USE_MODELSCOPE=False", f"HF_TOKEN={TOKEN}")
    return machine.examine()


def unreachable(machine: Machine) -> Report:
    machine.env("USE_MODELSCOPE=False")
    machine.hub.fault(Fault("reset", origin="hf"))
    return machine.examine()


def misspelt(machine: Machine) -> Report:
    machine.env("USE_MODELSCOPE=False")
    return machine.examine("Qwen/Qwen3-4b-Instrukt")


def slow(machine: Machine) -> Report:
    machine.env("USE_MODELSCOPE=False")
    machine.hub.fault(Fault("slow", origin="cdn", bytes_per_second=2_000))
    return machine.examine(speed=True)


def limited(machine: Machine) -> Report:
    machine.env("USE_MODELSCOPE=False")
    machine.hub.fault(Fault("status", origin="hf", status=429))
    return machine.examine()


@pytest.mark.parametrize(
    ("heading", "world"),
    [
        ("401 Unauthorized", gated),
        ("401 Unauthorized", refused_token),
        ("Can't load config", unreachable),
        ("Can't load config", misspelt),
    ],
)
def test_the_cause_of_an_error_stands_in_its_section(
    machine: Machine, heading: str, world: Callable[[Machine], Report]
) -> None:
    cause = codes(world(machine))[0]
    for page in PAGES:
        assert f"[{cause}]" in section(page, heading)


def test_a_slow_hub_is_found_and_the_line_that_mends_it_is_the_one_in_the_faq(
    machine: Machine,
) -> None:
    report = slow(machine)
    assert "HUB207" in codes(report)
    assert report.patch.set == {"USE_MODELSCOPE": "True"}
    for page, heading in zip(PAGES, ("The download is slow", "下载速度慢"), strict=True):
        assert "[HUB207]" in section(page, heading)
        assert "USE_MODELSCOPE=True" in section(page, heading)


def test_too_many_downloads_are_told_as_the_faq_says(machine: Machine) -> None:
    assert codes(limited(machine))[0] == "HUB208"


@pytest.mark.parametrize("lines", [("USE_MODELSCOPE=True",), ("USE_MODELSCOPE=False",)])
def test_qwen3_needs_no_token_on_either_hub(machine: Machine, lines: tuple[str, ...]) -> None:
    machine.env(*lines, f"DEFAULT_MODEL={worlds.QWEN}")
    report = machine.examine(speed=True)
    assert codes(report) == []


def test_the_files_that_the_faq_offers_are_read_without_a_complaint(machine: Machine) -> None:
    """Each of them, in both languages; the gated model needs a token of one's own."""
    for page in PAGES:
        files = [
            fence
            for fence in re.findall(r"```bash\n(.*?)```", page.read_text("utf-8"), re.S)
            if "DEFAULT_MODEL=" in fence
        ]
        assert len(files) == 3
        for text in files[:2]:
            machine.env(*text.splitlines())
            assert codes(machine.examine(only=("ENV", "TOK"))) == []


def test_both_languages_name_the_same_codes_and_commands() -> None:
    english, chinese = (page.read_text("utf-8") for page in PAGES)
    for pattern in (r"\[([A-Z]{3,4}\d{3})\]", r"```(?:bash|text)\n(.*?)```", r"`(qtune [^`]+)`"):
        found = [re.findall(pattern, text, re.S) for text in (english, chinese)]
        assert found[0] == found[1], pattern
