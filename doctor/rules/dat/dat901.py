"""DAT901: rows that are JSON, but in no form that can be trained on."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.data.unusable import KINDS
from qtune.core.text import Text
from qtune.doctor.facts import BadRow, Facts
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dat.unusable import findings
from qtune.doctor.rules.dat.words import DETECT, LEFT_OUT, VERIFY
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import joined, prose

# DAT900, DAT903 and DAT906 speak of these; the last five only a tokenizer can tell.
_OTHERS = (
    "not-json", "too-long", "bad-table", "encoding",
    "is-text", "is-preference", "is-judged", "is-answer",
    "control-token", "template", "several-answers", "long-prompt", "long-pair",
)  # fmt: skip
_FORM = manual(
    'Write {"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}]}, '
    'or {"instruction": …, "output": …}',
    '请写成 {"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}]}，'
    '或 {"instruction": …, "output": …}',
)
_MENDS = {
    "unknown-format": _FORM,
    "bad-role": manual(
        "Roles are system (first, if at all), user, assistant and tool",
        "角色只有 system（如有，必须在最前）、user、assistant 和 tool",
    ),
    "tools": manual(
        "tools is a list of functions with a name; the arguments of a call are an object",
        "tools 是带 name 的函数列表，调用的 arguments 是一个对象",
    ),
    "media": manual(
        "Leave such rows out: qtune trains on text", "请去掉这样的数据：qtune 只训练文本"
    ),
    "unlearnt": manual(
        "End the conversation before such an answer, or leave the row out",
        "请在这样的回答之前结束对话，或去掉这一条",
    ),
    "bad-pair": manual(
        "Write prompt, chosen and rejected, the latter two each an answer to the prompt",
        "请写 prompt、chosen 和 rejected，后两者都是对 prompt 的回答",
    ),
    "same-answers": manual(
        "Leave the row out: there is nothing to prefer", "请去掉这一条：没有可比的差别"
    ),
    "bad-label": manual("Write label: true or false", "请写 label: true 或 false"),
    **dict.fromkeys(
        ("no-answer", "empty-answer", "empty-question", "empty-text"),
        manual("Fill it in, or delete the row", "请补上内容，或删除这一条"),
    ),
}


def _judge(facts: Facts) -> Iterable[Finding]:
    kinds = tuple(kind for kind in KINDS if kind not in _OTHERS)
    return findings("DAT901", kinds, facts, _mend)


def _mend(row: BadRow) -> Fix | None:
    if row.kind == "bad-role" and any(f"'{name}'" in row.detail for name in ("human", "gpt")):
        return manual(
            "In messages human is called user, and gpt assistant",
            "在 messages 中 human 应写 user，gpt 应写 assistant",
        )
    return _MENDS.get(
        row.kind, manual("Every message has a role and a text", "每条消息都要有角色和文本")
    )


RULE = Rule(
    "DAT901",
    "dataset-schema",
    Severity.ERROR,
    Text("Rows are not in a form that can be trained on", "数据的格式无法用于训练"),
    Page(
        what=prose(
            """
            A row is in no form that qtune knows, or something in it is missing: an answer, a role, a text.
            Each row stands for itself; forms may be mixed:

            ```json
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
            {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}
            {"instruction": "q", "input": "", "output": "a"}
            {"prompt": "q", "completion": "a"}
            {"text": "words to read on"}
            {"prompt": "q", "chosen": "a", "rejected": "b"}
            {"prompt": "q", "completion": "a", "label": true}
            ```

            The roles are `system` (first, if at all), `user`, `assistant` and `tool`; a thinking model's
            thoughts may stand in `reasoning_content` of an answer. Pictures and sound are not learnt.
            """,
            """
            某条数据不是 qtune 认识的格式，或缺少内容：回答、角色或文本。每条数据独立判断，格式可以混用：

            ```json
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
            {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}
            {"instruction": "q", "input": "", "output": "a"}
            {"prompt": "q", "completion": "a"}
            {"text": "words to read on"}
            {"prompt": "q", "chosen": "a", "rejected": "b"}
            {"prompt": "q", "completion": "a", "label": true}
            ```

            角色为 `system`（如有，必须在最前）、`user`、`assistant` 和 `tool`；思考模型的思考过程可以写在回答的
            `reasoning_content` 里。图片和音频不参与训练。
            """,
        ),
        why=joined(
            prose(
                """
                A row without an answer teaches nothing, and an empty answer teaches the model to say nothing.
                """,
                "没有回答的数据学不到东西，空回答则会教模型什么也不说。",
            ),
            LEFT_OUT,
        ),
        detect=DETECT,
        mend=prose(
            """
            The finding names the line and what is wrong with it. How the rows of a file are read, and how the
            model will see them, is shown by

            ```bash
            qtune data data/train.jsonl
            ```
            """,
            """
            检查结果会给出行号和具体问题。想看某个文件会被怎样读取、模型会看到什么：

            ```bash
            qtune data data/train.jsonl
            ```
            """,
        ),
        verify=VERIFY,
        sources=(
            "https://huggingface.co/docs/trl/dataset_formats",
            "https://github.com/tatsu-lab/stanford_alpaca#data-release",
        ),
    ),
    needs=("dataset",),
    goals=TRAINING,
    judge=_judge,
)
