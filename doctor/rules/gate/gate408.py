"""GATE408: the repository is there, but not this branch, tag, commit or file."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts, Gate, SourceFact
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.gate.refusals import evidence, model_page, refusals
from qtune.doctor.rules.gate.words import REAL_FILE, VERIFY
from qtune.doctor.rules.words import prose

_BRANCH = {"modelscope": "master", "huggingface": "main", "mirror": "main"}


def _judge(facts: Facts) -> Iterable[Finding]:
    for source, gate in refusals(facts, AccessState.NO_REVISION):
        hub, model, revision = source.title, facts.goal.model, facts.goal.revision
        what = Text(f"no revision {revision!r}", f"没有版本 {revision!r}")
        if revision is None:
            what = Text(f"no file {gate.path}", f"没有文件 {gate.path}")
        yield Finding(
            "GATE408",
            Severity.ERROR,
            Text(f"{model} on {hub} has {what.en}", f"{hub} 上的 {model} {what.zh}"),
            evidence=evidence(source, gate, facts),
            fix=_fix(source, facts, gate),
            url=model_page(source, facts),
            source=source.name,
        )


def _fix(source: SourceFact, facts: Facts, gate: Gate) -> Fix:
    branch, page = _BRANCH[source.kind], model_page(source, facts)
    if facts.goal.revision in ("main", "master") and facts.goal.revision != branch:
        return Fix(
            Text(
                f"Leave the revision out: {source.title} calls its default branch {branch}",
                f"不要指定版本：{source.title} 的默认分支叫 {branch}",
            ),
            Applicability.MANUAL,
            url=page,
        )
    return Fix(
        Text(
            f"See at {page} which branches, tags and files there are",
            f"在 {page} 查看有哪些分支、标签和文件",
        ),
        Applicability.MANUAL,
        url=page,
    )


RULE = Rule(
    "GATE408",
    "no-such-revision",
    Severity.ERROR,
    Text("There is no such revision or file", "没有这个版本或文件"),
    Page(
        what=prose(
            """
            The repository can be read, but the branch, tag or commit you named (or a file that every model
            has) is not in it.
            """,
            "仓库可以读取，但其中没有你指定的分支、标签或 commit（或没有每个模型都应有的文件）。",
        ),
        why=prose(
            """
            Nothing can be downloaded under that name. The two hubs call their default branch differently:
            `main` on Hugging Face, `master` on ModelScope. And a commit of one hub is unknown to the other:
            ModelScope answers one with an empty listing.
            """,
            """
            用这个名字什么也下载不到。两个平台的默认分支名称不同：Hugging Face 叫 `main`，ModelScope 叫
            `master`。而且一个平台的 commit 在另一个平台不存在：ModelScope 对此会返回空的文件列表。
            """,
        ),
        detect=REAL_FILE,
        mend=prose(
            """
            Leave the revision out, and each hub uses its own default branch:

            ```bash
            qtune download Qwen/Qwen3-4B
            ```

            To pin one, copy the commit from the page of the hub you download from ("Files", then "History").
            """,
            """
            不指定版本，每个平台就会使用自己的默认分支：

            ```bash
            qtune download Qwen/Qwen3-4B
            ```

            如需固定版本，请从实际下载的那个平台的页面复制 commit（“Files” 里的 “History”）。
            """,
        ),
        verify=VERIFY,
        sources=("https://github.com/hiyouga/LlamaFactory/issues/3058",),
    ),
    needs=("gate", "tokens"),
    judge=_judge,
)
