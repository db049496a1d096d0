"""SRC001: a variable is set after the library that reads it was imported, so that nobody reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qtune.core.text import Text
from qtune.doctor.facts import CodeImport, CodeVariable, Facts, SourceCode, Spot, known
from qtune.doctor.finding import Applicability, Finding, Fix, Related, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.src.words import READ_ONLY, edit, span
from qtune.doctor.rules.words import joined, prose

# Read once, when huggingface_hub.constants is imported. HF_TOKEN is read at each call, and the proxies and
# SSL_CERT_FILE when the first connection is made.
HUGGING_FACE = frozenset(
    (
        "HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_XET_CACHE", "HF_TOKEN_PATH",
        "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT",
        "HF_HUB_DISABLE_XET", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_DISABLE_SYMLINKS",
    )
)  # fmt: skip
DATASETS = frozenset(("HF_DATASETS_CACHE", "HF_DATASETS_OFFLINE"))
# ModelScope reads its address, token and cache at each call; these tunables once.
MODELSCOPE = frozenset(
    (
        "MODELSCOPE_DOWNLOAD_TIMEOUT", "MODELSCOPE_DOWNLOAD_TOTAL_TIMEOUT", "MODELSCOPE_DOWNLOAD_MAX_RETRIES",
        "MODELSCOPE_DOWNLOAD_MIN_BYTES_PER_SECOND", "MODELSCOPE_API_TIMEOUT",
    )
)  # fmt: skip

# Importing these, or anything from them, imports what reads the variables. huggingface_hub itself loads its
# parts when they are asked for: `import huggingface_hub` alone reads nothing.
_READ_BY: Mapping[str, frozenset[str]] = {
    "transformers": HUGGING_FACE,
    "datasets": HUGGING_FACE | DATASETS,
    "peft": HUGGING_FACE,
    "diffusers": HUGGING_FACE,
    "sentence_transformers": HUGGING_FACE,
    "trl": HUGGING_FACE,
    "modelscope": MODELSCOPE,
    "modelscope_hub": MODELSCOPE,
}
_READS = frozenset(("os.getenv", "os.environ.get", "os.environ.__getitem__"))


def reads(found: CodeImport) -> frozenset[str]:
    """The variables that are read for good by this import."""
    package = found.module.partition(".")[0]
    if package == "huggingface_hub":
        return HUGGING_FACE if found.name or found.module != package else frozenset()
    return _READ_BY.get(package, frozenset())


def _judge(facts: Facts) -> Iterable[Finding]:
    source = known(facts.source_code)
    if source is None or source.starts_programs or source.reloads:
        return
    told: set[str] = set()
    before: set[str] = set()  # what had a value in time: another one later may be meant for others
    for variable in source.variables:
        first = _import_before(variable, source)
        if first is None:
            before.add(variable.key)
        elif variable.key not in before | told and not _read_later(variable, source):
            told.add(variable.key)
            yield _finding(source, variable, first)


def _read_later(variable: CodeVariable, source: SourceCode) -> bool:
    """Does the code itself ask for it, to hand it on?"""
    return any(
        call.function in _READS
        and call.spot.line > variable.spot.line
        and (key := call.argument(0, "key")) is not None
        and key.value.text == variable.key
        for call in source.calls
    )


def _import_before(variable: CodeVariable, source: SourceCode) -> CodeImport | None:
    place = (variable.spot.line, variable.spot.column)
    return next(
        (
            found
            for found in source.imports
            if found.surely
            and (found.statement.end_line, found.statement.end_column) <= place
            and variable.key in reads(found)
        ),
        None,
    )


def _finding(source: SourceCode, variable: CodeVariable, first: CodeImport) -> Finding:
    package = first.module.partition(".")[0]
    reader = {
        "datasets": "datasets",
        "modelscope": "ModelScope",
        "modelscope_hub": "ModelScope",
    }.get(package if variable.key in DATASETS | MODELSCOPE else "", "huggingface_hub")
    where = _where(source, first.statement.line, variable.spot.line)
    return Finding(
        "SRC001",
        Severity.WARNING,
        Text(
            f"{variable.key} is set too late to be read: {reader} reads it once, when it is imported, and "
            f"{package} in {where.en} has imported it",
            f"{variable.key} 设置得太晚，不会生效：{reader} 只在导入时读取一次，而{where.zh}的 {package} 已经导入了它",
        ),
        span=span(source, variable.spot),
        fix=_fix(source, variable, first),
        related=(
            Related(
                span(source, first.statement),
                Text("this import has read it", "这里的导入已经读取过它"),
            ),
        ),
    )


def _where(source: SourceCode, line: int, other: int) -> Text:
    if not source.cells and source.path.lower().endswith(".ipynb"):
        return Text(
            "the code above", "上方代码中"
        )  # the client counts through its cells as nobody sees
    if not source.cells:
        return Text(f"line {line}", f"第 {line} 行")
    cell = _cell(source, line)
    inside = line - source.cells[cell] + 1
    if cell == _cell(source, other):
        return Text(f"line {inside} of this cell", f"本单元格第 {inside} 行")
    return Text(f"code cell {cell + 1}", f"第 {cell + 1} 个代码单元格")


def _cell(source: SourceCode, line: int) -> int:
    return sum(1 for first in source.cells if first <= line) - 1 if source.cells else 0


def _fix(source: SourceCode, variable: CodeVariable, first: CodeImport) -> Fix:
    os_import = next(
        (i for i in source.imports if (i.module, i.name) == ("os", "") and i.surely), None
    )
    title = Text(
        f"Move the line above the import of {first.module.partition('.')[0]}",
        f"把这一行移到导入 {first.module.partition('.')[0]} 之前",
    )
    one_cell = _cell(source, first.statement.line) == _cell(source, variable.spot.line)
    movable = variable.movable and variable.os_name == "os" and os_import is not None and one_cell
    if not movable or first.statement.column != 1 or not _whole(variable.value.text):
        return Fix(title, Applicability.MANUAL)
    assert os_import is not None
    start, whole = first.statement.line, variable.statement
    late = (os_import.statement.line, os_import.statement.column) >= (start, first.statement.column)
    line = f'os.environ["{variable.key}"] = "{variable.value.text}"\n'
    above = Spot(start, 1, start, 1)
    gone = Spot(whole.line, 1, whole.end_line, whole.end_column)
    return Fix(
        title,
        Applicability.SAFE,
        edits=(
            edit(source, above, f"import os\n\n{line}\n" if late else line),
            edit(source, gone, ""),
        ),
    )


def _whole(text: str) -> bool:
    """Is it what stands in the code, and neither masked nor cut off?"""
    return text.isprintable() and len(text) < 200 and not set(text) & {'"', "\\", "…"}


RULE = Rule(
    code="SRC001",
    name="setting-after-import",
    severity=Severity.WARNING,
    title=Text(
        "A variable is set after the import that reads it", "环境变量在读取它的库导入之后才设置"
    ),
    judge=_judge,
    page=Page(
        what=prose(
            """
            The code sets a variable such as `HF_ENDPOINT` or `HF_HOME` with `os.environ` below the line that
            imports the library which reads it: in a notebook, in a later cell.
            """,
            """
            代码用 `os.environ` 设置 `HF_ENDPOINT`、`HF_HOME` 等变量，但这一行位于读取它的库的导入语句之后
            （在 notebook 中：位于之后的单元格）。
            """,
        ),
        why=prose(
            """
            huggingface_hub reads these variables once, while it is being imported, and keeps what it found. A
            mirror that is set afterwards is never asked, a cache directory is never used, and no message says
            so. `transformers`, `datasets`, `peft`, `diffusers`, `trl` and `sentence_transformers` all import it.
            """,
            """
            huggingface_hub 只在被导入时读取这些变量一次，之后一直使用当时的值。之后才设置的镜像不会被访问，
            缓存目录也不会被使用，而且没有任何提示。`transformers`、`datasets`、`peft`、`diffusers`、`trl` 和
            `sentence_transformers` 都会导入它。
            """,
        ),
        detect=joined(
            prose(
                """
                Judged are the variables that were seen to be read at import: `HF_ENDPOINT`, `HF_HOME`,
                `HF_HUB_CACHE`, `HF_XET_CACHE`, `HF_TOKEN_PATH`, `HF_HUB_OFFLINE`, `HF_HUB_DISABLE_XET`, the
                timeouts, `HF_DATASETS_CACHE` and a few more. `HF_TOKEN`, the proxies and ModelScope's address,
                token and cache are read later, and may be set at any time. `import huggingface_hub` alone reads
                nothing yet; `from huggingface_hub import …` does.

                Nothing is said where the import may not have run (inside a function, under a condition), where
                the same variable was set in time as well, where a module is reloaded, where the code asks for the
                variable itself further down, and where it starts other programs, which do read it.
                """,
                """
                只判断经实测确认在导入时读取的变量：`HF_ENDPOINT`、`HF_HOME`、`HF_HUB_CACHE`、`HF_XET_CACHE`、
                `HF_TOKEN_PATH`、`HF_HUB_OFFLINE`、`HF_HUB_DISABLE_XET`、超时设置、`HF_DATASETS_CACHE` 等。
                `HF_TOKEN`、代理以及 ModelScope 的地址、Token 和缓存在之后才读取，可随时设置。单独的
                `import huggingface_hub` 还不会读取；`from huggingface_hub import …` 会。

                以下情况不报告：导入不一定执行过（在函数内或条件下）；同一变量之前已及时设置；模块会被重新加载；
                代码在后面自己读取该变量；代码会启动其他程序（它们会读取该变量）。
                """,
            ),
            READ_ONLY,
        ),
        mend=prose(
            """
            Set the variable above the first of these imports (in a notebook, in the first cell, and restart the
            kernel):

            ```python
            import os

            os.environ["HF_ENDPOINT"] = "https://hf-mirror.com"

            from transformers import AutoModel
            ```

            Or leave it out of the code, put it into `.env`, and start the script with it:

            ```bash
            qtune exec -- python train.py
            ```
            """,
            """
            在第一条相关导入语句之前设置（notebook 中写在第一个单元格，并重启内核）：

            ```python
            import os

            os.environ["HF_ENDPOINT"] = "https://hf-mirror.com"

            from transformers import AutoModel
            ```

            也可以不写进代码，而是写入 `.env`，再这样启动脚本：

            ```bash
            qtune exec -- python train.py
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune check train.py
            ```

            In the program itself, `huggingface_hub.constants.ENDPOINT` shows what counts.
            """,
            """
            ```bash
            qtune check train.py
            ```

            在程序中，`huggingface_hub.constants.ENDPOINT` 显示实际生效的值。
            """,
        ),
        sources=(
            "https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables",
        ),
    ),
)
