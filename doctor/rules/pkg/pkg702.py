"""PKG702: packages of the stack are not of the versions that others of it ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from qtune.core.text import Text
from qtune.doctor.facts import Facts, Packages, Unmet, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose

# `import transformers` looks at these by itself, and stops (transformers/dependency_versions_check.py).
_CHECKED = ("numpy", "tokenizers", "huggingface-hub", "safetensors", "accelerate")
_NO_LIST = SpecifierSet(">=4.55,<=4.57.6")


def judge(facts: Facts) -> Iterable[Finding]:
    packages = known(facts.packages)
    if packages is None or not packages.unmet:
        return
    unmet = packages.unmet
    fatal = any(_fatal(one) for one in unmet)
    first = unmet[0]
    yield Finding(
        "PKG702",
        Severity.ERROR if fatal else Severity.WARNING,
        _said(first)
        if len(unmet) == 1
        else Text(
            f"{len(unmet)} installed packages do not fit together: {_said(first).en}, and more",
            f"有 {len(unmet)} 处已安装的包版本互不匹配：{_said(first).zh}，等等",
        ),
        (*(_said(one) for one in unmet if len(unmet) > 1), *_of_lists(packages)),
        fix=manual(
            "Install versions that fit, all at once, so that pip sees every requirement",
            "一次性安装互相匹配的版本，让 pip 同时考虑所有要求",
            command=f"python -m pip install {' '.join(_wanted(unmet))}",
        ),
    )


def _said(unmet: Unmet) -> Text:
    there = Text(f"{unmet.found} is installed", f"已安装 {unmet.found}")
    if not unmet.found:
        there = Text("it is not installed", "但没有安装")
    return Text(
        f"{unmet.package} needs {unmet.needs}; {there.en}",
        f"{unmet.package} 需要 {unmet.needs}，{there.zh}",
    )


def _fatal(unmet: Unmet) -> bool:
    if unmet.package == "transformers":
        return unmet.name in _CHECKED
    return not unmet.found  # what a package imports and is not there ends it


def _wanted(unmet: Iterable[Unmet]) -> Iterator[str]:
    """What qtune asks for goes before what another package asks for: that one may have to move, too."""
    rows = sorted(unmet, key=lambda one: one.package != "qtune")
    needs = {one.name: one.needs for one in reversed(rows)}
    yield from (f'"{need}"' for need in needs.values())


def _of_lists(packages: Packages) -> Iterator[Text]:
    try:
        version = Version(packages.versions.get("transformers", ""))
    except InvalidVersion:
        return
    if version in _NO_LIST:
        yield Text(
            "transformers 4.55 to 4.57.6 cannot load a tokenizer that version 5 saved "
            "(extra_special_tokens is a list)",
            "transformers 4.55 至 4.57.6 无法加载由 5.x 保存的分词器（extra_special_tokens 是列表）",
        )


RULE = Rule(
    code="PKG702",
    name="package-conflict",
    severity=Severity.ERROR,
    title=Text("Installed packages do not fit together", "已安装的包版本互不匹配"),
    needs=("packages",),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            Each package says in its metadata which versions of others it needs. Here one of those that
            training uses is older, newer or absent. Most often a later `pip install` of something else changed
            it; pip warned, and went on.
            """,
            """
            每个包都在元数据里写明需要其他包的哪些版本。这里训练用到的某个包过旧、过新或缺失。
            多半是后来 `pip install` 别的东西时被改动了：pip 给出过警告，但仍继续安装。
            """,
        ),
        why=prose(
            """
            `import transformers` checks some of them and stops ("tokenizers>=0.22 is required …"). Others
            fail in the middle of the training, with an error that speaks of a missing name or argument.

            A tokenizer that transformers 5 saved writes `extra_special_tokens` as a list; transformers 4.55 to
            4.57.6 stops at it with `AttributeError: 'list' object has no attribute 'keys'`.
            """,
            """
            `import transformers` 会检查其中一部分并直接报错（"tokenizers>=0.22 is required …"）。
            其余的会在训练中途出错，报缺少某个名称或参数。

            transformers 5 保存的分词器把 `extra_special_tokens` 写成列表；transformers 4.55 至 4.57.6
            加载时会报 `AttributeError: 'list' object has no attribute 'keys'`。
            """,
        ),
        detect=prose(
            """
            Like `pip check`, but only where both packages are of the stack that training uses: torch,
            transformers, tokenizers, peft, accelerate, datasets, trl, bitsandbytes, safetensors,
            huggingface_hub, hf_xet, modelscope, httpx, numpy, and what qtune itself needs of them. What other
            packages make of each other is not judged. A build of one's own (`2.6.0+cu124`) counts as what
            its numbers say. It is an error where transformers refuses to be imported, or something is
            missing; else a warning, because many such pairs work.

            In `requirements.txt` and `pyproject.toml`, `qtune check` and the editor tell what pip could never
            install together, whatever else it would choose; that is an error. Requirements with a marker or
            an address are not looked at.
            """,
            """
            与 `pip check` 相同，但只看训练用到的这些包之间的要求：torch、transformers、tokenizers、peft、accelerate、
            datasets、trl、bitsandbytes、safetensors、huggingface_hub、hf_xet、modelscope、httpx、numpy，
            以及 qtune 自身对它们的要求；其他包之间的关系不作判断。自行编译的版本（`2.6.0+cu124`）按其版本号计。
            transformers 会拒绝导入或缺少某个包时为错误，其余为警告，因为很多这样的组合仍能工作。

            对于 `requirements.txt` 和 `pyproject.toml`，`qtune check` 和编辑器会指出 pip 无论如何都无法同时安装的
            版本，这属于错误。带有环境标记或网址的依赖不作检查。
            """,
        ),
        mend=prose(
            """
            ```bash
            python -m pip install -U "qtune[train]"
            python -m pip check
            ```

            Naming all packages in one command lets pip weigh all requirements together. If something else in
            the same environment needs the old version, give qtune an environment of its own.
            """,
            """
            用以下命令修复：

            ```bash
            python -m pip install -U "qtune[train]"
            python -m pip check
            ```

            在一条命令里写全所有包，pip 才会同时考虑全部要求。
            如果同一环境中的其他软件需要旧版本，请为 qtune 单独建一个环境。
            """,
        ),
        verify=prose(
            """
            ```bash
            python -c "import transformers, peft, accelerate, datasets"
            qtune doctor --only PKG702
            ```
            """,
            """
            用以下命令确认：

            ```bash
            python -c "import transformers, peft, accelerate, datasets"
            qtune doctor --only PKG702
            ```
            """,
        ),
        sources=(
            "https://pip.pypa.io/en/stable/cli/pip_check/",
            "https://github.com/hiyouga/LLaMA-Factory/issues/10766",
        ),
    ),
)
