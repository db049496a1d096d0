"""The screen of a download: what fits, what stays where, and that nothing is left of it."""

from __future__ import annotations

import io
import itertools
import os
import sys
from collections.abc import Iterator

import pytest
from rich.cells import cell_len
from rich.console import Console

from qtune import speech
from qtune.commands.transferlayout import ASCII, UNICODE, Marks, checking, lines
from qtune.commands.transferscreen import Screen
from qtune.core.download.events import (
    Checking,
    Dropped,
    FileStatus,
    Planned,
    Retried,
    Said,
    Status,
    Waiting,
)
from qtune.core.text import Lang, Text, plain
from tests.commands.glass import Glass
from tests.commands.tape import COMMIT, HF, MB, MS, RESET, file, finished, hub, status
from tests.commands.terminal import begin, rest

TWO = (hub(), hub(MS, 8, 4.1 * MB))


@pytest.fixture(params=["en", "zh"])
def lang(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Lang:
    chosen: Lang = request.param
    monkeypatch.setattr(speech, "_decided", chosen)
    return chosen


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "_decided", "en")


def shown(told: Status, width: int = 80, height: int = 24, marks: Marks = UNICODE) -> list[str]:
    return [line.plain for line in lines(told, told.under_way, width, height, marks)]


def small(number: int) -> FileStatus:
    return FileStatus(f"tokenizer/{number}.json", 2 * MB, MB, 0, 0.4 * MB, 1)


def test_what_a_person_sees_in_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    told = status(file(), file(2, 0, connections=0), retries=3, sources=TWO)
    monkeypatch.setattr(speech, "_decided", "en")
    assert shown(told) == [
        "model-00001-of…3.safetensors  ━━━━────────    400.0 MB / 1.0 GB   12.3 MB/s × 8",
        "model-00002-of…3.safetensors  ────────────         0 B / 1.0 GB",
        "42%  about 50 s left          ━━━━━───────      1.2 GB / 2.9 GB   35.1 MB/s × 24",
        "3/12 files · Hugging Face 12.3 MB/s × 16 · ModelScope 4.1 MB/s × 8 · 3 retries",
    ]
    monkeypatch.setattr(speech, "_decided", "zh")
    assert shown(told)[2:] == [
        "42%  还剩约 50 秒             ━━━━━───────      1.2 GB / 2.9 GB   35.1 MB/s × 24",
        "3/12 个文件 · Hugging Face 12.3 MB/s × 16 · ModelScope 4.1 MB/s × 8 · 重试 3 次",
    ]


def test_what_a_person_sees_in_forty_columns(english: None) -> None:
    assert shown(status(file(), retries=1, sources=TWO), 40) == [
        "model-00001…afetensors   40%   12.3 MB/s",
        "about 50 s left          42%   35.1 MB/s",
        "1.2 GB / 2.9 GB · 3/12 files",
        "Hugging Face 12.3 MB/s × 16",
        "ModelScope 4.1 MB/s × 8 · 1 retry",
    ]


@pytest.mark.parametrize("marks", [UNICODE, ASCII])
def test_no_line_is_wider_than_the_terminal_and_no_screen_higher(lang: Lang, marks: Marks) -> None:
    mirror = hub(("https://a-mirror.example.org", "a-mirror.example.org"), 64, 999.9 * MB)
    long = FileStatus(
        "权重/" + "很长的名字" * 30 + ".safetensors", 10**13, 10**12, 0, 999.9 * MB, 64
    )
    told = status(
        long, *(file(n) for n in range(1, 20)), done=999 * 10**9, total=10**13, eta=45_000,
        retries=1000, sources=(hub(waits=61.2), hub(MS), mirror),
    )  # fmt: skip
    for width, height in itertools.product(
        [1, 5, 12, 22, 29, 30, 49, 50, 75, 76, 80, 200], [1, 4, 9, 24]
    ):
        drawn = shown(told, width, height, marks)
        assert len(drawn) <= height, (width, height)
        assert max(map(cell_len, drawn)) <= width, (width, height)
        if marks is ASCII and lang == "en":
            assert "".join(drawn[1:]).isascii()


def test_a_wide_terminal_shows_whole_names(english: None) -> None:
    first = shown(status(), 200)[0]
    assert first.startswith("model-00001-of-00003.safetensors ")
    assert first.count("━") + first.count("─") == 40


def test_a_crowd_of_files_is_counted(lang: Lang) -> None:
    told = shown(status(*(small(n) for n in range(20))))
    assert len([line for line in told if line.startswith("tokenizer")]) == 8
    assert {"en": "… and 12 more", "zh": "… 另有 12 个文件"}[lang] in told
    low = shown(status(*(small(n) for n in range(20))), 80, 6)
    assert len([line for line in low if line.startswith("tokenizer")]) == 2
    assert low[-2].startswith("42%")


