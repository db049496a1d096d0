"""Trainings in processes that may be killed, forked from one that has imported torch already: real ones, at
a tenth of the cost of starting Python anew."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtune.train import job as jobs
from qtune.train.events import decode, encode
from qtune.train.job import Job
from tests.train.runs import Outcome

PRELOAD = ["tests.train.forks_imported"]


@dataclass(frozen=True)
class Death:
    """kill -9 before or after the `nth` call of `module.function`."""

    module: str
    function: str
    nth: int = 1
    after: bool = False
    signal: int = signal.SIGKILL


def run_forked(job: Job, folder: Path, *deaths: Death, prepare: tuple[str, ...] = ()) -> Outcome:
    """What the training child does, without asking the model anything before and after.

    `prepare` names a function of tests.train.faults and what it is called with in the child.
    """
    count = len(list(folder.glob("forked-*.json")))
    path, told = folder / f"forked-{count}.json", folder / f"forked-{count}.events"
    jobs.write(job, path)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    os.environ["HF_HUB_OFFLINE"] = "1"
    arguments = (str(path), str(told), deaths, prepare)
    child = context.Process(target=_train, args=arguments, daemon=False)
    child.start()
    child.join()
    code = child.exitcode if child.exitcode is not None else -1
    child.close()
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    return Outcome(code, [decode(line) for line in lines], told.with_suffix(".err").read_text())


def _train(path: str, told: str, deaths: tuple[Death, ...], prepare: tuple[str, ...]) -> None:
    """In the child: as `python -m qtune.train` does it, with the events in a file."""
    from qtune.core.errors import QtuneError
    from qtune.train import answers, recipe
    from qtune.train.__main__ import _unexpected
    from qtune.train.events import Event, Failed
    from qtune.train.stop import Interrupted, Stop

    err = os.open(Path(told).with_suffix(".err"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(err, 2)
    os.dup2(err, 1)
    file = Path(told).open("w", encoding="utf-8", buffering=1)  # noqa: SIM115

    def say(event: Event) -> None:
        file.write(encode(event) + "\n")

    answers.of_rows = lambda *_: []
    stop = Stop()
    try:
        stop.listen()
        for death in deaths:
            _arrange(death)
        if prepare:
            faults = importlib.import_module("tests.train.faults")
            getattr(faults, prepare[0])(*prepare[1:])
        recipe.train(jobs.read(Path(path)), say, stop)
    except Interrupted as interrupted:
        sys.exit(interrupted.exit_code)
    except QtuneError as error:
        say(Failed(error.code, error.message, error.fix))
        sys.exit(1)
    except Exception as error:
        code, event = _unexpected(error)
        say(event)
        sys.exit(code)


def _arrange(death: Death) -> None:
    place: Any = importlib.import_module(death.module)
    *owners, name = death.function.split(".")
    for owner in owners:
        place = getattr(place, owner)
    real: Callable[..., Any] = getattr(place, name)
    calls = 0

    def mortal(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == death.nth and not death.after:
            os.kill(os.getpid(), death.signal)
        result = real(*given, **named)
        if calls == death.nth and death.after:
            os.kill(os.getpid(), death.signal)
        return result

    setattr(place, name, mortal)
