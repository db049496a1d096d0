"""TRN050: a folder or a dataset repository has no file to train on. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN050",
    "no-data-file",
    Severity.ERROR,
    Text("There is no data file to train on", "没有可用于训练的数据文件"),
    Page(
        what=prose(
            """
            `data:` names a folder or a dataset repository, and none of the files in it is meant: no JSON, JSONL,
            CSV, TSV or Parquet file at all, none of the split that was asked for (`train`, unless `split:` says
            otherwise), or no subset of that name.
            """,
            """
            `data:` 写的是文件夹或数据集仓库，但里面没有符合要求的文件：没有 JSON、JSONL、CSV、TSV 或 Parquet
            文件，没有所要求的划分（默认 `train`，可用 `split:` 指定），或没有这个名字的子集。
            """,
        ),
        why=prose(
            """
            Which files belong to a split is told by the words in their names (`train`, `validation`, `test` and
            their like); a repository's card may say so itself, under `configs:`. A dataset script is never run.
            """,
            """
            文件属于哪个划分，由名称中的单词决定（`train`、`validation`、`test` 等）；仓库的 README 也可以在
            `configs:` 里写明。qtune 从不运行数据集脚本。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            The message names what there is. Ask for that:

            ```yaml
            data:
              - repo: owner/name
                subset: en
                split: train_sft
            ```

            What only a script of the repository can make has often been converted on Hugging Face: add
            `hub: hf` and `revision: refs/convert/parquet`.
            """,
            """
            提示中列出了现有的划分和子集，请从中选择：

            ```yaml
            data:
              - repo: owner/name
                subset: en
                split: train_sft
            ```

            只能由仓库脚本生成的数据，Hugging Face 上往往有转换好的版本：加上 `hub: hf` 和
            `revision: refs/convert/parquet`。
            """,
        ),
        verify=VERIFY,
    ),
)
