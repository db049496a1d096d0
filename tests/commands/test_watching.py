"""What a person sees while and after the doctor looks, in a terminal of 80 columns."""

from __future__ import annotations

import re

from rich.cells import cell_len

from qtune.commands.watch import Line
from tests.commands.conftest import QWEN, Shell
from tests.commands.terminal import begin, rest
from tests.hub import Fault, Hub, worlds


def seen(shell: Shell, *arguments: str, **environ: str) -> tuple[str, list[str]]:
    """All that a terminal of 80 by 24 got, and the same as lines without what moves the cursor."""
    environment = shell.environment({"TERM": "xterm", **environ})
    del environment["COLUMNS"]
    shown = rest(*begin(shell.command(*arguments), environment, shell.folder, size=(24, 80)))
    text = shown.decode()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return text, [line for line in re.split(r"[\r\n]+", plain) if line.strip()]


PROGRESS = re.compile(r"^\S \d+ checked")


def test_which_checks_are_still_out_and_for_how_long(online: Shell, hub: Hub) -> None:
    hub.fault(Fault("silent", "hf"))
    text, lines = seen(online, "doctor", "--for", "download", "--no-speed")
    progress = [line for line in lines if PROGRESS.match(line)]
    assert any(re.search(r"reach\.huggingface 1 s$", line) for line in progress)
    assert any(re.search(r"reach\.huggingface [2-9] s$", line) for line in progress)
    assert max(map(cell_len, lines)) <= 80
    before, report = text.split(QWEN, 1)
    assert before.endswith("\x1b[2K\x1b[1m"), "the line is taken back before the report"
    assert "\x1b[?25h" in before, "and so is the hidden cursor"
    assert "will serve" in report


def test_in_chinese_no_line_is_too_wide_either(online: Shell, hub: Hub) -> None:
    hub.fault(Fault("silent", "*"))
    _, lines = seen(online, "doctor", "--for", "download", "--no-speed", QTUNE_LANG="zh")
    assert any(re.search(r"已检查 \d+ 项 · .*reach\.modelscope 1 秒", line) for line in lines)
    assert max(map(cell_len, lines)) <= 80


def test_nobody_watches_a_quiet_one(online: Shell) -> None:
    _, lines = seen(online, "doctor", "--for", "download", "--no-speed", "--quiet")
    assert not any(map(PROGRESS.match, lines))


def test_v_shows_the_evidence_and_vv_times_and_answers_without_secrets(online: Shell) -> None:
    look = ("doctor", worlds.LLAMA, "--for", "download", "--no-speed")
    online.env("USE_MODELSCOPE=False", f"HF_TOKEN={worlds.GOOD}")
    _, plain = seen(online, *look)
    _, evidence = seen(online, *look, "-v")
    _, raw = seen(online, *look, "-vv")
    gate = re.compile(r"✓ gate\.huggingface +.*granted \(HTTP 200, with a token\)")
    assert not any(map(gate.search, plain))
    assert any(map(gate.search, evidence))
    assert not any(" ms]" in line for line in evidence)
    assert any(re.search(r"\[\d+ ms\]", line) for line in raw)
    assert any('"sent_token": true' in line for line in raw)
    assert len(plain) < len(evidence) < len(raw)
    assert not any(worlds.GOOD in line for line in (*plain, *evidence, *raw))


def test_the_longest_stands_first_and_what_does_not_fit_is_cut() -> None:
    now = 0.0
    line = Line(60, lambda: now)
    for second in range(12):
        now = float(second)
        line.observe(f"reach.hub{second}", False)
    line.observe("reach.hub1", True)
    now = 20.5
    shown = line.text()
    assert shown.startswith("1 checked · reach.hub0 20 s, reach.hub2 18 s, ")
    assert shown.endswith("…") and cell_len(shown) <= 60
    assert str(line.__rich__()) == shown
