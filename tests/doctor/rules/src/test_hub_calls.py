"""SRC002 to SRC006: what hubs are asked for, and what is done with what they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qtune.doctor.finding import Applicability, Severity
from tests.doctor.documents.coding import codes, marked, mended, only, python

MS = "from modelscope import snapshot_download\n"


@pytest.mark.triggers("SRC002")
@pytest.mark.parametrize(
    ("code", "id", "after"),
    [
        (MS + 'snapshot_download("{}")\n', "meta-llama/Llama-3.2-1B", "LLM-Research/Llama-3.2-1B"),
        (
            "import modelscope as ms\nms.AutoModel.from_pretrained(pretrained_model_name_or_path='{}')\n",
            "meta-llama/Llama-3.1-8B-Instruct",
            "LLM-Research/Meta-Llama-3.1-8B-Instruct",
        ),
        (
            'import transformers as tf\ntf.pipeline("text-generation", "{}")\n',
            "LLM-Research/Meta-Llama-3-8B",
            "meta-llama/Meta-Llama-3-8B",
        ),
        (
            'from trl import SFTTrainer\nSFTTrainer(model="{}")\n',
            "LLM-Research/Llama-3.2-3B",
            "meta-llama/Llama-3.2-3B",
        ),
        (
            'from huggingface_hub import HfApi\napi = HfApi()\napi.hf_hub_download("{}", "config.json")\n',
            "LLM-Research/Llama-3.3-70B-Instruct",
            "meta-llama/Llama-3.3-70B-Instruct",
        ),
        (
            'from modelscope.hub.file_download import model_file_download as get\nget(model_id="{}")\n',
            "meta-llama/Llama-3.2-3B-Instruct",
            "LLM-Research/Llama-3.2-3B-Instruct",
        ),
    ],
)
def test_an_id_of_the_other_hub_is_told_with_its_name_here(
    tmp_path: Path, code: str, id: str, after: str
) -> None:
    checked = python(tmp_path, code.format(id))
    finding = only(checked, "SRC002")
    assert marked(tmp_path, finding)[1:-1] == id
    assert after in finding.message.en
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE
    assert f'"{after}"' in mended(tmp_path, checked, unsafe=True)


@pytest.mark.triggers("SRC002")
def test_a_name_for_the_id_is_followed_and_not_changed(tmp_path: Path) -> None:
    code = (
        MS + 'MODEL = "meta-llama/Llama-3.2-1B"\ndef get():\n    return snapshot_download(MODEL)\n'
    )
    finding = only(python(tmp_path, code), "SRC002")
    assert marked(tmp_path, finding) == "MODEL"
    assert finding.fix is not None and not finding.fix.edits


@pytest.mark.spares("SRC002")
@pytest.mark.parametrize(
    "code",
    [
        MS + 'snapshot_download("LLM-Research/Llama-3.2-1B")\n',
        MS + 'snapshot_download("Qwen/Qwen3-4B")\n',
        'from transformers import AutoModel\nAutoModel.from_pretrained("meta-llama/Llama-3.2-1B")\n',
        # which hub it is depends on more than is known
        "try:\n    from modelscope import snapshot_download\nexcept ImportError:\n"
        '    from huggingface_hub import snapshot_download\nsnapshot_download("meta-llama/Llama-3.2-1B")\n',
        'import os, vllm\nos.environ["VLLM_USE_MODELSCOPE"] = "1"\nvllm.LLM("LLM-Research/Llama-3.2-1B")\n',
        "from transformers import AutoModel\nfrom modelscope.utils.hf_util import patcher\npatcher.patch_hub()\n"
        'AutoModel.from_pretrained("LLM-Research/Llama-3.2-1B")\n',
        "import os, sys\nfrom huggingface_hub import snapshot_download\n"
        'os.environ["HF_ENDPOINT"] = sys.argv[1]\nimport subprocess\nsnapshot_download("LLM-Research/x")\n',
        # nobody is asked
        "from transformers import AutoModel\n"
        'AutoModel.from_pretrained("LLM-Research/Llama-3.2-1B", local_files_only=True)\n',
        # no literal, or not for sure
        MS + 'size = input()\nsnapshot_download(f"meta-llama/Llama-{size}")\n',
        MS
        + 'name = "Qwen/Qwen3-4B"\nif input():\n    name = "meta-llama/Llama-3.2-1B"\nsnapshot_download(name)\n',
        MS + "def get(name='meta-llama/Llama-3.2-1B'):\n    return snapshot_download(name)\n",
        # not a hub's function at all
        'def snapshot_download(name):\n    return name\nsnapshot_download("meta-llama/Llama-3.2-1B")\n',
        'import mine\nmine.from_pretrained("LLM-Research/Llama-3.2-1B")\n',
        '"""\n>>> from modelscope import snapshot_download\n>>> snapshot_download("meta-llama/x")\n"""\n',
    ],
)
def test_an_id_of_this_hub_or_of_who_knows_which_is_fine(tmp_path: Path, code: str) -> None:
    assert "SRC002" not in codes(python(tmp_path, code))


@pytest.mark.spares("SRC002")
def test_a_folder_of_that_name_is_no_id(tmp_path: Path) -> None:
    (tmp_path / "LLM-Research" / "Llama-3.2-1B").mkdir(parents=True)
    code = 'from transformers import AutoModel\nAutoModel.from_pretrained("LLM-Research/Llama-3.2-1B")\n'
    assert codes(python(tmp_path, code)) == []


def test_each_branch_has_its_own_hub(tmp_path: Path) -> None:
    code = """\
        import sys
        if sys.argv:
            from modelscope import snapshot_download
            snapshot_download("meta-llama/Llama-3.2-1B")
        else:
            from huggingface_hub import snapshot_download
            snapshot_download("meta-llama/Llama-3.2-3B")
        """
    finding = only(python(tmp_path, code), "SRC002")
    assert finding.span is not None and finding.span.line == 4


# --- SRC003 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("SRC003")
@pytest.mark.parametrize(
    "call",
    [
        'snapshot_download("Qwen/Qwen3-4B", revision="main")',
        'dataset_snapshot_download("Qwen/some-data", revision="main")',
    ],
)
def test_main_on_modelscope_is_told_and_becomes_master(tmp_path: Path, call: str) -> None:
    checked = python(tmp_path, f"from modelscope import *\nimport modelscope\nmodelscope.{call}\n")
    assert marked(tmp_path, only(checked, "SRC003")) == '"main"'
    assert 'revision="master")' in mended(tmp_path, checked, unsafe=True)
    assert 'revision="main")' in mended(tmp_path, checked)  # which may be a branch there


@pytest.mark.spares("SRC003")
@pytest.mark.parametrize(
    "code",
    [
        MS + 'snapshot_download("Qwen/Qwen3-4B", revision="master")\n',
        MS + 'snapshot_download("Qwen/Qwen3-4B", revision="v1.0")\n',
        MS + 'snapshot_download("Qwen/Qwen3-4B")\n',
        'from huggingface_hub import snapshot_download\nsnapshot_download("Qwen/Qwen3-4B", revision="main")\n',
        'from modelscope.pipelines import pipeline\npipeline("chat", task="main")\n',
    ],
)
def test_master_on_modelscope_and_main_elsewhere_are_fine(tmp_path: Path, code: str) -> None:
    assert codes(python(tmp_path, code)) == []


# --- SRC004 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("SRC004")
@pytest.mark.parametrize(
    "call",
    [
        'transformers.AutoModel.from_pretrained("a/b", use_auth_token=True)',
        'datasets.load_dataset("a/b", use_auth_token=True)',
        'huggingface_hub.HfApi().model_info("a/b", use_auth_token=True)',
        'huggingface_hub.hf_hub_download("a/b", "c",\n    use_auth_token=True,\n)',
    ],
)
def test_use_auth_token_is_renamed(tmp_path: Path, call: str) -> None:
    checked = python(tmp_path, f"import transformers, datasets, huggingface_hub\n{call}\n")
    assert marked(tmp_path, only(checked, "SRC004")) == "use_auth_token"
    assert mended(tmp_path, checked).endswith(call.replace("use_auth_token", "token") + "\n")


@pytest.mark.spares("SRC004")
@pytest.mark.parametrize(
    "code",
    [
        'import transformers\ntransformers.AutoModel.from_pretrained("a/b", token=True)\n',
        'import peft\npeft.PeftModel.from_pretrained(None, "a/b", use_auth_token=True)\n',  # takes it still
        'import mine\nmine.load("a/b", use_auth_token=True)\n',
        "def load(use_auth_token=None):\n    return use_auth_token\nload(use_auth_token=True)\n",
    ],
)
def test_use_auth_token_of_others_is_fine(tmp_path: Path, code: str) -> None:
    assert codes(python(tmp_path, code)) == []


def test_the_libraries_really_refuse_use_auth_token() -> None:
    """Oracle: the installed ones."""
    from huggingface_hub import snapshot_download

    old: dict[str, Any] = {"use_auth_token": True}
    with pytest.raises(TypeError, match="use_auth_token"):
        snapshot_download("a/b", **old)


# --- SRC005 ---------------------------------------------------------------------------------------

AUTO = "from transformers import AutoModel\n"


@pytest.mark.parametrize(
    ("name", "built_in"),
    [
        ("Qwen/Qwen3-4B", True),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", True),
        ("Qwen/Qwen2.5-Coder-1.5B-Instruct", True),
        ("Qwen/Qwen1.5-7B-Chat", True),
        ("meta-llama/Llama-2-7b-chat-hf", True),
        ("meta-llama/Llama-3.2-1B-Instruct", True),
        ("google/gemma-2-2b-it", True),
        ("mistralai/Mistral-7B-Instruct-v0.3", True),
        ("Qwen/Qwen-7B-Chat", False),  # runs its repository's own code
        ("Qwen/Qwen2.5-Math-PRM-7B", False),
        ("Qwen/Qwen2.5-Math-RM-72B", False),
        ("Qwen/Qwen2-Audio-7B", False),
        ("microsoft/Phi-3-mini-4k-instruct", False),
    ],
)
def test_only_of_models_that_hold_no_code_is_trust_called_needless(
    tmp_path: Path, name: str, built_in: bool
) -> None:
    code = AUTO + f'AutoModel.from_pretrained("{name}", trust_remote_code=True)\n'
    message = only(python(tmp_path, code), "SRC005").message.en
    assert ("built in" in message) is built_in


@pytest.mark.triggers("SRC005")
def test_needless_trust_is_a_remark_with_a_fix(tmp_path: Path) -> None:
    checked = python(
        tmp_path, AUTO + 'AutoModel.from_pretrained("Qwen/Qwen3-4B", trust_remote_code=True)\n'
    )
    finding = only(checked, "SRC005")
    assert finding.severity is Severity.INFO and "built in" in finding.message.en
    assert marked(tmp_path, finding) == "trust_remote_code=True"
    assert "trust_remote_code=False" in mended(tmp_path, checked)


@pytest.mark.triggers("SRC005")
@pytest.mark.parametrize("rest", ["", ', revision="main"', ', revision="v1"'])
def test_trust_in_whatever_stands_there_is_a_remark(tmp_path: Path, rest: str) -> None:
    code = AUTO + f'AutoModel.from_pretrained("acme/own", trust_remote_code=True{rest})\n'
    finding = only(python(tmp_path, code), "SRC005")
    assert finding.severity is Severity.INFO and "that day" in finding.message.en
    assert finding.fix is not None and finding.fix.applicability is Applicability.MANUAL


@pytest.mark.spares("SRC005")
@pytest.mark.parametrize(
    "call",
    [
        '("acme/own", trust_remote_code=True, revision="' + "0f" * 20 + '")',
        '("acme/own", trust_remote_code=True, revision=COMMIT)',
        '("acme/own", trust_remote_code=True, **settings)',
        '("acme/own", trust_remote_code=False)',
        '("acme/own", trust_remote_code=args.trust)',
        '("./local", trust_remote_code=True)',
        '("/models/local", trust_remote_code=True)',
        "(path, trust_remote_code=True)",
    ],
)
def test_trust_in_one_commit_or_in_a_folder_is_fine(tmp_path: Path, call: str) -> None:
    assert codes(python(tmp_path, AUTO + f"AutoModel.from_pretrained{call}\n")) == []


# --- SRC006 ---------------------------------------------------------------------------------------

HEAD = "import os, pickle, joblib, torch\nfrom huggingface_hub import hf_hub_download, snapshot_download\n"


@pytest.mark.triggers("SRC006")
@pytest.mark.parametrize(
    "code",
    [
        'torch.load(hf_hub_download("a/b", "m.bin"), weights_only=False)\n',
        'path = hf_hub_download("a/b", "m.bin")\nstate = torch.load(path, weights_only=False)\n',
        'at = snapshot_download("a/b")\ntorch.load(os.path.join(at, "m.bin"), weights_only=False)\n',
        'at = snapshot_download("a/b")\ntorch.load(f"{at}/m.bin", weights_only=False)\n',
        'at = snapshot_download("a/b")\ntorch.load(at + "/m.bin", weights_only=False)\n',
        'from pathlib import Path\nat = Path(snapshot_download("a/b"))\ntorch.load(at / "m", weights_only=False)\n',
        'with open(hf_hub_download("a/b", "m.pkl"), "rb") as file:\n    model = pickle.load(file)\n',
        'model = joblib.load(hf_hub_download("a/b", "sklearn_model.joblib"))\n',
    ],
)
def test_unpickling_a_download_is_told(tmp_path: Path, code: str) -> None:
    checked = python(tmp_path, HEAD + code)
    assert codes(checked) == ["SRC006"]
    if "weights_only" in code:
        assert marked(tmp_path, only(checked, "SRC006")) == "weights_only=False"
        assert "weights_only=True" in mended(tmp_path, checked, unsafe=True)


@pytest.mark.spares("SRC006")
@pytest.mark.parametrize(
    "code",
    [
        'torch.load(hf_hub_download("a/b", "m.bin"))\n',  # True since torch 2.6
        'torch.load(hf_hub_download("a/b", "m.bin"), weights_only=True)\n',
        'torch.load("checkpoint.pt", weights_only=False)\n',
        'def load(path):\n    return torch.load(path, weights_only=False)\nload(hf_hub_download("a/b", "m"))\n',
        'path = hf_hub_download("a/b", "m.bin")\npath = "mine.bin"\ntorch.load(path, weights_only=False)\n',
        'with open("mine.pkl", "rb") as file:\n    pickle.load(file)\nsnapshot_download("a/b")\n',
        'size = len(snapshot_download("a/b"))\ntorch.load(names[size], weights_only=False)\n',
    ],
)
def test_a_file_of_ones_own_and_weights_alone_are_fine(tmp_path: Path, code: str) -> None:
    assert codes(python(tmp_path, HEAD + code)) == []
