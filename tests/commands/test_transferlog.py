"""A download in a log and its last words: a line now and then, at once what matters, and a summary that tells the truth."""

from __future__ import annotations

import io
import threading

import pytest

from qtune import speech
from qtune.commands.transferlog import Log
from qtune.commands.transfersummary import Summary
from qtune.core.download.events import (
    Checking,
    Dropped,
    Event,
    Planned,
    Retried,
    Said,
    Sent,
    Waiting,
)
from qtune.core.secret import Secret
from qtune.core.text import Text, plain
from tests.commands.tape import COMMIT, HF, MB, MS, RESET, done, finished, hub, status

TWO = (hub(), hub(MS, 8, 4.1 * MB))


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "_decided", "en")


class Written:
    """A log, and the seconds that pass for it."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.now = 100.0
        self.log = Log(self.stream, lambda: self.now)

    def after(self, seconds: float, *events: Event) -> list[str]:
        """The lines that these bring."""
        self.now += seconds
        before = len(self.stream.getvalue())
        for event in events:
            self.log(event)
        return self.stream.getvalue()[before:].splitlines()


def test_a_line_every_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    written = Written()
    planned = Planned("o/n", COMMIT, "Hugging Face", 12, 2900 * MB, 0)
    assert written.after(0, planned, status(), done("a.json")) == []
    assert written.after(4.9, status()) == []
    assert written.after(0.2, status(retries=2, sources=TWO), status()) == [
        "42% 1.2 GB / 2.9 GB, 35.1 MB/s, about 50 s left; "
        "Hugging Face 12.3 MB/s × 16, ModelScope 4.1 MB/s × 8, 2 retries"
    ]
    assert written.after(4.0, status()) == []
    monkeypatch.setattr(speech, "_decided", "zh")
    assert written.after(1.0, status(eta=None, sources=(hub(waits=7.5),))) == [
        "42% 1.2 GB / 2.9 GB，35.1 MB/s；Hugging Face 要求等待 8 秒"
    ]


def test_what_is_hashed_before_is_told_every_five_seconds_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = Written()
    assert written.after(0, Checking(0, 2900 * MB), Checking(400 * MB, 2900 * MB)) == []
    assert written.after(5, Checking(1218 * MB, 2900 * MB), Checking(1300 * MB, 2900 * MB)) == [
        "checking what is here: 42% 1.2 GB / 2.9 GB"
    ]
    monkeypatch.setattr(speech, "_decided", "zh")
    assert written.after(5, Checking(1218 * MB, 2900 * MB)) == [
        "正在校验本机已有的文件：42% 1.2 GB / 2.9 GB"
    ]


def test_what_matters_is_written_at_once_and_retries_are_not() -> None:
    assert Written().after(
        0, Said(Text("IPv6 does not answer", "")), Waiting(HF[0], 30, 429), Dropped(*MS, RESET),
        Retried(HF[0], "a.bin", RESET), Waiting("https://mirror.example.org", 90, 503),
    ) == [
        "IPv6 does not answer",
        "Hugging Face asks to wait 30 s (429)",
        "ModelScope is not asked again: the connection was reset three times",
        "mirror.example.org asks to wait 2 min (503)",
    ]  # fmt: skip


def test_a_hub_that_asks_for_pauses_all_the_time_does_not_flood_the_log() -> None:
    written = Written()
    pause = Waiting(HF[0], 5, 429)
    assert len(written.after(0, pause, pause, Waiting(MS[0], 5, 429))) == 2
    assert written.after(59, pause) == []
    assert written.after(2, pause) == ["Hugging Face asks to wait 5 s (429)"]


def test_a_reason_that_names_its_hub_is_not_put_behind_the_name_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = Dropped(*MS, Text("ModelScope sent wrong bytes", "ModelScope 发来的内容有误"))
    assert Written().after(0, event) == ["ModelScope sent wrong bytes; it is not asked again"]
    monkeypatch.setattr(speech, "_decided", "zh")
    assert Written().after(0, event) == ["ModelScope 发来的内容有误；不再使用"]


def test_a_reason_that_is_a_sentence_ends_once() -> None:
    event = Dropped(*MS, Text("ModelScope: please log in.", ""))
    assert Written().after(0, event) == ["ModelScope: please log in; it is not asked again"]


def test_no_secret_and_no_control_character_gets_into_it() -> None:
    secret = Secret("a-secret-of-my-own")
    (line,) = Written().after(0, Said(plain(f"401 for \x1b[31m{secret.reveal()}")))
    assert line.startswith("401 for \ufffd[31m") and secret.reveal() not in line


def test_lines_of_many_threads_stay_whole() -> None:
    written = Written()

    def tell_often() -> None:
        for _ in range(100):
            written.log(Said(plain("x" * 50)))

    threads = [threading.Thread(target=tell_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(written.stream.getvalue().splitlines()) == {"x" * 50}


def test_a_log_that_was_closed_does_not_stop_a_download() -> None:
    written = Written()
    written.stream.close()
    written.log(Said(plain("nobody reads this")))


# --- the end ----------------------------------------------------------------------------------------------


def summary(*events: Event) -> list[str]:
    made = Summary()
    for event in events:
        made(event)
    return made.lines()


def test_what_came_from_where_and_how_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [done(f"{n}.json") for n in range(12)]
    whole = finished(retries=3, dropped=(("modelscope", RESET),))
    assert summary(*files, whole) == [
        "12 files, 2.9 GB in 83 s, every file verified against Hugging Face's listing",
        "1.9 GB from Hugging Face (23.8 MB/s), 600.0 MB from ModelScope (10.0 MB/s), "
        "400.0 MB were here already, 3 retries",
        "ModelScope is not asked again: the connection was reset three times",
    ]
    monkeypatch.setattr(speech, "_decided", "zh")
    assert summary(*files, whole) == [
        "12 个文件，2.9 GB，用时 83 秒，所有文件均已按 Hugging Face 的清单校验",
        "来自 Hugging Face 1.9 GB（23.8 MB/s），来自 ModelScope 600.0 MB（10.0 MB/s），"
        "本机已有 400.0 MB，重试 3 次",
        "不再使用 ModelScope：连接被重置了三次",
    ]


def test_what_was_not_looked_at_again_is_not_called_verified() -> None:
    kept = finished(received=0, reused=2900 * MB, sent=())
    assert summary(kept) == ["12 files, 2.9 GB, all here already, nothing was fetched"]
    some = summary(done("a"), done("b"), finished(sent=(Sent(*HF, 2500 * MB, 0.0),)))
    assert some == [
        "12 files, 2.9 GB in 83 s, all that was fetched verified against Hugging Face's listing",
        "2.5 GB from Hugging Face, 400.0 MB were here already",
    ]


def test_a_download_that_failed_has_no_summary() -> None:
    assert summary(status(), done("a")) == []
