"""Why a row cannot be trained on: the kinds by which such rows are counted, and the error that says so."""

from __future__ import annotations

from qtune.core.text import Text

# The kinds of unusable rows, as they are counted in the report.
KINDS = {
    "not-json": Text("not a JSON object", "不是 JSON 对象"),
    "too-long": Text("line longer than 16 MiB", "一行超过 16 MiB"),
    "encoding": Text("not UTF-8", "不是 UTF-8"),
    "bad-table": Text("more cells than the table has columns", "单元格比表头的列数多"),
    "unknown-format": Text("in no known format", "格式无法识别"),
    "bad-message": Text("a message without role or text", "消息缺少角色或文本"),
    "bad-role": Text(
        "a role other than system, user, assistant, tool", "角色不是 system、user、assistant、tool"
    ),
    "media": Text("pictures, sound or video", "包含图片、音频或视频"),
    "no-answer": Text("no answer to learn", "没有可学的回答"),
    "empty-answer": Text("an empty answer", "回答是空的"),
    "empty-question": Text("an empty instruction", "instruction 是空的"),
    "empty-text": Text("an empty text", "文本是空的"),
    "unlearnt": Text(
        "an answer marked as not to be learnt, not in this version",
        "有标记为“不学习”的回答，当前版本不支持",
    ),
    "tools": Text("tools or tool calls that cannot be read", "工具定义或工具调用无法解析"),
    "bad-pair": Text("chosen and rejected do not fit together", "chosen 与 rejected 不匹配"),
    "same-answers": Text(
        "chosen and rejected are the same answer", "chosen 与 rejected 是同一个回答"
    ),
    "several-answers": Text(
        "an answer of several messages, not in this version", "回答由多条消息组成，当前版本不支持"
    ),
    "long-prompt": Text("a prompt that leaves no room in max_length", "提示词占满了 max_length"),
    "long-pair": Text(
        "longer than max_length, and what is cut cannot be judged",
        "超过 max_length，截断后无法评判",
    ),
    "bad-label": Text("a label that is neither true nor false", "标签不是 true 或 false"),
    # Rows that are fine, and for another method of training.
    "is-text": Text(
        "plain text, which is data for method: pt", "这是纯文本，对应的训练方法是 method: pt"
    ),
    "is-preference": Text(
        "two answers to compare, which is data for method: dpo or reward",
        "这是两个回答的对比，对应的训练方法是 method: dpo 或 reward",
    ),
    "is-judged": Text(
        "an answer with a label, which is data for method: kto",
        "这是带标签的回答，对应的训练方法是 method: kto",
    ),
    "is-answer": Text(
        "an answer with nothing to judge it by, which is data for method: sft",
        "这是没有对比也没有标签的回答，对应的训练方法是 method: sft",
    ),
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
