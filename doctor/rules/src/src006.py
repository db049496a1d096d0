"""SRC006: a downloaded file is unpickled, which runs whatever its author put into it."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import CodeCall, Facts, SourceCode, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.src.words import READ_ONLY, edit, span
from qtune.doctor.rules.words import joined, prose

_DOWNLOADS = frozenset(
    (
        "snapshot_download", "hf_hub_download", "model_file_download", "cached_file", "urlretrieve",
        "dataset_snapshot_download", "cached_download", "download_url_to_file",
    )
)  # fmt: skip
_PICKLES = frozenset(
    f"{module}.{name}"
    for module in ("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib")
    for name in ("load", "Unpickler")
)


def _judge(facts: Facts) -> Iterable[Finding]:
    source = known(facts.source_code)
    for call in source.calls if source is not None else ():
        assert source is not None
        if call.function == "torch.load":
            weights_only = call.keyword("weights_only")
            if weights_only is None or weights_only.value.kind != "false":
                continue
        elif call.function not in _PICKLES:
            continue
        origin = _origin(call)
        if origin:
            yield _finding(source, call, origin)


def _origin(call: CodeCall) -> str:
    """The function that downloaded what is loaded."""
    argument = call.argument(0, "f", "file", "filename")
    made = argument.value.made_by if argument is not None else ()
    names = (name.rpartition(".")[2] for name in made)
    return next((name for name in names if name in _DOWNLOADS), "")


def _finding(source: SourceCode, call: CodeCall, origin: str) -> Finding:
    weights_only = call.keyword("weights_only")
    if weights_only is not None and weights_only.value.literal == weights_only.value.spot:
        spot = weights_only.whole
        fix = Fix(
            Text("Write weights_only=True", "改为 weights_only=True"),
            Applicability.UNSAFE,
            edits=(edit(source, weights_only.value.spot, "True"),),
        )
    else:
        spot = call.spot
        fix = Fix(
            Text(
                "Take the repository's safetensors file, or torch.load with weights_only=True",
                "改用仓库里的 safetensors 文件，或以 weights_only=True 调用 torch.load",
            ),
            Applicability.MANUAL,
        )
    return Finding(
        "SRC006",
        Severity.WARNING,
        Text(
            f"{call.function} runs code that is hidden in what {origin} downloaded",
            f"{call.function} 会运行 {origin} 所下载文件中暗藏的代码",
        ),
        span=span(source, spot),
        fix=fix,
    )


RULE = Rule(
    code="SRC006",
    name="unsafe-load",
    severity=Severity.WARNING,
    title=Text("A downloaded file is unpickled", "对下载的文件做反序列化（pickle）"),
    judge=_judge,
    page=Page(
        what=prose(
            """
            `torch.load(…, weights_only=False)`, `pickle.load` or `joblib.load` is given a file that the same
            code downloaded from a hub.
            """,
            """
            把同一段代码从平台下载的文件交给了 `torch.load(…, weights_only=False)`、`pickle.load` 或
            `joblib.load`。
            """,
        ),
        why=prose(
            """
            A pickle is a program. Loading one runs whatever its author, or whoever took over the account, wrote
            into it, with your rights. Weights need no program: safetensors holds numbers alone.
            """,
            """
            pickle 就是一段程序。加载它会以你的权限运行作者（或接管账号的人）写进去的任何代码。
            权重不需要程序：safetensors 里只有数字。
            """,
        ),
        detect=joined(
            prose(
                """
                What is loaded must come, by names and paths in the same file, from `hf_hub_download`,
                `snapshot_download`, `model_file_download` or their like. `torch.load` without `weights_only` is
                not judged: from torch 2.6 on that means `True`. A file of your own in a repository of your own is
                no danger, and cannot be told from others.
                """,
                """
                被加载的文件必须能在同一文件中，沿名称和路径追溯到 `hf_hub_download`、`snapshot_download`、
                `model_file_download` 等函数。没有 `weights_only` 的 `torch.load` 不作判断：自 torch 2.6 起默认为
                `True`。自己仓库里自己的文件并无危险，但无法与其他情况区分。
                """,
            ),
            READ_ONLY,
        ),
        mend=prose(
            """
            ```python
            from safetensors.torch import load_file

            weights = load_file(hf_hub_download(name, "model.safetensors"))
            ```

            Where there is no such file: `torch.load(path, weights_only=True)`.
            """,
            """
            ```python
            from safetensors.torch import load_file

            weights = load_file(hf_hub_download(name, "model.safetensors"))
            ```

            如果没有这样的文件：`torch.load(path, weights_only=True)`。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune check load.py
            ```
            """,
            """
            应不再报告：

            ```bash
            qtune check load.py
            ```
            """,
        ),
        sources=(
            "https://huggingface.co/docs/hub/security-pickle",
            "https://docs.pytorch.org/docs/stable/generated/torch.load.html",
        ),
    ),
)
