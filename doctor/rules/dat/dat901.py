"""DAT901: rows that are JSON, but no conversation that can be trained on."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.data.conversation import KINDS
from qtune.core.text import Text
from qtune.doctor.facts import BadRow, Facts
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dat.unusable import findings
from qtune.doctor.rules.dat.words import DETECT, LEFT_OUT, VERIFY
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import joined, prose

_OTHERS = ("not-json", "too-long", "encoding")  # DAT900 and DAT903 speak of these
_SHAREGPT = manual(
    "This is ShareGPT's form: rename conversations to messages, from to role (human is user, gpt is assistant), "
    "value to content",
    "这是 ShareGPT 格式：请把 conversations 改为 messages，from 改为 role（human 即 user，gpt 即 assistant），"
    "value 改为 content",
)
# What the keys of a row give away, first match first.
_FORMS: tuple[tuple[str, Fix], ...] = (
    ("conversations", _SHAREGPT),
    (
        "completion",
        manual(
            "Rename prompt to instruction and completion to output",
            "请把 prompt 改为 instruction，completion 改为 output",
        ),
    ),
    (
        "chosen",
        manual(
            "This is data for preferences (DPO), which this version does not train",
            "这是偏好数据（DPO），当前版本还不支持",
        ),
    ),
    (
        "text",
        manual(
            "This is plain text, for pretraining; this version trains on questions and answers",
            "这是预训练用的纯文本；当前版本只用问答数据训练",
        ),
    ),
)
_FORM = manual(
    'Write {"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}]}, '
    'or {"instruction": …, "output": …}',
    '请写成 {"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}]}，'
    '或 {"instruction": …, "output": …}',
)


def _judge(facts: Facts) -> Iterable[Finding]:
    kinds = tuple(kind for kind in KINDS if kind not in _OTHERS)
    return findings("DAT901", kinds, facts, _mend)


def _mend(row: BadRow) -> Fix | None:
    if row.kind == "unknown-format":
        named = row.detail.removeprefix("keys ").split(", ")
        return next((fix for key, fix in _FORMS if key in named), _FORM)
    if row.kind == "bad-role":
        if any(f"'{name}'" in row.detail for name in ("human", "gpt")):
            return _SHAREGPT
        return manual(
            "Roles are system (first, if at all), user and assistant",
            "角色只有 system（如有，必须在最前）、user 和 assistant",
        )
    if row.kind in ("no-answer", "empty-answer", "empty-question"):
        return manual("Fill it in, or delete the row", "请补上内容，或删除这一条")
    if row.kind == "tools":
        return manual("Leave such rows out", "请去掉这样的数据")
    return manual("Every message has a role and a text", "每条消息都要有角色和文本")


_CONVERT = """
```bash
python - data.jsonl > train.jsonl <<'EOF'
import json, sys
roles = {"human": "user", "gpt": "assistant", "system": "system"}
for line in open(sys.argv[1], encoding="utf-8"):
    turns = json.loads(line)["conversations"]
    row = {"messages": [{"role": roles[t["from"]], "content": t["value"]} for t in turns]}
    print(json.dumps(row, ensure_ascii=False))
EOF
```
"""

RULE = Rule(
    "DAT901",
    "dataset-schema",
    Severity.ERROR,
    Text("Rows are not in a form that can be trained on", "数据的格式无法用于训练"),
    Page(
        what=prose(
            """
            A row is neither a conversation nor an instruction with its output, or something in it is missing:
            an answer, a role, a text. Each row stands for itself; both forms may be mixed:

            ```json
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
            {"instruction": "q", "input": "", "output": "a"}
            ```

            The roles are `system` (first, if at all), `user` and `assistant`; a thinking model's thoughts may
            stand in `reasoning_content` of an answer. `system` and `history` go with an instruction.
            """,
            """
            某条数据既不是对话，也不是带答案的指令，或缺少内容：回答、角色或文本。每条数据独立判断，两种格式可以混用：

            ```json
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
            {"instruction": "q", "input": "", "output": "a"}
            ```

            角色为 `system`（如有，必须在最前）、`user` 和 `assistant`；思考模型的思考过程可以写在回答的
            `reasoning_content` 里。指令格式还可以带 `system` 和 `history`。
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
        mend=joined(
            prose(
                """
                The finding names the line and what is wrong with it. From ShareGPT's form
                (`conversations` with `from` and `value`):
                """,
                "检查结果会给出行号和具体问题。从 ShareGPT 格式（`conversations` 里是 `from` 和 `value`）转换：",
            ),
            prose(_CONVERT, _CONVERT),
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
