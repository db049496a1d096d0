"""GATE400: the repository does not exist, or hides from whoever asked."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts, SourceFact
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.gate.known_models import correction, named_by_setting
from qtune.doctor.rules.gate.refusals import evidence, model_page, refusals
from qtune.doctor.rules.gate.words import GATED_DOCS, REAL_FILE, VERIFY
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.tok.held import counting, out_of_scope
from qtune.doctor.rules.words import amid, joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source, gate in refusals(facts, AccessState.MISSING_OR_PRIVATE):
        if source.kind == "modelscope":  # HUB221: there a name may just be another one
            continue
        model = facts.goal.model
        setting = facts.setting("DEFAULT_MODEL")
        by_setting = named_by_setting(facts)
        where = setting.origin.describe()
        named = Text(f" (DEFAULT_MODEL, {where.en})", f"（DEFAULT_MODEL，{where.zh}）")
        name = named if by_setting else Text("", "")
        yield Finding(
            "GATE400",
            Severity.ERROR,
            _message(source, facts, name, gate.access.sent_token),
            evidence=(*evidence(source, gate, facts), *_folder(model)),
            because="TOK307" if out_of_scope(source, facts) else None,
            span=span_of(setting.origin, facts) if by_setting else None,
            fix=correction(facts) or _check_the_name(source, facts),
            url=model_page(source, facts),
            source=source.name,
        )


def _message(source: SourceFact, facts: Facts, name: Text, sent_token: bool) -> Text:
    hub, model, token = source.title, facts.goal.model, counting(source, facts)
    if sent_token and token is not None:
        where = token.origin.describe()
        return Text(
            f"{model}{name.en} is missing or private on {hub}: it does not exist, or the token from "
            f"{where.en} may not see it",
            f"{hub} 上没有 {model}{name.zh}，或它是私有仓库：要么不存在，要么来自{amid(where)}的 Token 无权查看",
        )
    return Text(
        f"{model}{name.en} is missing or private on {hub}; without a token the hub does not say which",
        f"{hub} 上没有 {model}{name.zh}，或它是私有仓库；没有 Token 时平台不会说明是哪一种",
    )


def _folder(model: str) -> tuple[Text, ...]:
    """A path that leads nowhere looks like the name of a repository."""
    if not model.startswith((".", "~", "/")) and "\\" not in model and model.count("/") < 2:
        return ()
    return (
        Text(
            f"if a folder was meant: there is none at {model}",
            f"如果指的是本地文件夹：{model} 并不存在",
        ),
    )


def _check_the_name(source: SourceFact, facts: Facts) -> Fix:
    page = model_page(source, facts)
    return Fix(
        Text(
            f"Check the spelling at {page}; a private repository needs a token that may read it",
            f"在 {page} 核对拼写；如果是私有仓库，需要有读取权限的 Token",
        ),
        Applicability.MANUAL,
        url=page,
    )


RULE = Rule(
    "GATE400",
    "repository-missing-or-private",
    Severity.ERROR,
    Text("The model is missing or private", "模型不存在，或是私有仓库"),
    Page(
        what=prose(
            """
            Hugging Face found no repository of that name for you. Either it does not exist (a typing error is
            the usual reason), or it is private and you, or your token, may not see it. The hub deliberately
            does not say which.
            """,
            """
            Hugging Face 上找不到这个名字的仓库。要么它不存在（多半是拼写错误），要么是私有仓库，而你（或你的
            Token）无权查看。平台有意不说明是哪一种。
            """,
        ),
        why=prose(
            """
            Nothing can be downloaded. Libraries word it in misleading ways:

            ```
            OSError: Can't load config for 'Qwen/Qwen3-4B'
            401 Client Error: Unauthorized for url
            Repository Not Found for url
            ```

            The first one also appears when the network is at fault: then `qtune doctor` shows a NET finding
            instead of this one.
            """,
            """
            什么也下载不了。各个库的报错往往有误导性：

            ```
            OSError: Can't load config for 'Qwen/Qwen3-4B'
            401 Client Error: Unauthorized for url
            Repository Not Found for url
            ```

            第一种在网络有问题时也会出现：那时 `qtune doctor` 给出的会是 NET 类问题，而不是这一条。
            """,
        ),
        detect=joined(
            REAL_FILE,
            prose(
                """
                A 404, or a 401 that is not about the token, means "missing or private". Names close to
                well-known models get a "did you mean"; that list is short, and a guess.
                """,
                """
                返回 404，或与 Token 无关的 401，都表示“不存在或私有”。与知名模型相近的名字会给出“是不是……”的
                提示；这个列表很短，仅供参考。
                """,
            ),
        ),
        mend=prose(
            """
            1. Compare the name with the model's page letter by letter: owner, slash, name; upper and lower
               case count. It is `Qwen/Qwen3-4B`, not `Qwen3-4B` and not `qwen/qwen3-4b`.
            2. No quotes, no spaces, no `https://huggingface.co/` in front:

            ```
            DEFAULT_MODEL=Qwen/Qwen3-4B
            ```

            3. For a local folder, check the path: one that does not exist is taken for a repository.
            4. For a private repository, use a token of an account that may read it (`HF_TOKEN`).
            5. If the model lies on ModelScope: `USE_MODELSCOPE=True`. Names can differ there (see HUB221).
            """,
            """
            1. 与模型页面逐字核对：所有者、斜杠、名称，大小写也要一致。应写 `Qwen/Qwen3-4B`，而不是 `Qwen3-4B`
               或 `qwen/qwen3-4b`。
            2. 不要加引号、空格，前面也不要写 `https://huggingface.co/`：

            ```
            DEFAULT_MODEL=Qwen/Qwen3-4B
            ```

            3. 如果是本地文件夹，请检查路径：不存在的路径会被当成仓库名。
            4. 如果是私有仓库，请使用有权限账号的 Token（`HF_TOKEN`）。
            5. 如果模型在 ModelScope 上：设置 `USE_MODELSCOPE=True`。那边的名字可能不同（见 HUB221）。
            """,
        ),
        verify=VERIFY,
        sources=(
            GATED_DOCS,
            "https://github.com/vllm-project/vllm/issues/2329",
            "https://github.com/modelscope/modelscope/issues/568",
        ),
    ),
    needs=("gate", "tokens", "identity", "envfile"),
    judge=_judge,
)
