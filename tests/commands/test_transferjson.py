"""`--format json`: each event a line that the published schema describes; the last line is the end, whatever it was."""

from __future__ import annotations

import io
import json
import threading
import typing
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from qtune import speech
from qtune.boundary import Terminated
from qtune.commands.transferjson import NAMES, Stream, failed
from qtune.core.download import events
from qtune.core.download.events import Checking, Dropped, Event, Planned, Retried, Said, Waiting
from qtune.core.errors import DownloadError, UsageError
from qtune.core.secret import Secret
from qtune.core.text import Text, plain
from tests.commands.tape import COMMIT, HF, MB, MS, RESET, done, finished, hub, status

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/download-events.schema.json").read_text("utf-8")
)
VALID = jsonschema.Draft202012Validator(SCHEMA)
EVERY: tuple[Event, ...] = (
    Checking(400 * MB, 900 * MB),
    Planned("o/n", COMMIT, "Hugging Face", 12, 2900 * MB, 0),
    status(sources=(hub(waits=3.5), hub(MS))),
    status(eta=None),
    done("a.json"),
    Retried(HF[0], "a.json", RESET),
    Waiting(HF[0], 30, 429),
    Dropped(*MS, RESET),
    Said(Text("IPv6 does not answer", "IPv6 没有响应")),
    finished(dropped=(("modelscope", RESET),)),
)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "_decided", "en")


def streamed(*told: Event) -> list[dict[str, Any]]:
    stream = io.StringIO()
    tell = Stream(stream)
    for event in told:
        tell(event)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_event_is_a_line_that_the_schema_describes() -> None:
    lines = streamed(*EVERY)
    for line in lines:
        VALID.validate(line)
    assert [line["event"] for line in lines] == [
        "checking", "planned", "status", "status", "file", "retry", "waiting", "dropped", "message", "finished",
    ]  # fmt: skip
    assert {type(event) for event in EVERY} == set(NAMES) == set(typing.get_args(events.Event))


def test_it_holds_what_was_told() -> None:
    lines = streamed(*EVERY)
    assert (lines[0]["done"], lines[0]["total"]) == (400 * MB, 900 * MB)
    assert lines[2]["sources"][0]["waits_s"] == 3.5
    assert lines[2]["under_way"][0]["path"] == "model-00001-of-00003.safetensors"
    assert lines[3]["eta_s"] is None
    assert lines[-1]["path"].endswith(COMMIT)
    assert lines[-1]["sent"][1]["received"] == 600 * MB
    assert lines[-1]["dropped"] == [{"source": "modelscope", "why": RESET.en}]


def test_the_schema_refuses_what_is_no_such_line() -> None:
    good = streamed(EVERY[1])[0]
    for wrong in ({**good, "event": "begun"}, {**good, "more": 1}, {"event": "planned"}):
        assert not VALID.is_valid(wrong)


def test_messages_are_in_the_users_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "_decided", "zh")
    stream = io.StringIO()
    Stream(stream)(EVERY[-2])
    assert stream.getvalue().isascii()
    assert json.loads(stream.getvalue())["text"] == "IPv6 没有响应"


@pytest.mark.parametrize(
    ("error", "code", "told", "exit_code"),
    [
        (DownloadError("DWN009", plain("cut short"), plain("again")), "DWN009", "cut short", 1),
        (UsageError("CFG092", plain("no such option")), "CFG092", "no such option", 2),
        (ZeroDivisionError("a bug"), None, "ZeroDivisionError: a bug", 3),
        (KeyboardInterrupt("Stopped"), None, "Stopped", 130),
        (KeyboardInterrupt(), None, "interrupted", 130),
        (Terminated("Stopped"), None, "Stopped", 143),
    ],
)
def test_a_failure_is_the_last_line(
    error: BaseException, code: str | None, told: str, exit_code: int
) -> None:
    line = json.loads(failed(error, exit_code))
    VALID.validate(line)
    assert (line["event"], line["code"], line["message"]) == ("error", code, told)
    assert line["exit"] == exit_code
    assert line["fix"] == ("again" if code == "DWN009" else None)


def test_no_secret_gets_into_it() -> None:
    secret = Secret('a "secret" of my own').reveal()
    url = "https://me:" + "pass" + "word@mirror.example.org"
    told = Text(f"{secret} at https://x.example/a?Signature=zyxwvu", "")
    lines = streamed(
        Said(told), Dropped(url, url, plain(secret)), Retried(url, "a", plain(secret)),
        Waiting(url, 3, 429), finished(dropped=((url, plain(secret)),)),
    )  # fmt: skip
    lines.append(json.loads(failed(DownloadError("DWN009", told, plain(secret)), 1)))
    for line in lines:
        VALID.validate(line)
        text = json.dumps(line)
        assert "of my own" not in text and "password" not in text and "zyxwvu" not in text


def test_after_the_end_nothing_follows() -> None:
    stream = io.StringIO()
    tell = Stream(stream)
    tell(finished())
    tell.end()
    tell(status())
    assert len(stream.getvalue().splitlines()) == 1


def test_lines_of_many_threads_stay_whole() -> None:
    stream = io.StringIO()
    tell = Stream(stream)

    def tell_often() -> None:
        for _ in range(50):
            tell(status())

    threads = [threading.Thread(target=tell_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([json.loads(line) for line in stream.getvalue().splitlines()]) == 200


def test_a_reader_that_is_gone_does_not_stop_the_download_and_is_told_at_the_end() -> None:
    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    tell = Stream(Gone())
    tell(status())
    tell(finished())
    with pytest.raises(BrokenPipeError):
        tell.end()
