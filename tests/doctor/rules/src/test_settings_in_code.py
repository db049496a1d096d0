"""SRC001 and HUB211: what code sets for itself too late, or under a name of old."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.rules.src import src001
from tests.doctor.documents.coding import codes, marked, mended, only, python

LATE = """\
    import os
    from transformers import AutoModel

    os.environ["HF_ENDPOINT"] = "https://hf-mirror.com"
    model = AutoModel.from_pretrained("Qwen/Qwen3-4B")
    """


@pytest.mark.triggers("SRC001")
def test_a_mirror_that_is_set_below_the_import_is_told_and_moved(tmp_path: Path) -> None:
    checked = python(tmp_path, LATE)
    assert codes(checked) == ["SRC001"]
    finding = only(checked, "SRC001")
    assert marked(tmp_path, finding) == 'os.environ["HF_ENDPOINT"]'
    assert "transformers in line 2" in finding.message.en
    assert mended(tmp_path, checked) == (
        'import os\nos.environ["HF_ENDPOINT"] = "https://hf-mirror.com"\n'
        "from transformers import AutoModel\n\n\n"
        'model = AutoModel.from_pretrained("Qwen/Qwen3-4B")\n'
    ).replace("\\\n", "\n")


@pytest.mark.triggers("SRC001")
@pytest.mark.parametrize(
    "code",
    [
        'import os\nimport transformers\nos.environ.setdefault("HF_HOME", "/data")\n',
        'import os\nfrom huggingface_hub import login\nos.environ.update(HF_HUB_OFFLINE="1")\n',
        'import os\nimport peft\nos.environ.update({"HF_HUB_CACHE": "/data"})\n',
        'import os\nimport trl as t\nos.putenv("HF_HUB_DISABLE_XET", "1")\n',
        'from os import environ\nimport datasets\nenviron["HF_DATASETS_CACHE"] = "/data"\n',
        'import os as o, diffusers\ndef main():\n    o.environ["HF_ENDPOINT"] = "https://m"\n',
        "import os\nfrom modelscope import snapshot_download\n"
        'os.environ["MODELSCOPE_DOWNLOAD_TOTAL_TIMEOUT"] = "9"\n',
        'import os\ntry:\n    import datasets\nexcept ImportError:\n    pass\nos.environ["HF_HOME"] = "/d"\n',
        'import os\nimport transformers\nKEY = "HF_HOME"\nif os.name:\n    os.environ[KEY] = "/data"\n',
    ],
)
def test_however_it_is_set(tmp_path: Path, code: str) -> None:
    assert codes(python(tmp_path, code)) == ["SRC001"]


@pytest.mark.spares("SRC001")
@pytest.mark.parametrize(
    "code",
    [
        # in time
        'import os\nos.environ["HF_ENDPOINT"] = "https://m"\nimport transformers\n',
        'import os\nos.environ["HF_HOME"] = "/a"\nimport datasets\nos.environ["HF_HOME"] = "/b"\n',
        # read later than at the import
        'import os\nimport transformers\nos.environ["HF_TOKEN"] = input()\n',
        'import os\nimport transformers\nos.environ["HTTPS_PROXY"] = "http://127.0.0.1:1"\n',
        'import os\nfrom modelscope import snapshot_download\nos.environ["MODELSCOPE_CACHE"] = "/a"\n',
        # huggingface_hub loads its parts when they are asked for
        'import os\nimport huggingface_hub\nos.environ["HF_ENDPOINT"] = "https://m"\n',
        'import os\nfrom accelerate import Accelerator\nos.environ["HF_ENDPOINT"] = "https://m"\n',
        # not sure to have run before
        'import os\ndef f():\n    import transformers\nos.environ["HF_HOME"] = "/a"\n',
        'import os, sys\nif len(sys.argv) > 1:\n    import transformers\nos.environ["HF_HOME"] = "/a"\n',
        "import os\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import transformers\n"
        'os.environ["HF_HOME"] = "/a"\n',
        # somebody reads it
        'import os, subprocess, transformers\nos.environ["HF_HOME"] = "/a"\nsubprocess.run(["hf"])\n',
        'import os, transformers\nos.environ["HF_HOME"] = "/a"\nos.system("hf auth whoami")\n',
        "import os, importlib\nimport transformers\nimport huggingface_hub.constants as c\n"
        'os.environ["HF_HOME"] = "/a"\nimportlib.reload(c)\n',
        'import os, transformers, vllm\nos.environ["HF_HUB_OFFLINE"] = "1"\nvllm.LLM("a/b")\n',
        'import os, datasets\nos.environ["HF_HOME"] = "/a"\nuse(os.environ["HF_HOME"] + "/hub")\n',
        'import os, datasets\nos.environ["HF_HOME"] = "/a"\nuse(cache=os.getenv("HF_HOME"))\n',
        # not this process's environment
        'import transformers\nenviron = {}\nenviron["HF_HOME"] = "/a"\n',
        'import transformers\nprint("""\nos.environ["HF_HOME"] = "/a"\n""")\n',
    ],
)
def test_what_is_in_time_or_read_by_somebody_is_fine(tmp_path: Path, code: str) -> None:
    assert codes(python(tmp_path, code)) == []


@pytest.mark.triggers("SRC001")
def test_a_look_whether_it_is_set_is_no_reader(tmp_path: Path) -> None:
    code = (
        'import os, datasets\nif not os.environ.get("HF_HOME"):\n    os.environ["HF_HOME"] = "/a"\n'
    )
    assert codes(python(tmp_path, code)) == ["SRC001"]


def test_a_line_that_needs_more_than_os_is_left_to_the_user(tmp_path: Path) -> None:
    code = 'import os\nimport transformers\nos.environ["HF_HOME"] = str(transformers)\n'
    fix = only(python(tmp_path, code), "SRC001").fix
    assert fix is not None and fix.applicability is Applicability.MANUAL and not fix.edits


def test_os_is_imported_above_where_that_is_still_to_come(tmp_path: Path) -> None:
    checked = python(tmp_path, 'import datasets\nimport os\nos.environ["HF_HOME"] = "/a"\n')
    text = mended(tmp_path, checked)
    assert text == 'import os\n\nos.environ["HF_HOME"] = "/a"\n\nimport datasets\nimport os\n\n'
    assert codes(python(tmp_path, text)) == []


def test_two_that_are_late_are_both_moved(tmp_path: Path) -> None:
    code = 'import os\nimport datasets\nos.environ["HF_HOME"] = "/a"\nos.environ["HF_HUB_OFFLINE"] = "1"\n'
    text = mended(tmp_path, python(tmp_path, code))
    assert codes(python(tmp_path, text)) == []
    compile(text, "train.py", "exec")


# --- the table is what the libraries do -----------------------------------------------------------

IMPORTS = (
    "import huggingface_hub",
    "from huggingface_hub import snapshot_download",
    "from huggingface_hub import login",
    "import huggingface_hub.constants",
    "import transformers",
    "from transformers import set_seed",
    "import datasets",
    "import peft",
    "from accelerate import Accelerator",
    "import modelscope",
    "from modelscope import snapshot_download",
)


@pytest.mark.slow
@pytest.mark.parametrize("statement", IMPORTS)
def test_the_variables_are_read_by_the_very_imports_that_are_named(
    tmp_path: Path, statement: str
) -> None:
    """Oracle: the libraries themselves, in a fresh process whose environment notes who asks for what."""
    code = f"""
