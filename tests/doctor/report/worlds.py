"""Reports of typical worlds, put together by hand so that what they look like does not hang on any rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qtune.core.envpatch import EnvPatch
from qtune.core.hub.interface import AccessState
from qtune.core.origin import Level, Origin
from qtune.core.text import Text
from qtune.doctor.examine import Options, rejudge
from qtune.doctor.facts import (
    BadRow,
    DataAsked,
    DataFile,
    Dataset,
    EnvEntry,
    EnvFile,
    Fact,
    Facts,
    Goal,
    Known,
    ProxyFact,
    Stage,
    TokenFact,
    Tokens,
    Twin,
    Unknown,
)
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.outcome import CheckState, Report
from qtune.doctor.recommend import patch, recommendations
from tests.doctor.build import ENV, HF, MS, env_line, healthy, refused, road, speed, with_setting

ORDER = (
    "envfile", "packages", "disk", "accelerator", "torch", "tokens", "reach", "identity",
    "listing", "gate", "storage", "speed",
)  # fmt: skip


def report(
    facts: Facts, *findings: Finding, because: Mapping[str, str] | None = None, took_ms: int = 2100
) -> Report:
    """`because`: the code that a skipped check is to be blamed on."""
    rows = recommendations(findings, facts)
    checks = tuple(_state(name, fact, because or {}) for name, fact in _checks(facts))
    return Report(
        findings, checks, facts, rows, patch(rows), (), "2026-08-01T12:00:00+08:00", took_ms
    )


def _checks(facts: Facts) -> list[tuple[str, Fact[object]]]:
    rows: list[tuple[str, Fact[object]]] = []
    for name in ORDER:
        value = getattr(facts, name)
        if isinstance(value, Known | Unknown):
            rows.append((name, value))
        else:
            rows += [(f"{name}.{source}", fact) for source, fact in value.items()]
    return rows


def _state(name: str, fact: Fact[object], because: Mapping[str, str]) -> CheckState:
    if isinstance(fact, Known):
        return CheckState(name, "ok", None, "", fact.took_ms)
    code = because.get(name) if fact.reason == "skipped" else None
    state = {"skipped": "skipped", "crashed": "crashed"}.get(fact.reason, "unknown")
    return CheckState(name, state, code, fact.detail or fact.reason, fact.took_ms)  # type: ignore[arg-type]


def judged(facts: Facts, took_ms: int = 2100) -> Report:
    """The report that the real rules make of these facts."""
    report = rejudge(facts, Options())
    return replace(report, started="2026-08-01T12:00:00+08:00", took_ms=took_ms)


def well() -> Report:
    return judged(healthy())


def silent_hf() -> Report:
    """Hugging Face first in `.env`; it takes the connection and never answers."""
    facts = with_setting(
        healthy(sources=(HF, MS)), "USE_MODELSCOPE", "False", env_line("USE_MODELSCOPE", 2)
    )
    entry = EnvEntry("USE_MODELSCOPE", "False", 2, 1, 16, 2, 21, "", False, False)
    stages = (
        Stage("dns", True, 12),
        Stage("tcp", True, 41),
        Stage("tls", True, 88),
        Stage("http", False, 8000, "timeout", "no answer within 8 s"),
    )
    skipped = Unknown("skipped", "reach.huggingface")
    facts = replace(
        facts,
        envfile=Known(EnvFile(str(ENV), True, "utf-8", 0o600, "ignored", (entry,))),
        reach={
            **facts.reach,
            "huggingface": Known(road("huggingface.co", stages=stages, status=None)),
        },
        identity={"huggingface": skipped},
        listing={**facts.listing, "huggingface": skipped},
        gate={**facts.gate, "huggingface": skipped},
        storage={**facts.storage, "huggingface": skipped},
        speed={**facts.speed, "huggingface": skipped},
    )
    return judged(facts, 9400)


LLAMA = "meta-llama/Llama-2-7b-hf"


def gated() -> Report:
    """A gated model, and no token anywhere."""
    facts = healthy(goal=Goal("train", LLAMA, run_config="sft.yaml"), sources=(HF, MS))
    facts = with_setting(facts, "USE_MODELSCOPE", "False", env_line("USE_MODELSCOPE", 1))
    skipped = Unknown("skipped", "gate.huggingface")
    facts = replace(
        facts,
        identity={"huggingface": Unknown("skipped", "tokens.huggingface")},
        gate={
            "huggingface": Known(refused(AccessState.GATED_NO_TOKEN, 401, False)),
            "modelscope": Known(refused(AccessState.MISSING_OR_PRIVATE, 404, False)),
        },
        storage={"huggingface": skipped, "modelscope": Unknown("skipped", "gate.modelscope")},
        speed={"huggingface": skipped, "modelscope": Unknown("skipped", "gate.modelscope")},
    )
    return judged(facts, 1830)


def bad_token() -> Report:
    """The token on line 3 of `.env` is refused, and the file is open to everybody."""
    origin = env_line("HF_TOKEN", 3)
    facts = with_setting(healthy(sources=(HF,)), "HF_TOKEN", "hf_…zzzz", origin)
    facts = with_setting(facts, "USE_MODELSCOPE", "False", env_line("USE_MODELSCOPE", 1))
    entry = EnvEntry("HF_TOKEN", "hf_…zzzz", 3, 1, 10, 3, 47, "", False, True)
    facts = replace(
        facts,
        envfile=Known(EnvFile(str(ENV), True, "utf-8", 0o644, "ignored", (entry,))),
        tokens={
            "huggingface": Known(Tokens((TokenFact(origin, "hf_…zzzz", "ok", "0" * 12),), True)),
        },
        gate={**facts.gate, "huggingface": Known(refused(AccessState.BAD_TOKEN, 401))},
        storage={**facts.storage, "huggingface": Unknown("skipped", "gate.huggingface")},
        speed={**facts.speed, "huggingface": Unknown("timeout", "timed out after 12 s", 12004)},
    )
    return judged(facts, 12300)


def no_network() -> Report:
    """No name can be resolved; the proxy variable of the shell is at fault."""
    proxy = Origin(Level.ENVIRON, "HTTPS_PROXY")
    facts = with_setting(healthy(), "HTTPS_PROXY", "http://127.0.0.1:7890", proxy)
    through = ProxyFact("http://127.0.0.1:7890", "HTTPS_PROXY", proxy)
    stages = (Stage("proxy_tcp", False, 3, "refused", "connection refused"),)
    broken = {
        name: Known(road(host, proxy=through, stages=stages, status=None, addresses=()))
        for name, host in (("huggingface", "huggingface.co"), ("modelscope", "modelscope.cn"))
    }
    names = ("identity", "listing", "gate", "storage", "speed")
    skipped = {
        name: {
            "modelscope": Unknown("skipped", "reach.modelscope"),
            "huggingface": Unknown("skipped", "reach.huggingface"),
        }
        for name in names
    }
    facts = replace(facts, reach={"modelscope": broken["modelscope"], "huggingface": broken["huggingface"]},
                    **skipped)  # type: ignore[arg-type]  # fmt: skip
    return judged(facts, 640)


def slow_hf() -> Report:
    """Both hubs serve, the second one five times as fast."""
    facts = with_setting(
        healthy(sources=(HF, MS)), "USE_MODELSCOPE", "False", env_line("USE_MODELSCOPE")
    )
    facts = replace(
        facts,
        speed={
            "huggingface": Known(speed("us.aws.cdn.hf.co", 0.21, 0.84)),
            "modelscope": Known(speed("cdn.modelscope.cn", 6.2, 23.5)),
        },
    )
    return judged(facts, 6100)


def offline() -> Report:
    names = ("reach", "identity", "listing", "gate", "storage", "speed")
    nothing = dict.fromkeys(("modelscope", "huggingface"), Unknown("skipped", "--offline"))
    skipped = dict.fromkeys(names, nothing)
    return judged(replace(healthy(), **skipped), 210)  # type: ignore[arg-type]


def crashed() -> Report:
    facts = replace(
        healthy(), disk=Unknown("crashed", "ZeroDivisionError: division by zero (disk.py:12)")
    )
    return judged(facts)


def data() -> Report:
    """A run config whose data holds rows that no trainer can use, and one that stands twice."""
    asked = DataAsked("data/train.jsonl")
    goal = Goal("train", "Qwen/Qwen3-4B", run_config="sft.yaml", data=(asked,))
    file = DataFile(
        asked.path,
        rows=1000,
        counts={"no-answer": 2},
        bad=(BadRow(3, 1, "no-answer", ""), BadRow(7, 1, "no-answer", "")),
        repeated=1,
        twins=(Twin(9, asked.path, 2),),
    )
    return judged(healthy(goal=goal, dataset=Known(Dataset((file,), template=True))), 2300)


def checked() -> Report:
    """What `qtune check` makes of files; one is called as a kind of the doctor's checks is."""
    files = (".env", "conf/tokens.yaml", "tokens.huggingface.yaml", "notes.txt")
    findings = (
        Finding(
            "ENV805",
            Severity.ERROR,
            Text(
                "USE_MODELSCOPE: 'Ture' is neither True nor False",
                "USE_MODELSCOPE：'Ture' 既不是 True 也不是 False",
            ),
            span=Span(".env", 1, 1, 1, 20),
            fix=Fix(
                Text("Write USE_MODELSCOPE=True", "改为 USE_MODELSCOPE=True"),
                Applicability.UNSAFE,
                edits=(Edit(Span(".env", 1, 16, 1, 20), "True"),),
            ),
        ),
        Finding(
            "CFG001",
            Severity.ERROR,
            Text(
                "cannot read conf/tokens.yaml: Permission denied",
                "无法读取 conf/tokens.yaml：权限不足",
            ),
        ),
    )
    states = [CheckState(name, "ok", None, "", 3) for name in files[:-1]]
    states.append(CheckState(files[-1], "skipped", None, "no file of ours", 0, needed=False))
    facts = Facts(Goal("check", "", files=files))
    return Report(
        findings, tuple(states), facts, (), EnvPatch(), (), "2026-08-01T12:00:00+08:00", 40
    )


EVERY = (well, silent_hf, gated, bad_token, no_network, slow_hf, offline, crashed, data, checked)
