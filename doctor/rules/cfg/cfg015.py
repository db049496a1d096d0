"""CFG015: the model's folder is missing or holds no model. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, PATHS, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG015",
    CAUSES["CFG015"].name,
    Severity.ERROR,
    Text("The model's folder is missing or holds no model", "模型文件夹不存在，或里面没有模型"),
    Page(
        what=prose(
            """
            `model:` names a local folder, but there is none, or there is no `config.json` in it.
            """,
            """
            `model:` 写的是本地文件夹，但文件夹不存在，或里面没有 `config.json`。
            """,
        ),
        why=prose(
            """
            A path that does not exist would be looked for on the hub, and end in a message about a repository
            that nobody has: "Can't load config", or a 401.
            """,
            """
            不存在的路径会被拿到平台上去找，最后报出一个莫名其妙的仓库错误：“Can't load config”，或 401。
            """,
        ),
        detect=DETECT,
        mend=joined(
            PATHS,
            prose(
                """
                Name the folder that holds `config.json`, the tokenizer and the weights themselves:

                ```bash
                ls models/qwen3-4b/config.json
                ```

                Or name the model on the hub: `model: Qwen/Qwen3-4B`.
                """,
                """
                请写直接包含 `config.json`、分词器和权重的那一层文件夹：

                ```bash
                ls models/qwen3-4b/config.json
                ```

                或写平台上的模型名：`model: Qwen/Qwen3-4B`。
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://github.com/vllm-project/vllm/issues/2329",),
    ),
)