def test_a_source_that_asked_to_wait_is_counted_down(lang: Lang) -> None:
    told = [shown(status(sources=(hub(waits=s),)))[-1] for s in (12.0, 11.3, 0.2)]
    expected = {
        "en": [f"3/12 files · Hugging Face asks to wait {n} s" for n in (12, 12, 1)],
        "zh": [f"3/12 个文件 · Hugging Face 要求等待 {n} 秒" for n in (12, 12, 1)],
    }
    assert told == expected[lang]


def test_a_file_whose_bytes_are_all_here_is_being_verified(english: None) -> None:
    first = shown(status(file(1, 1000 * MB, verified=300 * MB)))[0]
    assert "verifying" in first and "12.3 MB/s" not in first


def test_no_time_is_told_while_none_is_known_and_none_when_nothing_is_left(english: None) -> None:
    assert shown(status(eta=None))[-2].startswith("42%   ")
    assert shown(status(done=2900 * MB, eta=0.0))[-2].startswith("100%   ")
    assert shown(status(done=2900 * MB - 1))[-2].startswith("99%")


def test_names_from_a_listing_cannot_move_the_cursor(english: None) -> None:
    told = shown(status(FileStatus("a\x1b[2J\nb\u202e.bin", 10, 5, 0, 1.0, 1)))
    assert told[0].startswith("a\ufffd[2J\ufffdb\ufffd.bin ")


# --- drawn ------------------------------------------------------------------------------------------------


class Stage:
    """A screen on a glass, with a clock that stands still until it is told."""

    def __init__(self, width: int = 80, environ: dict[str, str] | None = None) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, force_terminal=True, width=width, height=24, legacy_windows=False,
            color_system="standard", highlight=False, markup=False, emoji=False,
        )  # fmt: skip
        self.glass = Glass(width)
        self.now = 0.0
        self.writes = 0
        self.screen = Screen(self.console, environ or {}, lambda: self.now)

    def tell(
        self, *events: Checking | Planned | Status | Said | Dropped | Waiting | Retried
    ) -> list[str]:
        for event in events:
            self.now += 1
            self.screen(event)
        return self.look()

    def look(self) -> list[str]:
        text = self.file.getvalue()
        self.writes += bool(text)
        self.glass.feed(text)
        self.file.seek(0)
        self.file.truncate()
        return self.glass.lines()

    def resize(self, width: int) -> None:
        self.console.width = width
        self.glass.resize(width)


@pytest.fixture
def stage(english: None) -> Iterator[Stage]:
    made = Stage()
    with made.screen:
        made.look()
        yield made


PLANNED = Planned("o/n", COMMIT, "Hugging Face", 12, 2900 * MB, 0)


def test_lines_are_drawn_in_place_and_what_is_said_stays_above(stage: Stage) -> None:
    assert stage.look()[0].startswith("asking for the list of files")
    first = stage.tell(PLANNED, status(file(), file(2)))
    assert [line[:11] for line in first] == [
        "model-00001",
        "model-00002",
        "42%  about ",
        "3/12 files ",
    ]
    assert not stage.glass.cursor_shown
    second = stage.tell(
        Said(Text("IPv6 does not answer", "")), status(file(2)), Dropped(*MS, RESET)
    )
    assert second[:2] == [
        "IPv6 does not answer",
        "ModelScope is not asked again: the connection was reset three times",
    ]
    assert [line[:11] for line in second[2:]] == ["model-00002", "42%  about ", "3/12 files "]
    third = stage.tell(Waiting(HF[0], 30, 429))
    assert third[2] == "Hugging Face asks to wait 30 s (429)"


def test_offline_nobody_is_asked_for_a_list(english: None) -> None:
    stage = Stage()
    stage.screen = Screen(stage.console, {}, lambda: stage.now, asking=False)
    with stage.screen:
        assert "".join(stage.look()) == ""
        assert stage.tell(Checking(0, 2900 * MB))[0].startswith("0%   checking what is here")


def test_nothing_is_left_of_it(english: None) -> None:
    stage = Stage()
    with stage.screen:
        stage.tell(PLANNED, status(*(small(n) for n in range(20))), Said(plain("kept")))
        stage.tell(status(file()))
    assert stage.look() == ["kept"]
    assert stage.glass.cursor_shown
    stage.screen(status())
    stage.screen(Said(plain("late")))
    assert stage.look() == ["kept"]


