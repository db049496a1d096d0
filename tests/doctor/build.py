"""Facts of a healthy machine, to be changed in the one thing that a test is about."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from qtune.core.hub.interface import Access, AccessState, Identity
from qtune.core.origin import DEFAULT, Level, Origin
from qtune.core.table import TABLE
from qtune.doctor.facts import (
    Accelerator,
    CachedSnapshot,
    ClientRoad,
    Disk,
    Dotenvs,
    EnvFile,
    Facts,
    Gate,
    Goal,
    Gpu,
    Imports,
    Known,
    Leaks,
    Listing,
    ModelFolder,
    Network,
    Packages,
    Place,
    ProcessVariables,
    Reach,
    Resources,
    Sample,
    SecretFiles,
    SettingFact,
    SourceFact,
    Speed,
    Stage,
    Tokens,
    TorchBuild,
    Xet,
)

HF = SourceFact("huggingface", "huggingface", "https://huggingface.co", True)
MS = SourceFact("modelscope", "modelscope", "https://modelscope.cn", True)
ENV = Path("/project/.env")


def env_line(key: str, line: int = 1) -> Origin:
    return Origin(Level.PROJECT, key, ENV, line)


def environ(key: str) -> Origin:
    return Origin(Level.ENVIRON, key)


def road(host: str, **changes: Any) -> Reach:
    stages = tuple(Stage(name, True, 5) for name in ("dns", "tcp", "tls", "http"))
    reach = Reach(f"https://{host}/", host, 443, None, stages, ("203.0.113.7",), "Some CA", 200, 80)
    return replace(reach, **changes)


def speed(host: str, single: float, several: float | None = None) -> Speed:
    """Megabytes per second with one and with four connections."""
    more = Sample(4, round(several * 1e6), 1.0, 90) if several is not None else None
    return Speed(
        "model-00001-of-00002.safetensors", host, Sample(1, round(single * 1e6), 1.0, 90), more
    )


def granted(sent_token: bool = False) -> Gate:
    return Gate(Access(AccessState.GRANTED, 200, sent_token=sent_token), "config.json")


def refused(state: AccessState, status: int = 403, sent_token: bool = True) -> Gate:
    return Gate(Access(state, status, "the server's own words", sent_token), "config.json")


def healthy(**changes: Any) -> Facts:
    """ModelScope first, Hugging Face behind it, Qwen/Qwen3-4B, one GPU; every check of that goal made and well.

    Nothing is known of a hub that is no source, nor of data that the goal does not name.
    """
    listing = Listing(
        "a" * 40, 12, 8_000_000_000, 0, "model-00001-of-00002.safetensors", 4_000_000_000, "qwen3"
    )
    facts = Facts(
        goal=Goal("train", "Qwen/Qwen3-4B"),
        settings=tuple(SettingFact(row.key, row.default, DEFAULT) for row in TABLE),
        sources=(MS, HF),
        envfile=Known(EnvFile(str(ENV), True, "utf-8", 0o600, "ignored")),
        tokens={"huggingface": Known(Tokens((), True)), "modelscope": Known(Tokens((), True))},
        dotenvs=Known(Dotenvs()),
        secretfiles=Known(SecretFiles()),
        leaks=Known(Leaks()),
        variables=Known(ProcessVariables()),
        snapshot=Known(CachedSnapshot(False)),
        reach={
            "huggingface": Known(road("huggingface.co")),
            "modelscope": Known(road("modelscope.cn")),
        },
        network=Known(Network(True, False, ("203.0.113.53",))),
        clients={
            "huggingface": Known(ClientRoad("huggingface_hub", "2.4.0", "system")),
            "modelscope": Known(ClientRoad("modelscope", "1.40.2", "certifi")),
        },
        identity={"huggingface": Known(Identity(True, "someone", "read"))},
        listing={"huggingface": Known(listing), "modelscope": Known(listing)},
        gate={"huggingface": Known(granted()), "modelscope": Known(granted())},
        xet={"huggingface": Known(Xet("1.8.0", road("cas-server.xethub.hf.co")))},
        storage={
            "huggingface": Known(road("us.aws.cdn.hf.co")),
            "modelscope": Known(road("cdn.modelscope.cn")),
        },
        speed={
            "huggingface": Known(speed("us.aws.cdn.hf.co", 8.0)),
            "modelscope": Known(speed("cdn.modelscope.cn", 9.0)),
        },
        accelerator=Known(
            Accelerator(
                (Gpu(0, "NVIDIA H100", 80 << 30, 79 << 30, "9.0"),), "570.1", True, "", "nvml"
            )
        ),
        torch=Known(TorchBuild(True, "2.13.0", "12.8", "", True, ("NVIDIA H100",), True)),
        disk=Known(
            Disk(Place("/cache", 500 << 30, True, 1), Place("/project/runs", 500 << 30, True, 1))
        ),
        model=Known(ModelFolder("/cache/models--Qwen--Qwen3-4B", False)),
        resources=Known(Resources(128 << 30, 120 << 30)),
        imports=Known(Imports()),
        packages=Known(
            Packages(
                "3.11.7", {"transformers": "5.23.0", "torch": "2.13.0", "huggingface_hub": "2.4.0"}
            )
        ),
    )
    return replace(facts, **{**_of(facts, changes.get("sources", facts.sources)), **changes})


def _of(facts: Facts, sources: tuple[SourceFact, ...]) -> dict[str, Any]:
    """The facts that are kept hub by hub, of these hubs alone."""
    names = {source.name for source in sources}
    return {
        field.name: {name: fact for name, fact in row.items() if name in names}
        for field in fields(facts)
        if isinstance(row := getattr(facts, field.name), dict)
    }


def with_setting(facts: Facts, key: str, value: str, origin: Origin, **changes: Any) -> Facts:
    """`facts` in which `key` is set to `value` by `origin`."""
    rows = tuple(
        SettingFact(key, value, origin, **changes) if row.key == key else row
        for row in facts.settings
    )
    return replace(facts, settings=rows)
