"""TRN010: the model cannot be loaded. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN010",
    "model-unloadable",
    Severity.ERROR,
    Text("The model cannot be loaded", "模型无法加载"),
    Page(
        what=prose(
            """
            The model's files are there, but transformers cannot load them: incomplete, not safetensors, or an
            architecture that the installed version does not know.
            """,
            """
            模型文件在，但 transformers 无法加载：文件不完整、不是 safetensors，或已安装的版本不认识这种结构。
            """,
        ),
        why=prose(
            """
            Typical words of the library:

            ```
            KeyError: 'qwen3'
            does not recognize this architecture
            SafetensorError: Error while deserializing header: HeaderTooLarge
            ```

            The first two mean an old transformers, the last one a truncated file.
            """,
            """
            库的典型报错：

            ```
            KeyError: 'qwen3'
            does not recognize this architecture
            SafetensorError: Error while deserializing header: HeaderTooLarge
            ```

            前两条说明 transformers 太旧，最后一条说明文件被截断。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                pip install --upgrade transformers
                qtune download Qwen/Qwen3-4B
                ```

                The second checks every file and fetches what is wrong or missing. Weights that exist as
                `.bin` only are refused: a pickle can run code.
                """,
                """
                ```bash
                pip install --upgrade transformers
                qtune download Qwen/Qwen3-4B
                ```

                后者会检查每个文件，重新下载损坏或缺失的部分。只有 `.bin` 格式的权重会被拒绝：pickle 可能执行
                代码。
                """,
            ),
        ),
        verify=VERIFY,
        sources=(
            "https://github.com/hiyouga/LlamaFactory/issues/8139",
            "https://github.com/QwenLM/Qwen3/issues/30",
        ),
    ),
)
