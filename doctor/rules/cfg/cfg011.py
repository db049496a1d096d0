"""CFG011: a key=value on the command line does not fit. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG011",
    CAUSES["CFG011"].name,
    Severity.ERROR,
    Text("A key=value on the command line does not fit", "命令行上的 key=value 无法应用"),
    Page(
        what=prose(
            """
            Behind the run config, `qtune run` takes overrides of the form `key=value`. One of them has no
            `=`, is not valid YAML behind it, or goes into something that is no table.
            """,
            """
            `qtune run` 在配置文件之后可以跟 `key=value` 形式的覆盖项。其中有一个没有 `=`、等号后不是合法的
            YAML，或指向了一个不是键值表的地方。
            """,
        ),
        why=prose(
            """
            The run would not be what you asked for.
            """,
            """
            否则训练就不是你所要求的那样。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Write the path to the key with dots, without spaces around `=`, and quote what the shell would
            touch:

            ```bash
            qtune run sft.yaml training.learning_rate=5e-5 max_length=1024
            qtune run sft.yaml 'lora.target_modules=[q_proj, v_proj]'
            ```
            """,
            """
            用点号写出键的路径，`=` 两边不留空格，会被 shell 解释的内容加上引号：

            ```bash
            qtune run sft.yaml training.learning_rate=5e-5 max_length=1024
            qtune run sft.yaml 'lora.target_modules=[q_proj, v_proj]'
            ```
            """,
        ),
        verify=VERIFY,
    ),
)
