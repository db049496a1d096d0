"""TOK311: a setting keeps the token at home, and the model asks for one."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts, SourceFact
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.tok.held import counting, hubs, kept_back, state
from qtune.doctor.rules.tok.words import MASKED, VERIFY
from qtune.doctor.rules.words import amid, joined, prose

_KEY = "HF_HUB_DISABLE_IMPLICIT_TOKEN"


def _judge(facts: Facts) -> Iterable[Finding]:
    for source in hubs(facts):
        gate, token = state(source, facts), counting(source, facts)
        if token is None or not kept_back(source, facts):
            continue
        refused = gate in (AccessState.GATED_NO_TOKEN, AccessState.MISSING_OR_PRIVATE)
        if not refused and facts.goal.kind != "push":
            continue
        certain = gate is AccessState.GATED_NO_TOKEN or facts.goal.kind == "push"
        setting, held = facts.setting(_KEY), token.origin.describe()
        where = setting.origin.describe()
        yield Finding(
            "TOK311",
            Severity.ERROR if certain else Severity.INFO,
            Text(
                f"{_KEY} ({where.en}) keeps the token {token.masked} from {held.en} from being sent"
                + _wanted(source, facts, certain).en,
                f"{_KEY}（{where.zh}）禁止发送来自{amid(held)}的 Token {token.masked}"
                + _wanted(source, facts, certain).zh,
            ),
            because=None if certain else "GATE400",
            span=span_of(setting.origin, facts),
            fix=Fix(
                Text("Let the token be sent", "允许发送 Token"),
                Applicability.UNSAFE,
                patch=EnvPatch({_KEY: "False"}),
            ),
            source=source.name,
        )


def _wanted(source: SourceFact, facts: Facts, certain: bool) -> Text:
    model = facts.goal.model
    if facts.goal.kind == "push":
        return Text(", and an upload needs it", "，而上传需要它")
    if certain:
        return Text(f", and {model} asks for one", f"，而 {model} 要求提供 Token")
    return Text(f"; it may be that {model} is private", f"；{model} 可能是私有仓库")


RULE = Rule(
    code="TOK311",
    name="implicit-token-disabled",
    severity=Severity.ERROR,
    title=Text("A setting keeps the token from being sent", "有设置禁止发送 Token"),
    needs=("tokens", "gate"),
    judge=_judge,
    page=Page(
        what=prose(
            """
            `HF_HUB_DISABLE_IMPLICIT_TOKEN` is on: the token at hand is sent only by programs that ask for it
            expressly, and nothing here does. The model asks for a token, so the answer is 401.
            """,
            """
            `HF_HUB_DISABLE_IMPLICIT_TOKEN` 已开启：只有明确要求时才会发送现有的 Token，而这里没有程序这样做。
            该模型要求 Token，因此得到 401。
            """,
        ),
        why=prose(
            """
            The switch is useful with a mirror, which must not get your token. Left on, it makes every gated and
            private model look as if the token were wrong. Logging in again does not help.
            """,
            """
            这个开关配合镜像使用很有意义：镜像不应拿到你的 Token。但如果一直开着，
            所有门控和私有模型都会表现得像 Token 有误，重新登录也没有用。
            """,
        ),
        detect=joined(
            prose(
                """
                The switch is read like every setting, and it is a finding only where the hub refused for want
                of a token that is at hand, or where something is to be uploaded. For an address that may not
                have your token at all the switch is right, and nothing is said of it.
                """,
                """
                这个开关与其他设置一样读取。只有在平台因缺少 Token 而拒绝、而本机确有 Token 时，
                或者要上传时，才会报告。对于本来就不该收到 Token 的地址，开启它是正确的，因此不作报告。
                """,
            ),
            MASKED,
        ),
        mend=prose(
            """
            ```
            HF_HUB_DISABLE_IMPLICIT_TOKEN=False
            ```

            or remove the line. If you keep it because of a mirror, download gated models from the official hub:
            remove `HF_ENDPOINT` too.
            """,
            """
            ```
            HF_HUB_DISABLE_IMPLICIT_TOKEN=False
            ```

            或删除这一行。如果是为了镜像才开启它，门控模型请从官方站点下载：同时删除 `HF_ENDPOINT`。
            """,
        ),
        verify=VERIFY,
        sources=(
            "https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables",
        ),
    ),
)
