"""SRC002: a hub is asked for a repository whose owner only the other hub has."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, SourceCode, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.src.functions import RepoCall, repo_calls
from qtune.doctor.rules.src.owners import (
    ONLY_ON_HUGGING_FACE,
    ONLY_ON_MODELSCOPE,
    TO_HUGGING_FACE,
    TO_MODELSCOPE,
)
from qtune.doctor.rules.src.words import NOTHING_LEFT, READ_ONLY, replaced, span
from qtune.doctor.rules.words import joined, prose

_TITLES = {"huggingface": "Hugging Face", "modelscope": "ModelScope"}


def _judge(facts: Facts) -> Iterable[Finding]:
    source = known(facts.source_code)
    for found in repo_calls(source) if source is not None else ():
        assert source is not None
        owner = found.repo_id.partition("/")[0]
        on_modelscope = found.hub == "modelscope"
        wrong = ONLY_ON_HUGGING_FACE if on_modelscope else ONLY_ON_MODELSCOPE
        if not found.hub or found.kind != "model" or owner not in wrong:
            continue
        offline = found.call.keyword("local_files_only")
        if found.repo_id in source.folders or (
            offline is not None and offline.value.kind != "false"
        ):
            continue
        yield _finding(source, found, owner)


def _finding(source: SourceCode, found: RepoCall, owner: str) -> Finding:
    assert found.argument is not None
    on_modelscope = found.hub == "modelscope"
    hub = _TITLES[found.hub]
    other = _TITLES["huggingface" if on_modelscope else "modelscope"]
    names = TO_MODELSCOPE if on_modelscope else TO_HUGGING_FACE
    name = names.get(found.repo_id)
    called = Text(f": there it is {name}", f"，在那里叫 {name}") if name else Text("", "")
    return Finding(
        "SRC002",
        Severity.WARNING,
        Text(
            f"{found.call.function.rpartition('.')[2]} asks {hub} for {found.repo_id}, but {owner} is an "
            f"owner on {other}{called.en}",
            f"{found.call.function.rpartition('.')[2]} 向 {hub} 请求 {found.repo_id}，"
            f"但 {owner} 是 {other} 上的机构{called.zh}",
        ),
        span=span(source, found.argument.value.spot),
        fix=_fix(source, found, name, hub),
        source=found.hub,
    )


def _fix(source: SourceCode, found: RepoCall, name: str | None, hub: str) -> Fix:
    assert found.argument is not None
    if name is None:
        return Fix(
            Text(f"Look for its name on {hub}", f"查找它在 {hub} 上的名字"), Applicability.MANUAL
        )
    literal = found.argument.value.literal
    # A name that stands elsewhere may be given to the other hub as well.
    here = literal is not None and literal == found.argument.value.spot
    return Fix(
        Text(f"Write {name}", f"改为 {name}"),
        Applicability.UNSAFE if here else Applicability.MANUAL,
        edits=(replaced(source, literal, name),) if here and literal is not None else (),
    )


RULE = Rule(
    code="SRC002",
    name="other-hubs-id",
    severity=Severity.WARNING,
    title=Text("A repository id of the other hub", "另一个平台的仓库 id"),
    judge=_judge,
    page=Page(
        what=prose(
            """
            ModelScope's functions are given an id of `meta-llama`, or those of Hugging Face an id of
            `LLM-Research` or `AI-ModelScope`.
            """,
            """
            把 `meta-llama` 的 id 交给了 ModelScope 的函数，或把 `LLM-Research`、`AI-ModelScope` 的 id 交给了
            Hugging Face 的函数。
            """,
        ),
        why=prose(
            """
            Most models have one id on both hubs, Meta's LLaMA has not: `meta-llama` publishes on Hugging Face,
            ModelScope has the same models under `LLM-Research`. The hub answers "not found", which looks like a
            missing permission.
            """,
            """
            多数模型在两个平台上的 id 相同，Meta 的 LLaMA 则不同：`meta-llama` 在 Hugging Face 上发布，
            ModelScope 上的同一批模型在 `LLM-Research` 名下。平台会回答“不存在”，看起来像是没有权限。
            """,
        ),
        detect=joined(
            prose(
                """
                The owner of a literal id, given to a function that is known to ask this hub. Where
                `HF_ENDPOINT`, `VLLM_USE_MODELSCOPE`, `UNSLOTH_USE_MODELSCOPE` or ModelScope's `patch_hub` say
                otherwise, and where a folder of that name lies here, nothing is said. Which name a model has on
                the other hub is known for LLaMA 3 to 3.3; no hub is asked.
                """,
                """
                检查字面量 id 的所有者，以及接收它的函数访问的是哪个平台。如果代码设置了 `HF_ENDPOINT`、
                `VLLM_USE_MODELSCOPE`、`UNSLOTH_USE_MODELSCOPE`，或使用了 ModelScope 的 `patch_hub`，
                或者本地有同名文件夹，则不报告。已知 LLaMA 3 至 3.3 在另一平台上的名字；不会询问任何平台。
                """,
            ),
            READ_ONLY,
        ),
        mend=prose(
            """
            Use the name of the hub that is asked:

            ```python
            from modelscope import snapshot_download

            snapshot_download("LLM-Research/Llama-3.2-1B-Instruct")
            ```

            `qtune download` takes Hugging Face's names and finds the rest by itself.
            """,
            """
            使用所访问平台上的名字：

            ```python
            from modelscope import snapshot_download

            snapshot_download("LLM-Research/Llama-3.2-1B-Instruct")
            ```

            `qtune download` 使用 Hugging Face 的名字，其余由它处理。
            """,
        ),
        verify=NOTHING_LEFT,
        sources=(
            "https://swift.readthedocs.io/en/latest/Instruction/Supported-models-and-datasets.html",
        ),
    ),
)
