"""SRC005: `trust_remote_code=True`, where it is needless, or where the code that it runs may change any day."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Argument, Facts, SourceCode, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.src.functions import RepoCall, repo_calls
from qtune.doctor.rules.src.words import READ_ONLY, edit, span
from qtune.doctor.rules.words import joined, prose

# Families whose architecture transformers has had for years, and whose repositories hold no code.
_BUILT_IN = re.compile(
    r"Qwen/Qwen(?:1\.5|2|2\.5|3)-(?:Coder-|Math-)?[\d.]+B(?:-A[\d.]+B)?(?:-(?:Base|Chat|Instruct|Thinking))?(?:-2507)?"
    r"|(?:meta-llama|LLM-Research)/(?:Meta-)?Llama-[23](?:\.\d)?-\d+[Bb](?:-hf|-chat-hf|-Instruct)?"
    r"|mistralai/Mistral-7B-(?:Instruct-)?v0\.\d|google/gemma-[23]-\d+b(?:-it|-pt)?"
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TRANSFORMERS = ("transformers", "modelscope", "vllm", "sentence_transformers", "peft")


def _judge(facts: Facts) -> Iterable[Finding]:
    source = known(facts.source_code)
    for found in repo_calls(source) if source is not None else ():
        assert source is not None
        trust = found.call.keyword("trust_remote_code")
        if trust is None or trust.value.kind != "true" or trust.value.spot != trust.value.literal:
            continue
        if found.call.function.partition(".")[0] not in _TRANSFORMERS or found.kind != "model":
            continue
        if found.repo_id and found.repo_id not in source.folders:
            yield from _told(source, found, trust)


def _told(source: SourceCode, found: RepoCall, trust: Argument) -> Iterable[Finding]:
    if _BUILT_IN.fullmatch(found.repo_id):
        yield Finding(
            "SRC005",
            Severity.INFO,
            Text(
                f"{found.repo_id} needs no trust_remote_code: transformers has its architecture built in",
                f"{found.repo_id} 不需要 trust_remote_code：transformers 已内置其架构",
            ),
            span=span(source, trust.whole),
            fix=Fix(
                Text("Write False", "改为 False"),
                Applicability.SAFE,
                edits=(edit(source, trust.value.spot, "False"),),
            ),
        )
        return
    revision = found.call.keyword("revision") or found.call.keyword("code_revision")
    if found.call.unpacks or (revision is not None and _pinned(revision)):
        return
    yield Finding(
        "SRC005",
        Severity.INFO,
        Text(
            f"this runs whatever code {found.repo_id} holds on that day: no revision names a commit",
            f"这会运行 {found.repo_id} 当天所含的任何代码：没有用 revision 指定提交",
        ),
        span=span(source, trust.whole),
        fix=Fix(
            Text(
                "Read the code, and add revision= with the commit that you read",
                "阅读其代码，并用 revision= 固定到你读过的提交",
            ),
            Applicability.MANUAL,
        ),
    )


def _pinned(revision: Argument) -> bool:
    return revision.value.kind == "other" or _COMMIT.fullmatch(revision.value.text) is not None


RULE = Rule(
    code="SRC005",
    name="trust-remote-code",
    severity=Severity.INFO,
    title=Text("Code of a repository is trusted", "信任并运行仓库中的代码"),
    judge=_judge,
    page=Page(
        what=prose(
            """
            A model is loaded by its id with `trust_remote_code=True`. Either its architecture is built into
            transformers, so that the argument does nothing; or the repository's Python files are run, and no
            `revision` says which.
            """,
            """
            以 `trust_remote_code=True` 按 id 加载模型。要么该架构已内置于 transformers，这个参数毫无作用；
            要么会运行仓库里的 Python 文件，而 `revision` 没有写明是哪个版本。
            """,
        ),
        why=prose(
            """
            The code runs with your rights: it can read your files and your tokens. Who takes over an account
            takes over every machine that loads its model the next day. And where an old copy of the
            architecture lies in a repository, it is used instead of the maintained one.
            """,
            """
            这些代码以你的权限运行，能读取你的文件和 Token。谁接管了那个账号，就接管了第二天加载该模型的每台机器。
            此外，如果仓库里留有旧版架构代码，就会用它代替持续维护的内置版本。
            """,
        ),
        detect=joined(
            prose(
                """
                Calls of transformers, ModelScope, vLLM, peft and sentence_transformers with a literal id. It is a
                matter of judgement, and the code works: therefore no more than a remark. That an architecture is
                built in is said of Qwen 1.5 to 3, LLaMA 2 to 3.3, Mistral 7B and Gemma 2 and 3 alone; a commit
                is 40 hexadecimal digits; a local folder is not judged.
                """,
                """
                检查 transformers、ModelScope、vLLM、peft 与 sentence_transformers 中带字面量 id 的调用。
                这属于取舍问题，代码本身能运行，所以只作提示。仅对 Qwen 1.5 至 3、LLaMA 2 至 3.3、Mistral 7B、
                Gemma 2 和 3 判断为“已内置”；提交号是 40 位十六进制数；不判断本地文件夹。
                """,
            ),
            READ_ONLY,
        ),
        mend=prose(
            """
            Leave the argument out where it is needless. Elsewhere read the repository's `*.py`, and pin what you
            have read, as the 40 digits that "Files and versions" shows:

            ```python
            AutoModel.from_pretrained(name, trust_remote_code=True, revision=commit)
            ```

            Of a model that you trust by its name, say so: `# qtune: ignore[SRC005] our own model`.
            """,
            """
            不需要时去掉该参数。否则请阅读仓库中的 `*.py`，并固定到你读过的版本，即“Files and versions”
            显示的 40 位提交号：

            ```python
            AutoModel.from_pretrained(name, trust_remote_code=True, revision=commit)
            ```

            如果确实信任该模型，请写明：`# qtune: ignore[SRC005] 自己的模型`。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune check train.py
            ```
            """,
            """
            应不再报告：

            ```bash
            qtune check train.py
            ```
            """,
        ),
        sources=("https://huggingface.co/docs/transformers/models#custom-models",),
    ),
)