def test_what_is_hashed_before_has_one_line(stage: Stage) -> None:
    assert stage.tell(Checking(0, 2900 * MB)) == [
        "0%   checking what is here    ────────────         0 B / 2.9 GB"
    ]
    assert stage.tell(Checking(1218 * MB, 2900 * MB)) == [
        "42%  checking what is here    ━━━━━───────      1.2 GB / 2.9 GB"
    ]
    kept = stage.tell(Said(plain("kept")))
    assert (kept[0], kept[1][:4], len(kept)) == ("kept", "42% ", 2)
    stage.tell(Checking(1218 * MB, 2900 * MB))
    for _ in range(1000):
        stage.screen(Checking(1219 * MB, 2900 * MB))
    assert stage.file.getvalue() == ""
    assert stage.tell(PLANNED, status())[1].startswith("model-00001")


@pytest.mark.parametrize("marks", [UNICODE, ASCII])
def test_the_line_of_what_is_hashed_fits(lang: Lang, marks: Marks) -> None:
    for width in (1, 12, 29, 30, 49, 50, 75, 76, 80, 200):
        line = checking(Checking(999 * 10**9, 10**13), width, marks).plain
        assert cell_len(line) <= width
        assert width < 12 or "9%" in line
    assert {"en": "checking what is here", "zh": "正在校验本机已有的文件"}[lang] in line


def test_retries_are_counted_and_not_listed(stage: Stage) -> None:
    before = stage.tell(status())
    assert stage.tell(Retried("huggingface", "a.bin", RESET)) == before


def test_a_line_keeps_its_place_while_its_file_is_under_way(stage: Stage) -> None:
    stage.tell(status(small(1), small(2), small(3)))
    told = stage.tell(status(small(3), small(4), small(2)))
    assert [line[:16] for line in told[:3]] == [f"tokenizer/{n}.json" for n in (2, 3, 4)]


def test_it_is_not_drawn_more_often_than_an_eye_can_follow(stage: Stage) -> None:
    stage.tell(status())
    for _ in range(1000):
        stage.screen(status())
    assert stage.file.getvalue() == ""


def test_a_terminal_that_becomes_narrower_and_wider_keeps_one_screen(english: None) -> None:
    stage = Stage(100, {"TMUX": "1"})
    with stage.screen:
        stage.tell(Said(plain("kept")), status(file(), file(2), sources=TWO))
        for width in (90, 60, 40, 25, 120, 80):
            stage.resize(width)
            told = stage.tell(status(file(), file(2), sources=TWO))
            expected = shown(status(file(), file(2), sources=TWO), width)
            assert told == ["kept", *expected], width
        stage.resize(50)
        assert stage.tell(Said(plain("also kept")))[:2] == ["kept", "also kept"]
    assert stage.look() == ["kept", "also kept"]


def test_a_terminal_that_does_not_wrap_loses_nothing_that_was_said(english: None) -> None:
    stage = Stage(100)
    with stage.screen:
        stage.tell(Said(plain("kept")), status(file(), sources=TWO))
        stage.console.width = stage.glass.width = 60  # cut off, not wrapped
        assert stage.tell(status())[0] == "kept"


def test_a_console_of_another_encoding_gets_plain_characters(english: None) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "gbk", newline="\n")
    console = Console(
        file=stream,
        force_terminal=True,
        width=80,
        height=24,
        color_system=None,
        legacy_windows=False,
    )
    with Screen(console, {}) as screen:
        screen(status(file(), sources=TWO))
    stream.flush()
    drawn = raw.getvalue().decode("gbk")
    assert "####--------" in drawn and "12.3 MB/s x 8" in drawn
    assert drawn.isascii()


def test_a_real_terminal(english: None) -> None:
    environ = {**os.environ, "TERM": "xterm-256color", "QTUNE_LANG": "en", "LC_ALL": "C.UTF-8"}
    environ.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "tests.commands.tape", "1.5"]
    for more, colours in (({}, True), ({"NO_COLOR": "1"}, False)):
        child, keyboard = begin(command, {**environ, **more}, size=(24, 80))
        drawn = rest(child, keyboard).decode().replace("\r\n", "\n")
        assert child.returncode == 0
        assert "━" in drawn
        assert ("\x1b[36m" in drawn) is colours
        glass = Glass(80)
        glass.feed(drawn)
        assert glass.cursor_shown
        assert glass.lines()[0] == "IPv6 does not answer; using IPv4"
        assert (
            glass.lines()[-1]
            == "ModelScope is not asked again: the connection was reset three times"
        )
        assert not any("━" in line for line in glass.lines())


def test_a_dumb_terminal_gets_lines(english: None) -> None:
    environ = {**os.environ, "TERM": "dumb", "QTUNE_LANG": "en", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "tests.commands.tape", "0.5"]
    child, keyboard = begin(command, environ, size=(24, 80))
    drawn = rest(child, keyboard).decode()
    assert child.returncode == 0
    assert "\x1b" not in drawn
    assert finished(dropped=()).files == 12 and "12 files, 2.9 GB in 83 s" in drawn
