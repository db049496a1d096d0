"""HUB221: ModelScope does not have the model under this name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qtune.core.hub.interface import AccessState
from qtune.core.sources import MODELSCOPE_OWNERS
from qtune.core.text import Text, plain
from qtune.doctor.facts import Facts, SourceFact, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.recommend import switch_source
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gate.known_models import correction
from qtune.doctor.rules.words import prose
from qtune.doctor.scope import measurements


def judge(facts: Facts) -> Iterable[Finding]:
    for source in facts.sources:
        gate = known(facts.gate.get(source.name))
        if (
            source.kind != "modelscope"
            or gate is None
            or gate.access.state is not AccessState.MISSING_OR_PRIVATE
        ):
            continue
        model = facts.goal.model
        other = _elsewhere(model)
        hint = (
            Text(
                f"models of {model.partition('/')[0]} are often kept there by another owner: look for {other}",
                f"{model.partition('/')[0]} 的模型在 ModelScope 上常由其他机构发布：可查找 {other}",
            ),
        )
        said = (plain(gate.access.message),) if gate.access.message else ()
        other_hubs = tuple(_no_way_out(facts, source))
        yield Finding(
            "HUB221",
            Severity.ERROR,
            Text(
                f"ModelScope has no model {model}, or it is private",
                f"ModelScope 上没有模型 {model}，或它是私有的",
            ),
            (*(hint if other else ()), *other_hubs, *said),
            fix=switch_source(facts, source.name)
            or correction(facts)
            or _advice(source.endpoint, model, other),
            source=source.name,
        )


def _no_way_out(facts: Facts, source: SourceFact) -> Iterator[Text]:
    """Why the hubs that could have taken its place do not have the model either."""
    for seen in measurements(facts):
        hub = facts.source(seen.source)
        if hub is None or hub == source or seen.reason is None or seen.has_model:
            continue
        yield Text(
            f"{hub.titled} cannot serve instead: {seen.reason.en}",
            f"{hub.titled} 也无法代替：{seen.reason.zh}",
        )


def _advice(endpoint: str, model: str, other: str | None) -> Fix:
    if other:
        return manual(
            f"Look for {other} on ModelScope, and check who publishes it",
            f"在 ModelScope 上查找 {other}，并确认发布者",
            url=f"{endpoint}/models/{other}",
        )
    if "/" not in model:
        return manual(
            "Write the name with its owner, such as Qwen/Qwen3-4B",
            "请写出带所有者的完整名称，例如 Qwen/Qwen3-4B",
            url=f"{endpoint}/models?name={model}",
        )
    return manual(
        "Check the spelling of the name, capitals included; a private model needs MODELSCOPE_API_TOKEN",
        "核对模型名的拼写，包括大小写；如果是私有模型，需要 MODELSCOPE_API_TOKEN",
        url=f"{endpoint}/models/{model}",
    )


def _elsewhere(model: str) -> str | None:
    """Under which owner ModelScope may have it: a hint to look, not an address to download from."""
    owner, _, name = model.partition("/")
    other = MODELSCOPE_OWNERS.get(owner)
    return f"{other}/{name}" if other else None


RULE = Rule(
    code="HUB221",
    name="ms-model-exists",
    severity=Severity.ERROR,
    title=Text("ModelScope does not have this model", "ModelScope 上没有这个模型"),
    needs=("gate",),
    judge=judge,
    page=Page(
        what=prose(
            """
            ModelScope was asked for the model and says that there is none of this name, or none that you
            may see. It does not say which of the two.
            """,
            """
            向 ModelScope 查询该模型，得到的答复是没有这个名字的模型，或你无权查看。
            它不会说明是哪一种。
            """,
        ),
        why=prose(
            """
            The two hubs are separate. All of Qwen is on both, many others are on one only, and some have
            another owner there: Meta's LLaMA models are commonly found under `LLM-Research`. The same name
            on the other hub may even belong to somebody else, so qtune does not swap one for the other
            unless the files are proved to be the same.

            ModelScope answers every refusal with 404, and libraries turn that into misleading words such as
            "Authentication token does not exist".
            """,
            """
            两个平台互相独立。Qwen 全系列两边都有，其他许多模型只在其中一个平台，
            有的在 ModelScope 上由其他机构发布：Meta 的 LLaMA 通常在 `LLM-Research` 名下。
            同名模型甚至可能属于不同的人，因此除非能证明文件一致，qtune 不会拿一个顶替另一个。

            ModelScope 的所有拒绝都是 404，各个库会把它变成令人误解的提示，
            例如 "Authentication token does not exist"。
            """,
        ),
        detect=prose(
            """
            The doctor asks for the model's files as the download would, and reads the code in ModelScope's
            answer, not only the status. The list of other owners is a small table of our own: a hint where
            to look.
            """,
            """
            诊断程序像下载时一样请求模型文件，并读取 ModelScope 响应中的错误码，而不只看状态码。
            “其他机构”来自我们自己维护的一张小表，仅作查找线索。
            """,
        ),
        mend=prose(
            """
            Use Hugging Face for this model:

            ```
            USE_MODELSCOPE=False
            ```

            or give the name that it has on ModelScope: `qtune doctor LLM-Research/NAME`. Check who
            publishes it before you trust it. For a private model of your own set `MODELSCOPE_API_TOKEN`.
            """,
            """
            对这个模型改用 Hugging Face：

            ```
            USE_MODELSCOPE=False
            ```

            或使用它在 ModelScope 上的名字：`qtune doctor LLM-Research/模型名`，
            使用前请确认发布者可信。如果是你自己的私有模型，请设置 `MODELSCOPE_API_TOKEN`。
            """,
        ),
        verify=prose(
            """
            Open `https://modelscope.cn/models/OWNER/NAME` in a browser, then:

            ```bash
            qtune doctor OWNER/NAME --only HUB221
            ```
            """,
            """
            在浏览器中打开 `https://modelscope.cn/models/OWNER/NAME`，然后运行：

            ```bash
            qtune doctor OWNER/NAME --only HUB221
            ```
            """,
        ),
        sources=(
            "https://github.com/hiyouga/LlamaFactory/issues/3058",
            "https://github.com/modelscope/modelscope/issues/568",
        ),
    ),
)
