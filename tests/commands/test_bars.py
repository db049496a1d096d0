"""Progress: bars where there is a terminal, lines in a log, silence when asked for."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from qtune.commands import bars as progress
from qtune.commands.bars import bars
from tests.commands.terminal import begin, rest

CODE = """
from qtune.commands.bars import bars
with bars() as p:
    p.start("verify", 8_000_000)
    for _ in range(4):
        p.advance("verify", 1_000_000)
    p.say("a line to keep")
    p.finish("verify")
"""


def test_a_log_gets_lines_without_escape_codes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_LINE_EVERY_S", 0.0)
    with bars() as observer:
        observer.start("verify", 8_000_000)
        observer.advance("verify", 2_000_000)
        observer.finish("verify")
        observer.start("train", 40)
        observer.advance("train", 10)
        observer.say("loss\x1b[31m 1.2")
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second, said = captured.err.splitlines()
    assert first.startswith("total 25%: 2.0 MB / 8.0 MB, ")
    assert second == "training 25%: 10/40"
    assert said == "loss\ufffd[31m 1.2"


def test_a_log_is_not_flooded(capsys: pytest.CaptureFixture[str]) -> None:
    with bars() as observer:
        observer.start("verify", 1000)
        for _ in range(1000):
            observer.advance("verify", 1)
    assert capsys.readouterr().err == ""


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with bars(quiet=True) as observer:
        observer.start("verify", 10)
        observer.say("not this")
    assert capsys.readouterr().err == ""


def test_any_thread_may_tell_anything_in_any_order(capsys: pytest.CaptureFixture[str]) -> None:
    failures: list[BaseException] = []

    def tell() -> None:
        try:
            for number in range(200):
                observer.advance(f"verify:{number}", 1)
                observer.start("verify", None)
                observer.advance("verify", -1)
                observer.finish(f"verify:{number}")
                observer.finish("verify")
        except BaseException as error:
            failures.append(error)

    with bars() as observer:
        threads = [threading.Thread(target=tell) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


def test_a_terminal_gets_bars_that_leave_and_lines_that_stay() -> None:
    child, keyboard = begin([sys.executable, "-c", CODE], {**os.environ, "TERM": "xterm"})
    shown = rest(child, keyboard)
    assert child.returncode == 0
    assert b"a line to keep" in shown
    assert b"\x1b[?25h" in shown
