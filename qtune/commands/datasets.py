"""The data of a run config on this machine: dataset repositories are fetched, or found in the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from qtune.core.data.places import is_absent

if TYPE_CHECKING:
    from qtune.core.runconfig import DataSource, RunConfig
    from qtune.core.settings import Settings


def fetched(config: RunConfig, settings: Settings, quiet: bool) -> RunConfig:
    """With the folder of each repository in its source. Raises TrainError and what a download raises."""
    if not absent(config):
        return config
    from qtune.commands.transfer import watching
    from qtune.core.data import repos
    from qtune.core.data.places import NoFiles
    from qtune.train.causes import failure

    def fetch(source: DataSource) -> DataSource:
        try:
            with watching(quiet, asking=not settings.flag("HF_HUB_OFFLINE")) as tell:
                return repos.fetch(source, settings, tell)
        except NoFiles as lack:
            raise failure("TRN050", lack.reason, lack.fix) from None

    return _with(config, fetch)


def at_hand(config: RunConfig, settings: Settings) -> RunConfig:
    """The same without a request: what is not in the cache stays a name."""
    if not absent(config):
        return config
    from qtune.core.data import repos

    return _with(config, lambda source: repos.at_hand(source, settings))


def absent(config: RunConfig) -> tuple[DataSource, ...]:
    return tuple(source for source in (*config.data, *config.eval_data) if is_absent(source))


def here(config: RunConfig) -> RunConfig:
    """Without the repositories that are not on this machine."""
    return replace(
        config,
        data=tuple(source for source in config.data if not is_absent(source)),
        eval_data=tuple(source for source in config.eval_data if not is_absent(source)),
    )


def _with(config: RunConfig, place: Callable[[DataSource], DataSource]) -> RunConfig:
    def each(sources: tuple[DataSource, ...]) -> tuple[DataSource, ...]:
        return tuple(place(source) if is_absent(source) else source for source in sources)

    return replace(config, data=each(config.data), eval_data=each(config.eval_data))
