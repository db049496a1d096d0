"""HUB204: the hub's address is somebody else's host while a token is at hand that libraries would send there."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.hub.interface import AccessState
from qtune.core.origin import Level
from qtune.core.text import Text
from qtune.doctor.facts import Facts, SourceFact, TokenFact, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.hub.endpoints import host_of, trusted_too_weakly
from qtune.doctor.rules.net.roads import ENDPOINT_KEYS
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import amid, prose

_LIBRARY = {"huggingface": "huggingface_hub", "modelscope": "modelscope"}
_TOKEN = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}
_REFUSED = (
    AccessState.GATED_NO_TOKEN,
    AccessState.NOT_ACCEPTED,
    AccessState.MISSING_OR_PRIVATE,
)


def judge(facts: Facts) -> Iterable[Finding]:
    """Whichever hub serves the goal, the leak is there: so these findings belong to no hub."""
    for source in facts.sources:
        if source.kind not in ENDPOINT_KEYS or source.official:
            continue
        tokens = known(facts.tokens.get(source.name))
        if tokens is None or not tokens.found or tokens.may_go or tokens.disabled:
            continue
        yield _finding(facts, source, tokens.found[0])


def _finding(facts: Facts, source: SourceFact, token: TokenFact) -> Finding:
    endpoint = facts.setting(ENDPOINT_KEYS[source.kind])
    where, held = endpoint.origin.describe(), token.origin.describe()
    library, host = _LIBRARY[source.kind], host_of(source)
    lines = [
        Text(
            f"qtune itself sends no token to {host}",
            f"qtune 自己不会向 {host} 发送任何 Token",
        )
    ]
    if source.endpoint.startswith("http://"):
        lines.append(Text("and over plain http, at that", "而且用的是明文 http"))
    if trusted_too_weakly(facts, source, token):
        trust = facts.setting("QTUNE_TRUSTED_HOSTS").origin.describe()
        lines.append(
            Text(
                f"QTUNE_TRUSTED_HOSTS names {host}, but from {trust.en}, which is trusted less than "
                f"{held.en}, where the token is",
                f"QTUNE_TRUSTED_HOSTS 中有 {host}，但它来自{amid(trust)}，"
                f"可信度低于 Token 所在的{amid(held).rstrip()}",
            )
        )
    return Finding(
        "HUB204",
        Severity.ERROR,
        Text(
            f"{endpoint.key} ({where.en}) is {host}, and {library} would hand it your token "
            f"{token.masked} (from {held.en})",
            f"{endpoint.key}（{where.zh}）指向 {host}，而 {library} 会把你的 Token {token.masked}"
            f"（来自{amid(held).rstrip()}）发给它",
        ),
        tuple(lines),
        span=span_of(endpoint.origin, facts),
        fix=_fix(facts, source, token),
    )


def _fix(facts: Facts, source: SourceFact, token: TokenFact) -> Fix:
    key, host = ENDPOINT_KEYS[source.kind], host_of(source)
    if trusted_too_weakly(facts, source, token):
        held = token.origin.describe()
        return manual(
            f"If {host} is your own, trust it where the token is ({held.en}), not in the project's .env",
            f"如果 {host} 是你自己的主机，请在 Token 所在之处（{held.zh}）信任它，而不是在项目的 .env 中",
            command=f"export QTUNE_TRUSTED_HOSTS={host}"
            if token.origin.level >= Level.ENVIRON
            else "",
        )
    gate = known(facts.gate.get(source.name))
    anonymous = gate is not None and gate.ok and not gate.access.sent_token
    if source.kind == "huggingface" and anonymous and facts.goal.kind != "push":
        # The files were read without a token just now, so nothing is lost by never sending it.
        return Fix(
            Text(
                f"{facts.goal.model} needs no token there: keep it from being sent unasked (if {host} is "
                "your own, name it in QTUNE_TRUSTED_HOSTS instead)",
                f"{facts.goal.model} 在那里无需 Token：禁止自动发送（如果 {host} 是你自己的主机，"
                "则改为写入 QTUNE_TRUSTED_HOSTS）",
            ),
            Applicability.SAFE,
            patch=EnvPatch({"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}),
        )
    if gate is not None and gate.access.state in _REFUSED:
        return Fix(
            Text(
                f"{facts.goal.model} wants a token: go to the official hub, remove {key} (if {host} is your "
                "own, name it in QTUNE_TRUSTED_HOSTS instead)",
                f"{facts.goal.model} 需要 Token：请删除 {key}，直接访问官方站点（如果 {host} 是你自己的主机，"
                "则改为写入 QTUNE_TRUSTED_HOSTS）",
            ),
            Applicability.UNSAFE,
            patch=EnvPatch({}, frozenset({key})),
        )
    return manual(
        f"Remove {key}, or take {_TOKEN[source.kind]} away; if {host} is your own, name it in "
        "QTUNE_TRUSTED_HOSTS",
        f"删除 {key}，或去掉 {_TOKEN[source.kind]}；如果 {host} 是你自己的主机，请写入 QTUNE_TRUSTED_HOSTS",
    )


RULE = Rule(
    code="HUB204",
    name="mirror-token-leak",
    severity=Severity.ERROR,
    title=Text("A foreign host would receive your token", "你的 Token 会被发往第三方主机"),
    needs=("tokens",),
    judge=judge,
    page=Page(
        what=prose(
            """
            `HF_ENDPOINT` (or `MODELSCOPE_ENDPOINT`) names a host that is not the hub's own and that you
            have not called trusted, while a token is set. `huggingface_hub` and `modelscope` send the
            token with every request to whatever host their endpoint names, plain http included.
            """,
            """
            `HF_ENDPOINT`（或 `MODELSCOPE_ENDPOINT`）指向的既不是官方主机，也不是你声明信任的主机，
            同时又设置了 Token。`huggingface_hub` 和 `modelscope` 会把 Token
            随每个请求发给端点指定的任何主机，明文 http 也不例外。
            """,
        ),
        why=prose(
            """
            Whoever runs that host can read the token and use it: read your private and gated models,
            and with a write token change them. A mirror may be honest; its logs, and whoever takes over
            its domain one day, need not be.

            qtune itself never sends it there. But your own scripts, and every tool that reads the same
            environment, do.
            """,
            """
            运营那台主机的人可以读到并使用你的 Token：读取你的私有模型和门控模型，
            如果是写权限 Token，还能修改它们。镜像站也许可信，但它的日志、
            以及将来接手该域名的人未必可信。

            qtune 自己绝不会这样发送。但你自己的脚本，以及读取同一环境变量的其他工具都会。
            """,
        ),
        detect=prose(
            """
            The address is compared with the official hosts (`huggingface.co`, `hf.co`, `modelscope.cn`,
            `modelscope.ai`) and with `QTUNE_TRUSTED_HOSTS`. Nothing is sent to find out. That
            `huggingface_hub` 2.4.0 sends the token to such a host was seen on a local server, for the
            model's entry and for its files.

            A host counts as trusted only if it is named where the token is, or in a more trusted place
            (command line > environment > your config file > a project's `.env`). So a cloned project
            cannot name a host and have your token sent there.
            """,
            """
            把地址与官方主机（`huggingface.co`、`hf.co`、`modelscope.cn`、`modelscope.ai`）
            以及 `QTUNE_TRUSTED_HOSTS` 比对，不需要发送任何请求。
            用本地服务器实测过：`huggingface_hub` 2.4.0 在请求模型条目和文件时，
            都会把 Token 发给这样的主机。

            只有在 Token 所在之处、或更可信的地方（命令行 > 环境变量 > 用户配置文件 > 项目的 `.env`）
            声明的主机才算可信。因此克隆来的项目无法自行指定主机来骗取你的 Token。
            """,
        ),
        mend=prose(
            """
            - The model is open (all of Qwen): the mirror needs no token.

            ```
            HF_HUB_DISABLE_IMPLICIT_TOKEN=1
            ```

            With it the library sends no token unasked. A script that passes `token=os.getenv("HF_TOKEN")`
            itself still sends it: take the token out of that environment.
            - The model is gated (LLaMA): get it from the official hub. Remove `HF_ENDPOINT`, or name the
              mirror in `QTUNE_MIRRORS`, where qtune uses it anonymously and only as a stand-in.
            - The host is your own (a company's hub, a test on this machine):

            ```bash
            export QTUNE_TRUSTED_HOSTS=hub.example.com
            ```

            - If a token has already gone to a host that you do not trust, revoke it:
              https://huggingface.co/settings/tokens.

            `qtune exec -- CMD` and `qtune env --export` give other programs no token for such a host.
            """,
            """
            - 模型是公开的（Qwen 全系列）：使用镜像无需 Token。

            ```
            HF_HUB_DISABLE_IMPLICIT_TOKEN=1
            ```

            设置后库不会自动发送 Token。但如果脚本自己写了 `token=os.getenv("HF_TOKEN")`，
            仍然会发送：请把 Token 从该环境中移除。
            - 模型是门控的（LLaMA）：请从官方站点下载。删除 `HF_ENDPOINT`，
              或把镜像写到 `QTUNE_MIRRORS`，qtune 只会匿名使用它，且仅作后备。
            - 主机是你自己的（公司的 hub、本机测试）：

            ```bash
            export QTUNE_TRUSTED_HOSTS=hub.example.com
            ```

            - 如果 Token 已经发给了不可信的主机，请立即撤销：
              https://huggingface.co/settings/tokens 。

            `qtune exec -- 命令` 和 `qtune env --export` 在这种情况下不会把 Token 交给其他程序。
            """,
        ),
        verify=prose(
            """
            `qtune env` shows the endpoint and the token with the place that each comes from:

            ```bash
            qtune env
            qtune doctor --only HUB204
            ```
            """,
            """
            `qtune env` 会显示端点和 Token 各自的来源：

            ```bash
            qtune env
            qtune doctor --only HUB204
            ```
            """,
        ),
        sources=("https://huggingface.co/docs/hub/security-tokens",),
    ),
)
