"""PKG701: the installed transformers does not know the model's architecture, or is not installed at all."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

from qtune.core.text import Text
from qtune.doctor.facts import Facts, GoalKind, Packages, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.pkg.architectures import FIRST_RELEASE
from qtune.doctor.rules.words import prose

_TRAIN: frozenset[GoalKind] = frozenset({"train"})
_NEEDED = ("torch", "transformers", "peft", "accelerate")


def judge(facts: Facts) -> Iterable[Finding]:
    packages = known(facts.packages)
    if packages is None:
        return
    absent = [name for name in _NEEDED if packages.versions.get(name) == ""]
    if absent:
        yield _absent(absent)
    if packages.versions.get("transformers"):
        yield from _too_old(facts, packages)


def _absent(names: list[str]) -> Finding:
    en, zh = ", ".join(names), "、".join(names)
    return Finding(
        "PKG701",
        Severity.ERROR,
        Text(f"Not installed, and training needs it: {en}", f"训练需要但尚未安装：{zh}"),
        because="PKG700",
        fix=manual(
            "Install what training needs",
            "安装训练所需的包",
            command="pip install 'qtune[train]'",
        ),
    )


def _too_old(facts: Facts, packages: Packages) -> Iterable[Finding]:
    found = listing(facts)
    least = FIRST_RELEASE.get(found.model_type) if found is not None else None
    installed = packages.versions["transformers"]
    if found is None or least is None or not _older(installed, least):
        return
    yield Finding(
        "PKG701",
        Severity.ERROR,
        Text(
            f"{facts.goal.model} is of the type {found.model_type}, which transformers knows from {least} on; "
            f"{installed} is installed",
            f"{facts.goal.model} 的类型是 {found.model_type}，transformers 从 {least} 起才支持；"
            f"当前安装的是 {installed}",
        ),
        because="PKG702",  # qtune itself asks for a newer one
        fix=manual(
            f"Upgrade transformers to {least} or newer",
            f"把 transformers 升级到 {least} 或更新",
            command=f"pip install -U 'transformers>={least}'",
        ),
    )


def _older(installed: str, least: str) -> bool:
    """A pre-release of the release counts as having it: 4.51.0.dev0 was where the type was added."""
    try:
        return Version(Version(installed).base_version) < Version(least)
    except InvalidVersion:
        return False


RULE = Rule(
    code="PKG701",
    name="transformers-model",
    severity=Severity.ERROR,
    title=Text("transformers does not know the model", "transformers 不支持该模型"),
    needs=("packages", "listing"),
    goals=_TRAIN,
    judge=judge,
    page=Page(
        what=prose(
            """
            The model's `config.json` names its type (`"model_type": "qwen3"`). The installed transformers
            is older than the release that brought this type, or transformers, torch, peft or accelerate is
            not installed at all.
            """,
            """
            模型的 `config.json` 里写着它的类型（`"model_type": "qwen3"`）。
            当前安装的 transformers 早于支持该类型的版本，
            或者根本没有安装 transformers、torch、peft、accelerate 中的某一个。
            """,
        ),
        why=prose(
            """
            After the whole download, loading stops with `KeyError: 'qwen3'` or "Transformers does not
            recognize this architecture", which many read as a broken download.
            """,
            """
            等全部下载完，加载时才报 `KeyError: 'qwen3'` 或 "Transformers does not recognize this
            architecture"，很多人会误以为是下载损坏。
            """,
        ),
        detect=prose(
            """
            Versions are read from the packages' metadata; nothing is imported. The type comes from the
            `config.json` of the model that you named.

            The table of first releases was read from the packages themselves, from the release that has the
            type and the last one before it that has not:

            | type | from |
            |---|---|
            | llama | 4.28.0 |
            | qwen2 | 4.37.0 |
            | qwen2_moe | 4.40.0 |
            | gemma2 | 4.42.0 |
            | gemma3 | 4.50.0 |
            | qwen3, qwen3_moe, llama4, deepseek_v3 | 4.51.0 |
            | gpt_oss | 4.55.0 |
            | qwen3_next, qwen3_vl | 4.57.0 |
            | qwen3_5 | 5.2.0 |

            A type that is not in it is not judged.

            In `requirements.txt` and `pyproject.toml`, `qtune check` and the editor compare the versions that
            are asked for with the model that the `.env` or a run config beside them names.
            """,
            """
            版本从包的元数据读取，不会导入任何包；类型来自你指定的模型的 `config.json`。

            下表由安装包本身核实：该版本含有这个类型，而其前一个版本没有：

            | 类型 | 起始版本 |
            |---|---|
            | llama | 4.28.0 |
            | qwen2 | 4.37.0 |
            | qwen2_moe | 4.40.0 |
            | gemma2 | 4.42.0 |
            | gemma3 | 4.50.0 |
            | qwen3、qwen3_moe、llama4、deepseek_v3 | 4.51.0 |
            | gpt_oss | 4.55.0 |
            | qwen3_next、qwen3_vl | 4.57.0 |
            | qwen3_5 | 5.2.0 |

            表中没有的类型不作判断。

            对于 `requirements.txt` 和 `pyproject.toml`，`qtune check` 和编辑器会把其中要求的版本，
            与同一目录的 `.env` 或训练配置所指定的模型比较。
            """,
        ),
        mend=prose(
            """
            ```bash
            pip install -U 'qtune[train]'
            ```

            in the environment that qtune runs in; with several Pythons use `python -m pip`. If another
            package holds transformers back, pip says which: give that one an environment of its own.
            """,
            """
            ```bash
            pip install -U 'qtune[train]'
            ```

            请在运行 qtune 的环境中执行；有多个 Python 时用 `python -m pip`。
            如果有别的包限制了 transformers 的版本，pip 会指出来，请把它放到单独的环境中。
            """,
        ),
        verify=prose(
            """
            The version should be the one that the finding asks for, or newer:

            ```bash
            python -c "import transformers; print(transformers.__version__)"
            qtune doctor --only PKG701
            ```
            """,
            """
            版本应当不低于诊断结果要求的版本：

            ```bash
            python -c "import transformers; print(transformers.__version__)"
            qtune doctor --only PKG701
            ```
            """,
        ),
        sources=(
            "https://github.com/QwenLM/Qwen3/issues/30",
            "https://github.com/hiyouga/LlamaFactory/issues/8139",
        ),
    ),
)
