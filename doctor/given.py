"""What is known before anything is looked at: the goal, the settings, the sources that they allow."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.trust import is_official
from qtune.doctor.facts import Facts, Goal, SettingFact, ShadowedSetting, SourceFact


def of_settings(settings: Settings, goal: Goal, sources: Iterable[Source]) -> Facts:
    return Facts(
        goal=goal,
        settings=tuple(SettingFact(v.setting.key, v.shown, v.origin, v.problem) for v in settings),
        shadowed=tuple(
            ShadowedSetting(
                value.setting.key,
                value.shown,
                value.origin,
                settings.origin(value.setting.key),
                value.text == settings[value.setting.key].text,
            )
            for value in settings.shadowed
        ),
        sources=tuple(
            SourceFact(
                source.name,
                source.kind,
                source.endpoint,
                source.kind != "mirror" and is_official(source.kind, source.endpoint),
            )
            for source in sources
        ),
    )
