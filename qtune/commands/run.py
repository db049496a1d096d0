"""`qtune run`: pre-flight, download, train; every part with the same settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtune.commands import ranks
from qtune.speech import current, say

if TYPE_CHECKING:
    from qtune.commands.project import Project
    from qtune.core.runconfig import RunConfig
    from qtune.core.settings import Settings
    from qtune.train.gang import Gang
    from qtune.train.job import Job


@click.command(
    "run",
    help=say(
        "Check, download and train what RUN.yaml says. `qtune run quickstart` needs no network and no "
        "GPU. A run that was interrupted goes on when it is given again. Given a run directory, it goes on "
        "there, or with output_dir=… repeats that run elsewhere.",
        "按 RUN.yaml 检查、下载并训练。`qtune run quickstart` 不需要网络和 GPU。"
        "训练中断后，再次运行同样的命令即可继续。也可以给出训练目录：在原处接着训练，"
        "或加上 output_dir=… 在别处重做一遍。",
    ),
)
@click.argument("config", metavar="RUN.yaml|DIR|quickstart")
@click.argument("overrides", metavar="[KEY=VALUE]...", nargs=-1)
@click.option(
    "--dry-run", is_flag=True, help=say("Say what would be done, and stop.", "只说明将要做什么。")
)
@click.option(
    "--no-preflight", is_flag=True, help=say("Do not ask the doctor first.", "跳过训练前的检查。")
)
@click.option(
    "--offline", is_flag=True, help=say("Use the cache, send no request.", "只用缓存，不发请求。")
)
@ranks.options
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=say("Another file in place of .env.", "用另一个文件代替 .env。"),
)
@click.option("-q", "--quiet", is_flag=True, help=say("No progress on stderr.", "不显示进度。"))
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help=say("Show the libraries' own output.", "显示各库自身的输出。"),
)
def command(
    config: str,
    overrides: tuple[str, ...],
    dry_run: bool,
    no_preflight: bool,
    offline: bool,
    nproc: str,
    nnodes: int,
    node_rank: int | None,
    rdzv_endpoint: str | None,
    env_file: Path | None,
    quiet: bool,
    verbose: bool,
) -> int:
    from qtune.commands import rerun, training
    from qtune.commands.project import open_project
    from qtune.commands.target import defaults
    from qtune.core import runconfig, rundefaults
    from qtune.train import quickstart

    project = open_project(env_file, {"HF_HUB_OFFLINE": "True"} if offline else {})
    project.settings.require_valid()
    path, before = rerun.target(config)
    if config == rundefaults.QUICKSTART:
        path = quickstart.CONFIG
    resolved = runconfig.load(path, (*before, *overrides), defaults=defaults(project.settings))
    gang = ranks.gang(nproc, nnodes, node_rank, rdzv_endpoint, project.settings)
    if dry_run:
        return _dry_run(resolved, project.settings, gang)
    _warn(resolved, quiet)
    with training.begun(project.settings, gang) as child:
        ready = _ready(config, path, resolved, project, no_preflight, quiet)
        if ready is None:
            return 1
        return training.train(ready, project.settings, child, gang, quiet, verbose)


def _ready(
    config: str, path: Path, resolved: RunConfig, project: Project, no_preflight: bool, quiet: bool
) -> Job | None:
    """Looked at by the doctor, its data and its model here; None where the run must not begin."""
    from qtune.commands import datasets, rerun
    from qtune.core.rundefaults import QUICKSTART
    from qtune.train import stream
    from qtune.train.job import Job

    settings = project.settings
    own = datasets.here(resolved)
    if own.data:
        stream.judge(own)  # before anything is downloaded for it
    found = "" if no_preflight else _found(resolved, project, str(path), quiet)
    if found is None:
        return None
    if datasets.absent(resolved):
        resolved = datasets.fetched(resolved, settings, quiet)
        stream.judge(resolved)
    for text in () if quiet else rerun.differences(config, resolved):
        click.echo(text.to(current()), err=True)
    snapshot = _snapshot(resolved, settings, quiet)
    local = resolved.model_path is not None or resolved.model == QUICKSTART
    base = str(snapshot) if local else resolved.model
    device, dtype = settings.text("QTUNE_DEVICE"), settings.text("QTUNE_DTYPE")
    return Job(snapshot, base, resolved, device, dtype, found)


def _dry_run(config: RunConfig, settings: Settings, gang: Gang) -> int:
    from qtune.commands import datasets, dryrun
    from qtune.commands.console import answer
    from qtune.train import data, stream

    config = datasets.at_hand(config, settings)
    seen = None
    if not datasets.absent(config):
        seen = stream.look(config)
        data.judge(seen, config.max_unusable)  # of such data there is no plan to tell
    told = dryrun.lines(config, settings, seen, gang)
    for line in dryrun.shown(told, current(), answer().width):
        click.echo(line)
    return 0


def _warn(config: RunConfig, quiet: bool) -> None:
    for warning in () if quiet else config.warnings:
        place = f"{warning.mark.path}:{warning.line}: " if warning.mark.path else ""
        click.echo(f"{place}{warning.code}: {warning.message.to(current())}", err=True)


def _found(config: RunConfig, project: Project, named: str, quiet: bool) -> str | None:
    """What the doctor found, as JSON for the run's record; None where the run must not begin.

    Its report is printed only when something is wrong.
    """
    from qtune.commands.console import glyphs, progress, show
    from qtune.commands.preflight import preflight
    from qtune.commands.target import goal_of
    from qtune.commands.watch import watching
    from qtune.core.rundefaults import QUICKSTART
    from qtune.doctor.finding import Severity
    from qtune.doctor.outcome import exit_code
    from qtune.doctor.report.json import render as as_json
    from qtune.doctor.report.terminal import render
    from qtune.doctor.report.view import View

    if config.model == QUICKSTART:
        return ""  # made on this machine from what is shipped: there is no road to check
    settings = project.settings
    offline = "HF_HUB_OFFLINE" if settings.flag("HF_HUB_OFFLINE") else ""
    with watching(quiet) as observer:
        report = preflight(settings, goal_of(config, named), project.root, offline, observer)
    serious = [f for f in report.findings if f.severity is not Severity.INFO]
    failed = exit_code(report) != 0
    if failed or (serious and not quiet):
        console = progress()
        view = View(
            current(),
            console.width,
            glyphs=glyphs(sys.stderr),
            again=f"qtune doctor {named}",
            onward=f"qtune run {named} --no-preflight",
        )
        show(console, render(report, view))
    return None if failed else as_json(report, exit_code(report), current())


def _snapshot(config: RunConfig, settings: Settings, quiet: bool) -> Path:
    """The folder of the base model, downloaded if need be."""
    from qtune.core.rundefaults import QUICKSTART
    from qtune.train import quickstart

    if config.model == QUICKSTART:
        return quickstart.snapshot()
    if config.model_path is not None:
        return config.model_path
    from qtune.commands.transfer import watching
    from qtune.core.download.fetch import download

    with watching(quiet, asking=not settings.flag("HF_HUB_OFFLINE")) as tell:
        return download(config.model, settings, tell=tell).path
