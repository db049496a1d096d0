"""One row of a data file as a conversation, whatever its format; recognised row by row."""

from __future__ import annotations

from collections.abc import Mapping

from qtune.core.data.values import Message
from qtune.core.text import Text

ROLES = ("system", "user", "assistant")


# The kinds of unusable rows, as they are counted in the report.
KINDS = {
    "not-json": Text("not a JSON object", "不是 JSON 对象"),
    "too-long": Text("line longer than 16 MiB", "一行超过 16 MiB"),
    "encoding": Text("not UTF-8", "不是 UTF-8"),
    "unknown-format": Text("neither messages nor alpaca", "既不是 messages 也不是 alpaca 格式"),
    "bad-message": Text("a message without role or text", "消息缺少角色或文本"),
    "bad-role": Text(
        "a role other than system, user, assistant", "角色不是 system、user、assistant"
    ),
    "no-answer": Text("no answer to learn", "没有可学的回答"),
    "empty-answer": Text("an empty answer", "回答是空的"),
    "empty-question": Text("an empty instruction", "instruction 是空的"),
    "tools": Text("tool calls, not in this version", "包含工具调用，当前版本不支持"),
    "control-token": Text("contains the model's own control tokens", "文本里含有模型的控制词元"),
    "template": Text("refused by the model's chat template", "模型的对话模板不接受"),
}


class Unusable(Exception):
    """A row that cannot be trained on; `kind` is a key of KINDS, `column` the place in its line."""

    def __init__(self, kind: str, detail: str = "", column: int = 1) -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.detail = detail
        self.column = column

    def text(self) -> Text:
        return told(self.kind, self.detail)


def told(kind: str, detail: str = "") -> Text:
    """Why a row cannot be used, in words."""
    what = KINDS[kind]
    return Text(f"{what.en}: {detail}", f"{what.zh}：{detail}") if detail else what


def conversation(row: object, wanted: str = "auto") -> tuple[Message, ...]:
    """`wanted` is auto, messages or alpaca. Raises Unusable."""
    if not isinstance(row, Mapping):
        raise Unusable("not-json", type(row).__name__)
    if row.get("tools") or row.get("functions"):
        raise Unusable("tools")
    if "messages" in row and wanted != "alpaca":
        messages = _messages(row["messages"])
    elif "instruction" in row and wanted != "messages":
        messages = _alpaca(row)
    else:
        keys = ", ".join(str(key) for key in list(row)[:6]) or "{}"
        raise Unusable("unknown-format", f"keys {keys}"[:120])
    answers = [message for message in messages if message.role == "assistant"]
    if not answers:
        raise Unusable("no-answer")
    if not all(answer.content.strip() for answer in answers):
        raise Unusable("empty-answer")
    for message in messages:
        _encodable(message.content + message.reasoning)
    return messages


def _messages(value: object) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise Unusable("bad-message", "messages is not a list" if value else "messages is empty")
    read = []
    for index, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise Unusable("bad-message", f"message {index + 1} is not an object")
        role = item.get("role")
        if item.get("tool_calls") or item.get("function_call") or role in ("tool", "function"):
            raise Unusable("tools")
        if role not in ROLES:
            raise Unusable("bad-role", f"message {index + 1}: {role!r}"[:80])
        if role == "system" and index:
            raise Unusable("bad-role", f"message {index + 1}: system must come first")
        reasoning = item.get("reasoning_content") or ""
        if not isinstance(reasoning, str):
            raise Unusable("bad-message", f"message {index + 1}: reasoning_content is not text")
        read.append(Message(str(role), _content(item.get("content"), index), reasoning))
    return tuple(read)


def _content(value: object, index: int) -> str:
    """Text, or a list of parts of type text, as the OpenAI format has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [
            part["text"]
            for part in value
            if isinstance(part, Mapping)
            and part.get("type") == "text"
            and isinstance(part.get("text"), str)
        ]
        if parts and len(parts) == len(value):
            return "".join(parts)
    raise Unusable("bad-message", f"message {index + 1}: content is not text")


def _alpaca(row: Mapping[str, object]) -> tuple[Message, ...]:
    messages = []
    system = _string(row, "system")
    if system:
        messages.append(Message("system", system))
    history = row.get("history") or []
    if not isinstance(history, list):
        raise Unusable("bad-message", "history is not a list")
    for pair in history:
        if not (
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(t, str) for t in pair)
        ):
            raise Unusable("bad-message", "history is not a list of [question, answer]")
        messages += [Message("user", pair[0]), Message("assistant", pair[1])]
    question = "\n".join(
        part for part in (_string(row, "instruction"), _string(row, "input")) if part
    )
    if not question.strip():
        raise Unusable("empty-question")
    if "output" not in row:
        raise Unusable("no-answer", "output is missing")
    return (*messages, Message("user", question), Message("assistant", _string(row, "output")))


def _string(row: Mapping[str, object], key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unusable("bad-message", f"{key} is not text")
    return value


def _encodable(text: str) -> None:
    """JSON can write half a surrogate pair, which no tokenizer takes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Unusable("encoding", "half a surrogate pair") from None
