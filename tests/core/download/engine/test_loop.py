"""The end of a run, however it comes: nothing hangs, nothing is left, and the next run goes on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from qtune.core.download import download
from qtune.core.download.engine import crew, loop
from qtune.core.download.engine.part import Part
from qtune.core.download.events import Event, Retried, Status
from qtune.core.download.store import HubCache
from tests.core.download.downloading import at, contents, expected, get
from tests.core.download.segments import HF_ALONE, model
from tests.hub import Fault, Hub

REPO = model(2)
Start = Callable[[threading.Thread], None]


def ours() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith(("download ", "verify "))]


def gone() -> bool:
    """All threads of the run end, with as much time as a loaded machine needs."""
    for thread in ours():
        thread.join(30)
    return not ours()


def lines_of(*functions: Callable[..., object]) -> list[tuple[str, int]]:
    """Where ^C may come: not in what is done at the end, which a second ^C may cut short."""
    found = []
    for function in functions:
        code = function.__code__
        lines = {line for _, _, line in code.co_lines() if line is not None}
        found += [(code.co_name, line) for line in sorted(lines - {code.co_firstlineno})]
    return found


class Interrupting:
    """^C when this line is about to run for the first time."""

    def __init__(self, where: tuple[str, int]) -> None:
        self.where, self.came = where, False

    def __call__(self, frame: FrameType, what: str, _: Any) -> Any:
        if frame.f_code.co_filename != loop.__file__ or self.came:
            return None
        if what == "line" and (frame.f_code.co_name, frame.f_lineno) == self.where:
            self.came = True
            raise KeyboardInterrupt
        return self


def interruptible() -> list[tuple[str, int]]:
    source = Path(loop.__file__).read_text(encoding="utf-8").splitlines()
    last = next(n for n, line in enumerate(source, 1) if line == "    finally:")
    first = next(n for n, line in enumerate(source, 1) if line == "    try:") + 1
    body = [(name, n) for name, n in lines_of(loop.fetch_all) if first <= n < last]
    # Nothing runs at `try:` itself, so no signal is looked for there; a tracer only pretends.
    return [
        (name, n)
        for name, n in (*body, *lines_of(loop._staff, loop._begin))
        if source[n - 1].strip() != "try:"
    ]


def test_an_interrupt_at_any_line_ends_the_run_as_an_interrupt_and_leaves_no_thread(
    tmp_path: Path,
) -> None:
    came = 0
    with Hub([REPO]) as hub:
        settings = at(hub, tmp_path, **HF_ALONE)
        for where in interruptible():
            interrupting = Interrupting(where)
            before = sys.gettrace()
            sys.settrace(interrupting)
            try:
                download(REPO.id, settings)
            except KeyboardInterrupt:
                came += 1
            finally:
                sys.settrace(before)
            assert gone(), where
            if not interrupting.came:
                (tmp_path / "hf").rename(tmp_path / f"whole {where[1]}")
        assert contents(get(hub, tmp_path, REPO.id, **HF_ALONE).path) == expected(REPO)
    assert came > 20


@pytest.mark.parametrize("allowed", [1, 3])
def test_a_machine_that_gives_few_threads_downloads_with_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    starts: Start = threading.Thread.start
    count = 0
    monkeypatch.setattr(crew, "FIRST", 8)

    def start(thread: threading.Thread) -> None:
        nonlocal count
        if thread.name.startswith("download "):
            count += 1
            if count > allowed:
                raise RuntimeError("can't start new thread")
        starts(thread)

    with Hub([REPO]) as hub:
        monkeypatch.setattr(threading.Thread, "start", start)
        found = get(hub, tmp_path, REPO.id, **HF_ALONE)
    assert contents(found.path) == expected(REPO)
    assert gone() and count > allowed


def test_where_no_thread_can_be_had_that_is_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: Start = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name.startswith("download "):
            raise RuntimeError("can't start new thread")
        starts(thread)

    with Hub([REPO]) as hub:
        monkeypatch.setattr(threading.Thread, "start", start)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            get(hub, tmp_path, REPO.id, **HF_ALONE)
    assert gone()


@pytest.mark.parametrize("kind", [Retried, Status])
def test_an_observer_that_raises_ends_the_run_with_what_it_raised(
    tmp_path: Path, kind: type[Event]
) -> None:
    def tell(event: Event) -> None:
        if isinstance(event, kind):
            raise ZeroDivisionError("of the observer")

    with Hub([REPO]) as hub:
        hub.fault(Fault("status", "cdn", status=500, times=3))
        settings = at(hub, tmp_path, **HF_ALONE)
        with pytest.raises(ZeroDivisionError):
            download(REPO.id, settings, tell=tell)
        assert gone()
        assert contents(get(hub, tmp_path, REPO.id, **HF_ALONE).path) == expected(REPO)


@pytest.mark.parametrize(
    "what", [(Part, "write"), (Part, "open"), (HubCache, "keep"), (Part, "read")]
)
def test_a_fault_that_nobody_thought_of_in_a_thread_ends_the_run_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: tuple[type, str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody thought of it")

    with Hub([REPO]) as hub:
        with monkeypatch.context() as patch:
            patch.setattr(*what, broken)
            with pytest.raises(ZeroDivisionError):
                get(hub, tmp_path, REPO.id, **HF_ALONE)
        assert gone()
        assert contents(get(hub, tmp_path, REPO.id, **HF_ALONE).path) == expected(REPO)
