"""ModelScope's envelope: `Code` and `Message` say what a status of 404 does not."""

from __future__ import annotations

import re
from typing import Any

from qtune.core.errors import HubError, NotFound
from qtune.core.http import Reply
from qtune.core.hub.answers import REDIRECTS, decoded, is_html, nonsense, portal, unavailable, words
from qtune.core.hub.interface import AccessState
from qtune.core.hub.names import in_api
from qtune.core.hub.refusals import Asked, refusal
from qtune.core.sources import MODELSCOPE_OWNERS, Source
from qtune.core.text import Text

NOT_FOUND, NO_ACCESS, NO_REVISION = 10010205001, 10010200001, 10990101004
# The code that datasets have for NOT_FOUND is not known to us; these are the server's words for it.
_NO_DATASET = re.compile(r"数据集不存在|dataset (does )?not (exist|found)", re.IGNORECASE)
_MISSING = re.compile(
    r"record not found|not exist|file not found|no such|不存在|找不到", re.IGNORECASE
)


def opened(reply: Reply, asked: Asked) -> dict[str, Any]:
    if reply.status != 200:
        raise refused(reply, asked)
    envelope = decoded(reply, asked.source)
    if not isinstance(envelope, dict):
        raise nonsense(asked.source, "no envelope", "响应缺少外层结构")
    if envelope.get("Code") != 200 or envelope.get("Success") is False:
        raise refused(reply, asked)
    return envelope


def refused(reply: Reply, asked: Asked) -> HubError:
    error = unavailable(reply, asked.source)
    if error is not None:
        return error
    if is_html(reply.headers, reply.body) or reply.status in REDIRECTS:
        return portal(asked.source, reply.url)
    said, gone = words(reply), _says_not_found(reply)
    state = state_of(reply, asked.sent_token)
    if state is AccessState.UNCLEAR and gone:
        # "Error 1461 … max_prepared_stmt_count": the database is overloaded, the model may well be there.
        return HubError(
            "HUB200",
            Text(
                f"{asked.source.title} has a fault of its own: {said}",
                f"{asked.source.title} 自身出错：{said}",
            ),
            Text("Try again later, or use another source.", "请稍后再试，或换一个下载源。"),
            source=asked.source.name,
            status=503,
        )
    if state is AccessState.MISSING_OR_PRIVATE and gone:
        return absent(asked, reply.status, said)
    return refusal(state, asked, reply.status, said)


def state_of(reply: Reply, sent_token: bool) -> AccessState:
    code, said = _code(reply), words(reply)
    missing = any(pattern.search(said) for pattern in (_MISSING, _NO_DATASET))
    if reply.status == 429:
        return AccessState.RATE_LIMITED
    if reply.status == 401 and sent_token:
        return AccessState.BAD_TOKEN
    if _says_not_found(reply):
        return AccessState.MISSING_OR_PRIVATE if missing else AccessState.UNCLEAR
    if code == NO_ACCESS or reply.status in (401, 403):
        return AccessState.MISSING_OR_PRIVATE
    if code == NO_REVISION or (reply.status == 404 and missing):
        return AccessState.NO_REVISION
    return AccessState.UNCLEAR


def _says_not_found(reply: Reply) -> bool:
    return _code(reply) == NOT_FOUND or _NO_DATASET.search(words(reply)) is not None


def absent(asked: Asked, status: int, said: str) -> NotFound:
    repo, kind = asked.repo_id, asked.kind
    owner, _, name = repo.partition("/")
    # The table says where an owner's models are; their datasets were not looked for.
    other = MODELSCOPE_OWNERS.get(owner) if asked.repo_type == "model" else None
    tail = Text(f": {said}", f"：{said}") if said else Text("", "")
    return NotFound(
        "HUB221",
        Text(
            f"ModelScope has no {kind.en} {repo}{tail.en}",
            f"ModelScope 上没有{kind.zh} {repo}{tail.zh}",
        ),
        Text(
            f"Look for it there as {other}/{name}, or set USE_MODELSCOPE=False.",
            f"可在 ModelScope 上查找 {other}/{name}，或设置 USE_MODELSCOPE=False。",
        )
        if other
        else Text(
            "Check the spelling, or set USE_MODELSCOPE=False to use Hugging Face.",
            "请核对拼写，或设置 USE_MODELSCOPE=False 改用 Hugging Face。",
        ),
        source=asked.source.name,
        status=status,
    )


def nothing_listed(asked: Asked, branch: str) -> NotFound:
    page = f"{asked.source.endpoint}/{in_api(asked.repo_id, asked.repo_type)}/files"
    name, kind = asked.source.title, asked.kind
    return NotFound(
        "GATE408",
        Text(
            f"{name} lists not one file for the {kind.en} {asked.repo_id} at {branch}",
            f"{name} 未列出{kind.zh} {asked.repo_id} 在 {branch} 下的任何文件",
        ),
        Text(f"See {page}", f"见 {page}"),
        source=asked.source.name,
        status=200,
    )


def _code(reply: Reply) -> int:
    try:
        code = decoded(reply, Source("modelscope", reply.url)).get("Code")
    except (HubError, AttributeError):
        return 0
    return code if isinstance(code, int) else 0
