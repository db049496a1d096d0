"""The training of `qtune run`: its child, what the child tells on the screen, and what comes next."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtune.speech import current, say

if TYPE_CHECKING:
    from qtune.core.settings import Settings
    from qtune.train.child import Child
    from qtune.train.gang import Gang
    from qtune.train.job import Job


@contextmanager
def begun(settings: Settings, gang: Gang) -> Iterator[Child | None]:
    """A child that imports torch while the doctor looks and the model comes.

    None for several: those would hold as much memory each, and wait for each other's models.
    """
    from qtune.core.export import child_environment
    from qtune.train import child

    if gang.size > 1:
        yield None
        return
    with child.begun(child_environment(settings, os.environ)) as early:
        yield early


def train(
    job: Job, settings: Settings, child: Child | None, gang: Gang, quiet: bool, verbose: bool
) -> int:
    """The exit code. Without a `child` one begins here, or a gang of them."""
    from qtune.commands import runreport
    from qtune.commands.bars import bars
    from qtune.commands.lesson import Lesson
    from qtune.core.export import child_environment
    from qtune.core.secret import redact
    from qtune.train import launch

    config = job.config
    with bars(quiet) as progress:
        lesson = Lesson(progress, current())

        def noise(line: str) -> None:
            if verbose:
                progress.say(redact(line))

        if child is not None:
            ended = launch.train(child, job, lesson.tell, noise)
        else:
            environ = child_environment(settings, os.environ)
            ended = launch.launch(job, environ, lesson.tell, noise, gang)
        lesson.over()
    page = runreport.written(config.output_dir)
    if ended.error is not None:
        raise ended.error
    if ended.traceback:
        raise RuntimeError(redact(ended.traceback))
    if ended.code in (130, 143):
        click.echo(
            say(
                "Stopped. The same command goes on from the last checkpoint.",
                "已停止。再次运行同样的命令会从最近的检查点继续。",
            ),
            err=True,
        )
        return ended.code
    if not quiet:
        for line in lesson.summary():
            click.echo(line, err=True)
        if page is not None:
            click.echo(say(f"report: {page}", f"报告：{page}"), err=True)
        if config.method != "reward":  # which gives numbers, and does not talk
            talk = f"qtune chat {shlex.quote(str(_short(config.output_dir)))}"
            click.echo(say(f"next: {talk}", f"下一步：{talk}"), err=True)
    click.echo(str(config.output_dir))
    return ended.code


def _short(path: Path) -> Path:
    """As a person in this folder would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
