"""What the user means by MODEL or RUN.yaml, as a goal for the doctor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtune.core.errors import UsageError
from qtune.core.hub.interface import RepoType
from qtune.core.hub.names import check_repo_id
from qtune.core.rundefaults import QUICKSTART
from qtune.core.runneeds import packages
from qtune.core.settings import Settings
from qtune.core.text import Text
from qtune.core.workload import of_run
from qtune.doctor.facts import DataAsked, Goal, GoalKind
from qtune.doctor.finding import Finding

if TYPE_CHECKING:  # a model's name is understood without the machinery of run configs
    from qtune.core.runconfig import DataSource, Defaults, RunConfig

_MOST_FILES = 100  # of a folder, that are looked at
_PAGE = re.compile(
    r"https?://[^/]+/(?:models/|(?P<dataset>datasets/))?(?!datasets/)(?P<id>[\w.-]+/[\w.-]+)(?:/.*)?\Z",
    re.A,
)


@dataclass(frozen=True)
class Target:
    """`findings` are what is wrong with the run config, if one was named."""

    goal: Goal
    config: RunConfig | None = None
    findings: tuple[Finding, ...] = ()


def read_target(text: str, kind: GoalKind, settings: Settings) -> Target:
    """Raises UsageError for what is neither a run config, a folder, nor a model's name."""
    if text.endswith((".yaml", ".yml")):
        return _from_config(Path(text), kind, settings)
    model = text or settings.text("DEFAULT_MODEL")
    output_dir = "" if kind == "download" else settings.text("QTUNE_OUTPUT_DIR")
    return Target(_goal(model, kind, output_dir=output_dir))


def defaults(settings: Settings) -> Defaults:
    from qtune.core.runconfig import Defaults

    root = Path.cwd()
    return Defaults(settings.text("DEFAULT_MODEL"), root / settings.text("QTUNE_OUTPUT_DIR"), root)


def repo_id(text: str) -> str:
    """A model's name, also from its page's address. Raises UsageError HUB224."""
    name, repo_type = repository(text)
    return name if repo_type == "model" else check_repo_id(text)


def repository(text: str, repo_type: RepoType = "model") -> tuple[str, RepoType]:
    """The name, also from the page's address, and what it names: a dataset's page says so itself.

    Raises UsageError HUB224.
    """
    page = _PAGE.match(text)
    if page is None:
        return check_repo_id(text), repo_type
    return check_repo_id(page["id"]), "dataset" if page["dataset"] else repo_type


def wanted(text: str, repo_type: RepoType, settings: Settings) -> tuple[str, RepoType]:
    """As `repository`; DEFAULT_MODEL where nothing is named. Raises UsageError HUB224."""
    if repo_type == "dataset" and not text:
        raise UsageError(
            "HUB224",
            Text("no dataset was named", "没有指定数据集"),
            Text(
                "Write it as owner/name: `qtune download --repo-type dataset tatsu-lab/alpaca`.",
                "请写成 owner/name 的形式：`qtune download --repo-type dataset tatsu-lab/alpaca`。",
            ),
        )
    return repository(text or settings.text("DEFAULT_MODEL"), repo_type)


def goal_of(config: RunConfig, named: str, kind: GoalKind = "train") -> Goal:
    """The goal behind a run config that is fine; `named` is how the user called it."""
    output_dir = "" if kind == "download" else str(config.output_dir)
    asked = of_run(config) if kind == "train" else None
    if config.model_path is not None or config.model == QUICKSTART:
        model, local = str(config.model_path or config.model), True
    else:
        model, local = config.model, False
    return Goal(
        kind,
        model,
        None,
        local,
        named,
        output_dir,
        asked,
        _data(config) if kind == "train" else (),
        config.enable_thinking,
        packages=packages(config) if kind == "train" else {},
    )


def _data(config: RunConfig) -> tuple[DataAsked, ...]:
    """The files of the user's own; what is shipped with qtune, and what a hub has, needs no look."""
    return tuple(
        DataAsked(_short(path), source.format, evaluates)
        for sources, evaluates in ((config.data, False), (config.eval_data, True))
        for source in sources
        if source.path != Path(QUICKSTART) and not source.repo_id
        for path in _files(source)
    )


def _files(source: DataSource) -> list[Path]:
    """Of a folder the first files; the folder itself where it has none that is asked for."""
    from qtune.core.data.places import NoFiles, files

    try:
        return files(source)[:_MOST_FILES]
    except NoFiles:
        return [source.path]


def _short(path: Path) -> str:
    """As one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _goal(model: str, kind: GoalKind, *, run_config: str | None = None, output_dir: str) -> Goal:
    if model == QUICKSTART:
        return Goal(kind, model, local=True, run_config=run_config, output_dir=output_dir)
    folder = Path(model).expanduser()
    if model.startswith(("/", "./", "../", "~", ".\\", "..\\")) or folder.is_dir():
        if not folder.is_dir():
            raise UsageError(
                "CFG092",
                Text(f"there is no folder {model}", f"文件夹 {model} 不存在"),
            )
        if not (folder / "config.json").is_file():
            raise UsageError(
                "CFG092",
                Text(
                    f"the folder {model} holds no model: there is no config.json in it",
                    f"文件夹 {model} 中没有模型：缺少 config.json",
                ),
                Text(
                    "Name the folder that a model was downloaded to, or a model as owner/name.",
                    "请给出模型所在的文件夹，或 owner/name 形式的模型名。",
                ),
            )
        where = str(folder.absolute())
        return Goal(kind, where, local=True, run_config=run_config, output_dir=output_dir)
    return Goal(kind, repo_id(model), run_config=run_config, output_dir=output_dir)


def _from_config(path: Path, kind: GoalKind, settings: Settings) -> Target:
    from qtune.core.runconfig import load
    from qtune.core.runproblems import RunConfigError
    from qtune.doctor.documents.run.config import finding

    try:
        config = load(path, defaults=defaults(settings))
    except RunConfigError as error:
        model = _named_model(path) or settings.text("DEFAULT_MODEL")
        try:
            goal = _goal(model, kind, run_config=str(path), output_dir="")
        except UsageError:  # the config's own findings say what is wrong with its model
            fallback = settings.text("DEFAULT_MODEL")
            goal = _goal(fallback, kind, run_config=str(path), output_dir="")
        return Target(goal, None, tuple(finding(problem) for problem in error.problems))
    goal = goal_of(config, str(path), kind)
    return Target(goal, config, tuple(finding(problem) for problem in config.warnings))


def _named_model(path: Path) -> str:
    """The model of a config that is wrong in other places, so that the rest can be examined all the same."""
    from qtune.core.yamltree import Leaf, Table, parse

    try:
        tree, _ = parse(path.read_text("utf-8-sig"), path)
    except (OSError, ValueError):
        return ""
    pairs = tree.pairs if isinstance(tree, Table) else ()
    return next((v.text for k, v in pairs if k.text == "model" and isinstance(v, Leaf)), "")
