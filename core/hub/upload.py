"""Files to a hub: the right to write is checked before a byte is sent, and what is there already is not sent again.

Written over httpx like our reading of the hubs, not over their SDKs: those give no deadline to the
requests that create a repository or commit, hang on a silent host, and send the token to whatever address
an upload is pointed to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import httpx

from qtune.core.credentials import HubName, credential, credentials
from qtune.core.errors import Refused, UsageError
from qtune.core.http import open_client
from qtune.core.hub.interface import Identity, RepoFile
from qtune.core.hub.names import check_repo_id
from qtune.core.hub.parcel import Parcel
from qtune.core.progress import SILENT, Progress
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.text import Text

TASK = "push"
PAGES: Mapping[HubName, str] = {
    "huggingface": "https://huggingface.co/settings/tokens",
    "modelscope": "https://modelscope.cn/my/myaccesstoken",
}
_ENDPOINTS: Mapping[HubName, str] = {
    "huggingface": "HF_ENDPOINT",
    "modelscope": "MODELSCOPE_ENDPOINT",
}


@dataclass(frozen=True)
class Wish:
    """`private` counts when the repository is made; `revision` "": the hub's own default branch."""

    repo_id: str
    private: bool = False
    revision: str = ""
    message: str = "Upload with qtune"


@dataclass(frozen=True)
class Pushed:
    """`url` is the page. `commit` "": all was there already. `sent` and `kept` are numbers of files."""

    url: str
    commit: str
    created: bool
    sent: int
    kept: int


class Publisher(Protocol):
    """One hub, as something that takes files."""

    def identity(self) -> Identity | None:
        """Whose token would be sent; None when no token may go to this hub."""

    def check(self, wish: Wish, who: Identity) -> None:
        """Raises Refused TOK308 unless this token may write there; sends no file."""

    def prepare(self, wish: Wish) -> bool:
        """Make repository and branch if they are missing; whether the repository was made."""

    def listing(self, wish: Wish) -> Mapping[str, RepoFile]:
        """What is there, by its path."""

    def store(self, wish: Wish, parcels: Sequence[Parcel], progress: Progress) -> str:
        """Send them and make one commit of it; the commit."""

    def page(self, wish: Wish) -> str: ...


def push(
    hub: HubName,
    wish: Wish,
    parcels: Sequence[Parcel],
    settings: Settings,
    progress: Progress = SILENT,
) -> Pushed:
    """All files in one commit. Raises Refused TOK308 before anything is sent by a token that may not
    write, and HUB226 for what the hub does not take."""
    check_owned(wish.repo_id)
    with open_client(settings) as client:
        publisher = open_publisher(hub, settings, client)
        publisher.check(wish, identified(hub, publisher, settings))
        created = publisher.prepare(wish)
        there = publisher.listing(wish)
        missing = [parcel for parcel in parcels if not parcel.is_there(there.get(parcel.path))]
        kept = len(parcels) - len(missing)
        commit = ""
        if missing:
            progress.start(TASK, sum(parcel.size for parcel in missing))
            try:
                commit = publisher.store(wish, missing, progress)
            finally:
                progress.finish(TASK)
        return Pushed(publisher.page(wish), commit, created, len(missing), kept)


def check_owned(repo_id: str) -> None:
    """Raises UsageError HUB224 for what is not owner/name."""
    check_repo_id(repo_id)
    if "/" not in repo_id:
        raise UsageError(
            "HUB224",
            Text(f"{repo_id!r} names no owner", f"{repo_id!r} 缺少所有者"),
            Text("Write it as owner/name.", "请写成 owner/name 的形式。"),
        )


def open_publisher(hub: HubName, settings: Settings, client: httpx.Client) -> Publisher:
    from qtune.core.hub.huggingface_upload import HuggingFaceUpload
    from qtune.core.hub.modelscope_upload import ModelScopeUpload

    source = Source(hub, settings.text(_ENDPOINTS[hub]).rstrip("/"))
    token = credential(hub, settings)
    if hub == "huggingface":
        return HuggingFaceUpload(source, settings, client, token)
    return ModelScopeUpload(source, settings, client, token)


def identified(hub: HubName, publisher: Publisher, settings: Settings) -> Identity:
    """Raises Refused TOK308 without a token, HUB204 where it may not go, TOK303 or TOK312 for a bad one."""
    token = credential(hub, settings)
    if token is None:
        raise may_not_write(hub, _no_token(hub, settings))
    where = token.origin.describe()
    who = publisher.identity()
    if who is None:
        key = _ENDPOINTS[hub]
        raise Refused(
            "HUB204",
            Text(
                f"the token ({where.en}) was not sent: {key} is {settings.text(key)}, "
                "not the hub's own host",
                f"Token（{where.zh}）未发送：{key} 为 {settings.text(key)}，不是平台的官方主机",
            ),
            Text(
                "If it is your own hub, name it in QTUNE_TRUSTED_HOSTS in your environment.",
                "如果是你自己的 hub，请在环境变量 QTUNE_TRUSTED_HOSTS 中列出它。",
            ),
            source=hub,
        )
    if not who.valid:
        raise Refused(
            "TOK303" if hub == "huggingface" else "TOK312",
            Text(
                f"the hub does not accept the token from {where.en}: {who.message}",
                f"平台不接受该 Token（来源：{where.zh}）：{who.message}",
            ),
            Text(f"Make a new one at {PAGES[hub]}.", f"请在 {PAGES[hub]} 重新创建。"),
            source=hub,
        )
    return who


def _no_token(hub: HubName, settings: Settings) -> Text:
    if credentials(hub, settings):
        key = "HF_HUB_DISABLE_IMPLICIT_TOKEN"
        where = settings.origin(key).describe()
        return Text(
            f"{key} ({where.en}) keeps the token back, and nobody uploads without one",
            f"{key}（{where.zh}）禁止发送 Token，无法上传",
        )
    return Text("there is no token, and nobody uploads without one", "没有 Token，无法上传")


def may_not_write(hub: HubName, why: Text) -> Refused:
    page = PAGES[hub]
    if hub == "huggingface":
        fix = Text(
            f"Make a token of the type “Write” at {page}, or a fine-grained one with “Write access to "
            "contents/settings of selected repos”; keep it with: qtune login",
            f"请在 {page} 创建 “Write” 类型的 Token，或为细粒度 Token 勾选 “Write access to "
            "contents/settings of selected repos”，再用 qtune login 保存。",
        )
    else:
        fix = Text(
            f"Make a token that may write at {page}; keep it with: qtune login modelscope",
            f"请在 {page} 创建有写权限的 Token，再用 qtune login modelscope 保存。",
        )
    return Refused("TOK308", why, fix, source=hub)


def foreign(hub: HubName, wish: Wish, who: Identity) -> Refused:
    """The owner named is neither the account nor one of its organisations."""
    owner = wish.repo_id.partition("/")[0]
    others = ", ".join((who.name, *who.orgs))
    return may_not_write(
        hub,
        Text(
            f"{wish.repo_id}: the token belongs to {who.name}, who may not write under {owner} "
            f"(but under {others})",
            f"{wish.repo_id}：该 Token 属于 {who.name}，无权写入 {owner}（可写：{others}）",
        ),
    )
