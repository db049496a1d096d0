"""TOK310: a token stands in a file that git keeps."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qtune.core.text import Text
from qtune.doctor.facts import EnvFile, Facts, Leak, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.tok.words import MASKED, TOKEN_DOCS
from qtune.doctor.rules.words import joined, prose

_PAGES = {
    "huggingface": "https://huggingface.co/settings/tokens",
    "modelscope": "https://modelscope.cn/my/myaccesstoken",
}
_MOST = 5  # findings; the rest is counted


def _judge(facts: Facts) -> Iterable[Finding]:
    leaks = known(facts.leaks)
    if leaks is None:
        return
    envfile = known(facts.envfile)
    kinds = {source.kind for source in facts.sources}
    # A tracked .env is ENV807's.
    told = [leak for leak in leaks.found if leak.hub in kinds and not _is(envfile, leak)]
    rest = len(told) - _MOST + leaks.more
    for number, leak in enumerate(told[:_MOST]):
        last = number == _MOST - 1 and rest > 0
        yield Finding(
            "TOK310",
            Severity.WARNING,
            _message(leak),
            evidence=(Text(f"and {rest} more places", f"另有 {rest} 处"),) if last else (),
            span=Span(leak.path, leak.line, 1, leak.line, 1),
            fix=_fix(leak),
            url=_PAGES[leak.hub],
        )


def _is(envfile: EnvFile | None, leak: Leak) -> bool:
    return envfile is not None and Path(leak.path) == Path(envfile.path)


def _message(leak: Leak) -> Text:
    name = Path(leak.path).name
    what = Text(f"what looks like a token ({leak.masked})", f"疑似 Token 的内容（{leak.masked}）")
    if leak.in_use:
        what = Text(
            f"the token that you use ({leak.masked})", f"你正在使用的 Token（{leak.masked}）"
        )
    kept = Text("git tracks this file", "git 跟踪着这个文件")
    if leak.committed:
        kept = Text("it is in the last commit", "它已在最近一次提交中")
    return Text(
        f"{name} line {leak.line} holds {what.en}, and {kept.en}",
        f"{name} 第 {leak.line} 行含有{what.zh}，而且{kept.zh}",
    )


def _fix(leak: Leak) -> Fix:
    page = _PAGES[leak.hub]
    if leak.committed:
        title = Text(
            f"Revoke it at {page} and make a new one; then take it out of the file (of a notebook: clear "
            "the outputs)",
            f"在 {page} 撤销它并新建一个；然后从文件中删除（notebook 请清除输出）",
        )
    else:
        title = Text(
            "Take it out of the file before the next commit (of a notebook: clear the outputs)",
            "在下次提交之前从文件中删除它（notebook 请清除输出）",
        )
    return Fix(title, Applicability.MANUAL, url=page)


RULE = Rule(
    code="TOK310",
    name="token-leaked",
    severity=Severity.WARNING,
    title=Text("A token stands in a file that git keeps", "Token 出现在 git 管理的文件里"),
    needs=("leaks", "envfile"),
    judge=_judge,
    page=Page(
        what=prose(
            """
            A file of this project that git tracks holds a token: in a script, a config, or the saved output of
            a notebook. The finding says whether it stands in the last commit already.
            """,
            """
            本项目中由 git 跟踪的某个文件含有 Token：可能在脚本、配置，或 notebook 保存的输出里。
            诊断结果会说明它是否已经进入最近一次提交。
            """,
        ),
        why=prose(
            """
            What is committed is pushed sooner or later, and then everybody who can read the repository can act
            as you. Programs search public repositories for tokens within minutes; Hugging Face revokes those
            that it finds itself, and your downloads then fail with 401.
            """,
            """
            提交的内容迟早会被推送，届时所有能读取该仓库的人都能以你的身份操作。
            有程序会在几分钟内扫描公开仓库里的 Token；Hugging Face 发现后会自行撤销，你的下载就会变成 401。
            """,
        ),
        detect=joined(
            prose(
                """
                `git grep` searches the tracked files below the project's folder as they lie here, and those of
                the last commit, each for at most 1.5 seconds; older history, untracked files, other folders
                and the shell's history are not looked at. Nothing is fetched.

                What is one of the tokens in use is certain. Otherwise the shape decides, which is a rule of
                thumb: `hf_` and at least 30 letters of which 12 differ, without words such as "example".
                An example that looks too real is thus found too, and a token in two pieces is not.
                """,
                """
                用 `git grep` 搜索项目目录下被跟踪的文件（当前内容和最近一次提交），各不超过 1.5 秒；
                更早的历史、未跟踪的文件、其他目录以及 shell 历史都不检查，也不会从远端获取任何内容。

                与正在使用的 Token 相同的内容是确定的。其余靠形状判断，属于经验规则：
                `hf_` 加至少 30 个字母，其中 12 个互不相同，且不含 "example" 之类的词。
                因此过于逼真的示例也会被报告，而拆成两段的 Token 不会被发现。
                """,
            ),
            MASKED,
        ),
        mend=prose(
            """
            1. Revoke the token: https://huggingface.co/settings/tokens, "Invalidate and refresh". Deleting the
               line is not enough once it was committed: the history keeps it.
            2. Put the new one into `.env`, which git must ignore, and read it from the environment.
            3. Of a notebook, clear the outputs before each commit:

            ```bash
            jupyter nbconvert --clear-output --inplace notebook.ipynb
            ```
            """,
            """
            1. 撤销该 Token：打开 https://huggingface.co/settings/tokens ，点击 "Invalidate and refresh"。
               一旦提交过，仅删除那一行是不够的：历史记录仍然保留它。
            2. 把新的 Token 写入 `.env`（git 必须忽略该文件），在代码中从环境变量读取。
            3. notebook 请在每次提交前清除输出：

            ```bash
            jupyter nbconvert --clear-output --inplace notebook.ipynb
            ```
            """,
        ),
        verify=prose(
            """
            Nothing should be printed:

            ```bash
            git grep -lE 'hf_[A-Za-z0-9]{30,}'
            git grep -lE 'hf_[A-Za-z0-9]{30,}' HEAD
            ```
            """,
            """
            以下命令不应输出任何内容：

            ```bash
            git grep -lE 'hf_[A-Za-z0-9]{30,}'
            git grep -lE 'hf_[A-Za-z0-9]{30,}' HEAD
            ```
            """,
        ),
        sources=(TOKEN_DOCS, "https://huggingface.co/docs/hub/security-secrets"),
    ),
)
