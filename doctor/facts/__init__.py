"""What the probes saw. Facts are plain values: they can be saved, sent, replayed and judged again anywhere.

Nothing in here is a secret: values are masked before they become facts. A probe that could not look
gives Unknown with a reason, which is neither "fine" nor "broken".
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qtune.core.origin import DEFAULT
from qtune.core.table import BY_KEY
from qtune.doctor.facts.fact import NOT_LOOKED, Fact, Known, Unknown, UnknownReason, known

if TYPE_CHECKING:
    from qtune.core.hub.interface import Identity
    from qtune.doctor.facts.asked import (
        SettingFact,
        ShadowedSetting,
        SourceFact,
        Suppression,
    )
    from qtune.doctor.facts.dataset import BadRow, DataFile, Dataset, Lengths, Twin
    from qtune.doctor.facts.dotenv import EnvEntry, EnvFile, OtherEnv, UnparsedLine
    from qtune.doctor.facts.environment import ProcessVariables
    from qtune.doctor.facts.goal import DataAsked, Goal, GoalKind
    from qtune.doctor.facts.gpu import (
        Accelerator,
        Gpu,
        Holder,
        Slice,
        Surroundings,
        TorchBuild,
        Wear,
    )
    from qtune.doctor.facts.hub import (
        CachedSnapshot,
        Gate,
        Listing,
        Relay,
    )
    from qtune.doctor.facts.machine import (
        BrokenFile,
        Disk,
        Leftover,
        ModelFolder,
        Place,
        Quota,
        Resources,
        Volume,
    )
    from qtune.doctor.facts.packages import Elsewhere, Import, Imports, Packages, Shadow, Unmet
    from qtune.doctor.facts.road import (
        ClientName,
        ClientRoad,
        Network,
        ProxyFact,
        Reach,
        Stage,
        StageName,
        Trust,
        Xet,
    )
    from qtune.doctor.facts.source import (
        Argument,
        CodeAssignment,
        CodeCall,
        CodeImport,
        CodeToken,
        CodeValue,
        CodeVariable,
        SourceCode,
        Spot,
    )
    from qtune.doctor.facts.speed import Sample, Sibling, Speed
    from qtune.doctor.facts.tokens import (
        Dotenvs,
        Leak,
        Leaks,
        SecretFile,
        SecretFiles,
        TokenFact,
        TokenLine,
        Tokens,
        TokenShape,
    )

__all__ = [
    "NOT_LOOKED",
    "Accelerator",
    "Argument",
    "BadRow",
    "BrokenFile",
    "CachedSnapshot",
    "ClientName",
    "ClientRoad",
    "CodeAssignment",
    "CodeCall",
    "CodeImport",
    "CodeToken",
    "CodeValue",
    "CodeVariable",
    "DataAsked",
    "DataFile",
    "Dataset",
    "Disk",
    "Dotenvs",
    "Elsewhere",
    "EnvEntry",
    "EnvFile",
    "Fact",
    "Facts",
    "Gate",
    "Goal",
    "GoalKind",
    "Gpu",
    "Holder",
    "Import",
    "Imports",
    "Known",
    "Leak",
    "Leaks",
    "Leftover",
    "Lengths",
    "Listing",
    "ModelFolder",
    "Network",
    "OtherEnv",
    "Packages",
    "Place",
    "ProcessVariables",
    "ProxyFact",
    "Quota",
    "Reach",
    "Relay",
    "Resources",
    "Sample",
    "SecretFile",
    "SecretFiles",
    "SettingFact",
    "Shadow",
    "ShadowedSetting",
    "Sibling",
    "Slice",
    "SourceCode",
    "SourceFact",
    "Speed",
    "Spot",
    "Stage",
    "StageName",
    "Suppression",
    "Surroundings",
    "TokenFact",
    "TokenLine",
    "TokenShape",
    "Tokens",
    "TorchBuild",
    "Trust",
    "Twin",
    "Unknown",
    "UnknownReason",
    "Unmet",
    "UnparsedLine",
    "Volume",
    "Wear",
    "Xet",
    "known",
]

# Where each of these is written. They are imported when they are asked for: a rule that reads tokens
# waits for nothing that is said about GPUs.
_HOMES = {
    "DataAsked": "goal",
    "Goal": "goal",
    "GoalKind": "goal",
    "SettingFact": "asked",
    "ShadowedSetting": "asked",
    "SourceFact": "asked",
    "Suppression": "asked",
    "BadRow": "dataset",
    "DataFile": "dataset",
    "Dataset": "dataset",
    "Lengths": "dataset",
    "Twin": "dataset",
    "EnvEntry": "dotenv",
    "EnvFile": "dotenv",
    "OtherEnv": "dotenv",
    "UnparsedLine": "dotenv",
    "ProcessVariables": "environment",
    "Accelerator": "gpu",
    "Gpu": "gpu",
    "Holder": "gpu",
    "Slice": "gpu",
    "Surroundings": "gpu",
    "TorchBuild": "gpu",
    "Wear": "gpu",
    "CachedSnapshot": "hub",
    "Gate": "hub",
    "Listing": "hub",
    "Relay": "hub",
    "Argument": "source",
    "CodeAssignment": "source",
    "CodeCall": "source",
    "CodeImport": "source",
    "CodeToken": "source",
    "CodeValue": "source",
    "CodeVariable": "source",
    "SourceCode": "source",
    "Spot": "source",
    "Sample": "speed",
    "Sibling": "speed",
    "Speed": "speed",
    "BrokenFile": "machine",
    "Disk": "machine",
    "Leftover": "machine",
    "ModelFolder": "machine",
    "Place": "machine",
    "Quota": "machine",
    "Resources": "machine",
    "Volume": "machine",
    "Elsewhere": "packages",
    "Import": "packages",
    "Imports": "packages",
    "Packages": "packages",
    "Shadow": "packages",
    "Unmet": "packages",
    "ClientName": "road",
    "ClientRoad": "road",
    "Network": "road",
    "ProxyFact": "road",
    "Reach": "road",
    "Stage": "road",
    "StageName": "road",
    "Trust": "road",
    "Xet": "road",
    "Dotenvs": "tokens",
    "Leak": "tokens",
    "Leaks": "tokens",
    "SecretFile": "tokens",
    "SecretFiles": "tokens",
    "TokenFact": "tokens",
    "TokenLine": "tokens",
    "TokenShape": "tokens",
    "Tokens": "tokens",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r} (nor has _HOMES)")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def load() -> None:
    """For whoever resolves the annotations of `Facts`: every name in them is there from now on."""
    from qtune.core.hub.interface import Identity

    globals()["Identity"] = Identity
    for name in _HOMES:
        __getattr__(name)


@dataclass(frozen=True)
class Facts:
    """All of it. Mappings are by source name (huggingface, modelscope, a mirror's address)."""

    goal: Goal
    settings: tuple[SettingFact, ...] = ()
    shadowed: tuple[ShadowedSetting, ...] = ()
    sources: tuple[SourceFact, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    envfile: Fact[EnvFile] = NOT_LOOKED
    dataset: Fact[Dataset] = NOT_LOOKED
    source_code: Fact[SourceCode] = NOT_LOOKED
    network: Fact[Network] = NOT_LOOKED
    tokens: Mapping[str, Fact[Tokens]] = field(default_factory=dict)
    dotenvs: Fact[Dotenvs] = NOT_LOOKED
    secretfiles: Fact[SecretFiles] = NOT_LOOKED
    leaks: Fact[Leaks] = NOT_LOOKED
    variables: Fact[ProcessVariables] = NOT_LOOKED
    snapshot: Fact[CachedSnapshot] = NOT_LOOKED
    reach: Mapping[str, Fact[Reach]] = field(default_factory=dict)
    clients: Mapping[str, Fact[ClientRoad]] = field(default_factory=dict)
    identity: Mapping[str, Fact[Identity]] = field(default_factory=dict)
    listing: Mapping[str, Fact[Listing]] = field(default_factory=dict)
    gate: Mapping[str, Fact[Gate]] = field(default_factory=dict)
    xet: Mapping[str, Fact[Xet]] = field(default_factory=dict)
    storage: Mapping[str, Fact[Reach]] = field(default_factory=dict)
    speed: Mapping[str, Fact[Speed]] = field(default_factory=dict)
    sibling: Mapping[str, Fact[Sibling]] = field(default_factory=dict)
    accelerator: Fact[Accelerator] = NOT_LOOKED
    torch: Fact[TorchBuild] = NOT_LOOKED
    disk: Fact[Disk] = NOT_LOOKED
    model: Fact[ModelFolder] = NOT_LOOKED
    resources: Fact[Resources] = NOT_LOOKED
    packages: Fact[Packages] = NOT_LOOKED
    imports: Fact[Imports] = NOT_LOOKED

    def setting(self, key: str) -> SettingFact:
        """The default where a file of facts, perhaps of an older version, does not speak of the key."""
        default = SettingFact(key, BY_KEY[key].default, DEFAULT)
        return next((fact for fact in self.settings if fact.key == key), default)

    def source(self, name: str) -> SourceFact | None:
        return next((fact for fact in self.sources if fact.name == name), None)