import os
asked = set()
class Noting(type(os.environ)):
    def __getitem__(self, key):
        asked.add(key)
        return super().__getitem__(key)
os.environ.__class__ = Noting
{statement}
print(*sorted(asked))
"""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "MODELSCOPE_"))}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**environ, "HF_HOME": str(tmp_path), "MODELSCOPE_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    asked = set(done.stdout.split())
    judged = src001.HUGGING_FACE | src001.DATASETS | src001.MODELSCOPE
    checked = python(
        tmp_path,
        "import os\n"
        + statement
        + "\n"
        + "".join(f'os.environ["{key}"] = "1"\n' for key in sorted(judged)),
    )
    told = {f.message.en.split()[0] for f in checked.findings if f.code == "SRC001"}
    assert told <= asked
    reads = "HF_ENDPOINT" in asked
    assert told & src001.HUGGING_FACE == (src001.HUGGING_FACE if reads else frozenset())
    assert told & src001.MODELSCOPE == asked & src001.MODELSCOPE


def test_a_token_and_an_address_of_modelscope_are_still_read_after_the_import(
    tmp_path: Path,
) -> None:
    code = """
import os
from modelscope_hub.config import HubConfig
import huggingface_hub
from huggingface_hub import get_token
os.environ["MODELSCOPE_ENDPOINT"] = "http://127.0.0.1:9"
os.environ["MODELSCOPE_API_TOKEN"] = "ms-x"
os.environ["HF_TOKEN"] = "hf_x"
config = HubConfig()
print(config.endpoint, config.token, get_token())
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["http://127.0.0.1:9", "ms-x", "hf_x"]


# --- HUB211 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("HUB211")
def test_dead_variables_are_told_where_code_sets_them(tmp_path: Path) -> None:
    code = """\
        import os
        os.environ["HF_HUB_ENABLE_HF_TRANSFER"] = "1"
        os.environ["TRANSFORMERS_CACHE"] = "/data"
        os.environ["HUGGING_FACE_HUB_TOKEN"] = input()
        """
    checked = python(tmp_path, code)
    assert [(f.code, f.severity) for f in checked.findings] == [
        ("HUB211", Severity.INFO),
        ("HUB211", Severity.WARNING),
        ("HUB211", Severity.INFO),
    ]
    assert marked(tmp_path, checked.findings[0]) == 'os.environ["HF_HUB_ENABLE_HF_TRANSFER"]'
    assert mended(tmp_path, checked, unsafe=True) == (
        'import os\n\nos.environ["HF_HUB_CACHE"] = "/data"\nos.environ["HF_TOKEN"] = input()\n'
    )


@pytest.mark.spares("HUB211")
@pytest.mark.parametrize(
    "code",
    [
        'import os\nos.environ["HF_HOME"] = "/a"\nos.environ["TRANSFORMERS_CACHE"] = "/a"\n',
        'import os\nprint(os.environ.get("HF_HUB_ENABLE_HF_TRANSFER"))\n',
        'import os\nos.environ["HF_HUB_ENABLE_HF_TRANSFER"] = "0"\n',
        'import os\nos.environ["HF_TOKEN"] = os.environ["HUGGING_FACE_HUB_TOKEN"] = input()\n',
    ],
)
def test_dead_variables_that_are_only_read_or_stand_beside_new_ones_are_fine(
    tmp_path: Path, code: str
) -> None:
    assert codes(python(tmp_path, code)) == []
