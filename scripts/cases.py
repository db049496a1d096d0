"""`docs/rules/cases.md`: the threads of users who were stuck, each with the test in which the doctor finds its cause.

Read from the names `test_case_NN_…` in tests/, without importing a test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from qtune.core.text import Lang, Text
from scripts.proofs import proofs

ROOT = Path(__file__).parents[1]

_DOWNLOAD = Text("downloading", "下载")
_TRAIN = Text("training", "训练")
_STACK = Text("packages", "依赖包")

# number -> (a thread it is told in, where it belongs beside the doctor)
THREADS: dict[int, tuple[str, Text | None]] = {
    1: ("huggingface/huggingface_hub#4637", None),
    2: ("huggingface/huggingface_hub#4475", None),
    3: ("huggingface/xet-core#470", None),
    4: ("huggingface/xet-core#898", _DOWNLOAD),
    5: ("huggingface/huggingface_hub#2871", None),
    6: ("huggingface/diffusers#9209", None),
    7: ("hiyouga/LlamaFactory#3058", None),
    8: ("hiyouga/LlamaFactory#5065", _DOWNLOAD),
    9: ("hiyouga/LlamaFactory#5825", _DOWNLOAD),
    10: ("modelscope/modelscope#1317", _DOWNLOAD),
    11: ("vllm-project/vllm#2329", None),
    12: ("unslothai/unsloth#3680", _DOWNLOAD),
    13: ("WalkingMeatAxolotl/AnimaLoraStudio#190", None),
    14: ("huggingface/huggingface_hub#1271", None),
    15: ("huggingface/huggingface_hub#3312", None),
    16: ("vllm-project/vllm#3719", None),
    17: ("huggingface/huggingface_hub#2586", None),
    18: ("ariG23498/gemma3-object-detection#5", None),
    19: ("Stability-AI/generative-models#215", None),
    20: ("anyscale/templates#288", None),
    21: ("openai/openai-python#961", None),
    22: ("wanshuiyin/Auto-claude…#114", None),
    23: ("unslothai/unsloth#3553", None),
    24: ("pytorch/pytorch#30528", None),
    25: ("pytorch/pytorch#149845", None),
    26: ("pytorch/pytorch#122494", _STACK),
    27: ("Dao-AILab/flash-attention#1019", _STACK),
    28: ("bitsandbytes-foundation/bitsandbytes#1056", _STACK),
    29: ("hiyouga/LlamaFactory#10766", _STACK),
    30: ("snicolast/ComfyUI-IndexTTS2#21", _STACK),
    31: ("hiyouga/LlamaFactory#8553", _TRAIN),
    32: ("hiyouga/LlamaFactory#9392", _TRAIN),
    33: ("modelscope/ms-swift#4939", _TRAIN),
    34: ("huggingface/transformers#37949", _TRAIN),
    35: ("huggingface/trl#1623", _TRAIN),
    36: ("axolotl-ai-cloud/axolotl#2277", _TRAIN),
    37: ("hiyouga/LlamaFactory#5497", None),
    38: ("hiyouga/LlamaFactory#5957", None),
    39: ("modelscope/ms-swift#5690", None),
    40: ("huggingface/huggingface_hub#2051", None),
    41: ("modelscope/ms-swift#7153", _TRAIN),
    42: ("hiyouga/LlamaFactory#7943", _TRAIN),
    43: ("huggingface/huggingface_hub#4219", None),
    44: ("axolotl-ai-cloud/axolotl#432", _TRAIN),
    45: ("huggingface/huggingface_hub#3180", _DOWNLOAD),
}


def tests(root: Path = ROOT) -> dict[int, list[tuple[str, str]]]:
    """number -> (path, name) of its tests."""
    found: dict[int, list[tuple[str, str]]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "def test_case_" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (
                match := re.match(r"test_case_(\d\d)_", node.name)
            ):
                place = (path.relative_to(root).as_posix(), node.name)
                found.setdefault(int(match[1]), []).append(place)
    return found


def files() -> Iterator[tuple[str, str]]:
    yield "docs/rules/cases.md", table("en")
    yield "docs/rules/cases.zh.md", table("zh")


def table(lang: Lang) -> str:
    title = Text("Threads, and what the doctor finds", "真实案例与检查结果").to(lang)
    lead = Text(
        "Users were stuck there, and somebody found out why. Each case is played by a test: the doctor finds "
        "the same cause. A case that cannot be decided before the work begins names where it belongs.",
        "这些讨论里有用户遇到困难，也有人查明了原因。每个案例都由测试重现：doctor 能找到同样的原因。"
        "在开始之前无法判断的案例，注明它属于哪个环节。",
    ).to(lang)
    head = Text("| | Thread | Code | Test |", "| | 讨论 | 代码 | 测试 |").to(lang)
    lines = [f"# {title}", "", "<!-- made by scripts/cases.py -->", "", lead, "", head]
    lines.append("|---|---|---|---|")
    played, marked = tests(), proofs()
    for number, (thread, elsewhere) in THREADS.items():
        places = played.get(number, [])
        names = {name for _, name in places}
        codes = sorted({p.code for p in marked if p.kind == "triggers" and p.test in names})
        suffix = ".zh.md" if lang == "zh" else ".md"
        shown = ", ".join(f"[{code}]({code}{suffix})" for code in codes)
        links = "<br>".join(_link(path, name) for path, name in places)
        repo, _, issue = thread.partition("#")
        url = thread if "…" in thread else f"[{thread}](https://github.com/{repo}/issues/{issue})"
        lines.append(f"| {number} | {url} | {shown} | {links or _belongs(elsewhere, lang)} |")
    return "\n".join(lines) + "\n"


def _link(path: str, name: str) -> str:
    words = re.sub(r"^test_case_\d\d_", "", name).replace("_", " ")
    return f"[{words}](../../{path})"


def _belongs(elsewhere: Text | None, lang: Lang) -> str:
    if elsewhere is None:
        return Text("not played yet", "尚未重现").to(lang)
    return Text(f"belongs to {elsewhere.en}", f"属于{elsewhere.zh}环节").to(lang)
