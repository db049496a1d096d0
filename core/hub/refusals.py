"""A hub's "no", classified by what it says, and turned into the error that a person can act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qtune.core.credentials import Credential
from qtune.core.errors import HubError, NotFound, Refused
from qtune.core.hub.answers import host_of
from qtune.core.hub.interface import AccessState, RepoType
from qtune.core.hub.names import on_hugging_face
from qtune.core.sources import Source
from qtune.core.text import Text
from qtune.core.trust import fits_a_header


@dataclass(frozen=True)
class Asked:
    """The request that was refused. `token` is the one at hand, sent or not."""

    source: Source
    repo_id: str
    token: Credential | None
    sent_token: bool
    what: str = ""  # the revision or file, where one was named
    repo_type: RepoType = "model"

    @property
    def kind(self) -> Text:
        return _KINDS[self.repo_type]

    @property
    def page(self) -> str:
        return f"{self.source.endpoint}/{on_hugging_face(self.repo_id, self.repo_type)}"


_KINDS: Mapping[RepoType, Text] = {
    "model": Text("model", "模型"),
    "dataset": Text("dataset", "数据集"),
}
_OTHERS: Mapping[RepoType, Text] = {
    "model": Text("another model, such as Qwen/Qwen3-4B", "其他模型，例如 Qwen/Qwen3-4B"),
    "dataset": Text("another dataset", "其他数据集"),
}


def classify(status: int, code: str, message: str, sent_token: bool) -> AccessState:
    """What Hugging Face means, from the status, X-Error-Code and its own words; never a guess."""
    said = message.lower()
    if status == 429:
        return AccessState.RATE_LIMITED
    if status == 451 or "not available in your region" in said:
        return AccessState.REGION
    if "access to this resource is disabled" in said:
        return AccessState.DISABLED
    if sent_token and status == 401:
        # The hub knows a valid token's owner, and then answers 403 or 404.
        known = "invalid" in said or code == "GatedRepo"
        return AccessState.BAD_TOKEN if known else AccessState.UNCLEAR
    if code in ("RevisionNotFound", "EntryNotFound"):
        return AccessState.NO_REVISION
    if code == "GatedRepo" or status == 403:
        return _gate(status, code, said)
    if code == "RepoNotFound" or status in (401, 404):
        return AccessState.MISSING_OR_PRIVATE
    return AccessState.UNCLEAR


def _gate(status: int, code: str, said: str) -> AccessState:
    if "fine-grained" in said or "public gated" in said:
        return AccessState.TOKEN_CANNOT_SEE_GATED
    if "rejected" in said:
        return AccessState.REJECTED
    if "awaiting a review" in said:
        return AccessState.PENDING
    if code == "GatedRepo" and status == 401:
        return AccessState.GATED_NO_TOKEN
    if code == "GatedRepo" or "authorized list" in said:
        return AccessState.NOT_ACCEPTED
    return AccessState.UNCLEAR


def refusal(
    state: AccessState, asked: Asked, status: int, message: str, retry_after: float | None = None
) -> HubError:
    """The error for a state: its code, what happened with names, and what to do next."""
    name, repo = asked.source.title, asked.repo_id
    page, kind, other = asked.page, asked.kind, _OTHERS[asked.repo_type]
    said = Text(f": {message}" if message else "", f"：{message}" if message else "")
    token = _token(asked)
    code, happened, fix = {
        AccessState.GATED_NO_TOKEN: (
            "GATE401",
            Text(
                f"{name}: the {kind.en} {repo} is gated, and no token was sent{token.en}",
                f"{name}：{repo} 是门控{kind.zh}，而请求没有带 Token{token.zh}",
            ),
            Text(
                f"Accept the licence at {page}, then put a token of that account into .env: HF_TOKEN=hf_…",
                f"请在 {page} 同意许可协议，再把同一账号的 Token 写入 .env：HF_TOKEN=hf_…",
            ),
        ),
        AccessState.NOT_ACCEPTED: (
            "GATE402",
            Text(
                f"{name}: the account of this token has no access to the {kind.en} {repo}{token.en}",
                f"{name}：该 Token 的账号尚未获得{kind.zh} {repo} 的访问权限{token.zh}",
            ),
            Text(
                f"Accept the licence at {page} with the token's account.",
                f"请用该 Token 所属账号在 {page} 同意许可协议。",
            ),
        ),
        AccessState.PENDING: (
            "GATE403",
            Text(
                f"{name}: the request for access to the {kind.en} {repo} is still awaiting a review"
                f"{token.en}",
                f"{name}：{kind.zh} {repo} 的访问申请仍在等待审核{token.zh}",
            ),
            Text(
                f"Wait for the authors, or use {other.en}.",
                f"请等待作者审核，或改用{other.zh}。",
            ),
        ),
        AccessState.REJECTED: (
            "GATE404",
            Text(
                f"{name}: the authors rejected the request for access to the {kind.en} {repo}"
                f"{token.en}",
                f"{name}：{kind.zh} {repo} 的访问申请已被作者拒绝{token.zh}",
            ),
            Text(f"Use {other.en}.", f"请改用{other.zh}。"),
        ),
        AccessState.TOKEN_CANNOT_SEE_GATED: (
            "GATE405",
            Text(
                f"{name}: this fine-grained token may not read gated repositories, the {kind.en} "
                f"{repo} is one{token.en}",
                f"{name}：这个细粒度 Token 无权读取门控仓库，而{kind.zh} {repo} 正是门控仓库{token.zh}",
            ),
            Text(
                "In the token's settings enable “Read access to contents of all public gated repos "
                f"you can access”: {asked.source.endpoint}/settings/tokens",
                "请在 Token 设置中勾选“Read access to contents of all public gated repos you can "
                f"access”：{asked.source.endpoint}/settings/tokens",
            ),
        ),
        AccessState.MISSING_OR_PRIVATE: (
            "GATE400",
            Text(
                f"{name}: the {kind.en} {repo} is missing or private; the hub does not say which"
                f"{token.en}",
                f"{name}：{kind.zh} {repo} 不存在，或是私有的（平台不会说明是哪一种）{token.zh}",
            ),
            Text(
                f"Check the spelling at {page}; for a private {kind.en} use a token that may read it.",
                f"请在 {page} 核对拼写；如果{kind.zh}是私有的，请使用有读取权限的 Token。",
            ),
        ),
        AccessState.BAD_TOKEN: (
            "TOK303" if asked.source.kind != "modelscope" else "TOK312",
            Text(
                f"{name} refuses the token{token.en}: it is invalid, expired or revoked",
                f"{name} 不接受该 Token{token.zh}：无效、已过期或已撤销",
            ),
            Text(
                f"Replace that token; for a public {kind.en} it is enough to remove it.",
                f"请更换该 Token；如果下载的是公开{kind.zh}，直接删除它即可。",
            ),
        ),
        AccessState.DISABLED: (
            "GATE407",
            Text(f"{name} has disabled the {kind.en} {repo}", f"{name} 已停用{kind.zh} {repo}"),
            Text(f"Use another {kind.en}.", f"请改用其他{kind.zh}。"),
        ),
        AccessState.REGION: (
            "GATE406",
            Text(
                f"{name} does not offer the {kind.en} {repo} in this region",
                f"{name} 不在当前地区提供{kind.zh} {repo}",
            ),
            Text(
                f"No token changes that. Use another {kind.en}.",
                f"换 Token 也没有用，请改用其他{kind.zh}。",
            ),
        ),
        AccessState.NO_REVISION: (
            "GATE408",
            Text(
                f"{name}: the {kind.en} {repo} has no {asked.what or 'such revision or file'}",
                f"{name}：{kind.zh} {repo} 中没有 {asked.what or '该版本或文件'}",
            ),
            Text(
                f"See which branches and files there are: {page}/tree/main",
                f"请在 {page}/tree/main 查看有哪些分支和文件。",
            ),
        ),
        AccessState.RATE_LIMITED: (
            "HUB208",
            Text(f"{name}: too many requests (429)", f"{name}：请求过多（429）"),
            Text(
                "Try again later. With a token the limits are higher.",
                "请稍后再试。设置 Token 后限额更高。",
            ),
        ),
    }.get(
        state,
        (
            "HUB200",
            Text(
                f"{name} ({host_of(asked.source.endpoint)}) refused the {kind.en} {repo} "
                f"with status {status}{token.en}",
                f"{name}（{host_of(asked.source.endpoint)}）拒绝了{kind.zh} {repo}，"
                f"状态码 {status}{token.zh}",
            ),
            Text("Run `qtune doctor` to look closer.", "运行 `qtune doctor` 进一步检查。"),
        ),
    )
    refused = NotFound if code in ("GATE400", "GATE408") else Refused
    return refused(
        code,
        Text(happened.en + said.en, happened.zh + said.zh),
        fix,
        source=asked.source.name,
        status=status,
        retry_after=retry_after,
    )


def _token(asked: Asked) -> Text:
    """Which token this is about, and where it stands."""
    if asked.token is None:
        return Text("", "")
    where = asked.token.origin.describe()
    if asked.sent_token:
        return Text(f" (the token is from {where.en})", f"（Token 来源：{where.zh}）")
    if not fits_a_header(asked.token.secret.reveal()):
        return Text(
            f" (the one from {where.en} holds characters that no token has)",
            f"（现有 Token 含有不该出现的字符，未发送，其来源：{where.zh}）",
        )
    host = host_of(asked.source.endpoint)
    return Text(
        f" (the one from {where.en} may not go to {host}: see QTUNE_TRUSTED_HOSTS)",
        f"（现有 Token 不能发往 {host}，其来源：{where.zh}；见 QTUNE_TRUSTED_HOSTS）",
    )
