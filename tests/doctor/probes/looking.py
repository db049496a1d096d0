"""What a probe is given, made from an environment and a `.env` as a user has them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from qtune.core.envfile import read
from qtune.core.http import open_client
from qtune.core.settings import resolve
from qtune.core.sources import Source, candidates
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Goal, GoalKind
from tests.hub import Hub, worlds

NOTHING = Facts(Goal("train", worlds.QWEN))


@contextmanager
def looking(
    root: Path,
    environ: Mapping[str, str] | None = None,
    *,
    model: str = worlds.QWEN,
    kind: GoalKind = "train",
    revision: str | None = None,
    output_dir: str = "",
) -> Iterator[Context]:
    """`environ` comes on top of the process's own (PATH, HOME); the `.env` is the one in `root`."""
    whole = {**os.environ, **(environ or {})}
    settings = resolve(environ=whole, project=read(root / ".env", whole))
    goal = Goal(kind, model, revision, output_dir=output_dir)
    with open_client(settings) as client:
        yield Context(settings, goal, candidates(settings), client, whole, root)


def at(hub: Hub, **more: str) -> dict[str, str]:
    """Both hubs at their loopback addresses, to which tokens may go."""
    return {
        "HF_ENDPOINT": hub.hf_url,
        "MODELSCOPE_ENDPOINT": hub.ms_url,
        "QTUNE_TRUSTED_HOSTS": "127.0.0.1",
        **more,
    }


def source(context: Context, name: str = "huggingface") -> Source:
    return next(source for source in context.sources if source.name == name)
