"""What is installed is what the tree holds: every package is listed, and the wheel leaves no stray names."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_every_package_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    setuptools = project["tool"]["setuptools"]
    found = {
        ".".join((name, *init.parent.relative_to(ROOT / folder).parts))
        for name, folder in setuptools["package-dir"].items()
        for init in (ROOT / folder).rglob("__init__.py")
        if name != "qtune" or init.parent.relative_to(ROOT / folder).parts[:1] in ((), ("commands",))
    }
    assert sorted(setuptools["packages"]) == sorted(found)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in a copy, since setuptools reuses whatever an older build left in build/."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        origin, copy = ROOT / name, source / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_symlink():
            copy.symlink_to(origin.readlink())
        elif origin.is_file():
            copy.write_bytes(origin.read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return next(target.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_only_qtune_and_all_its_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"qtune"}
    assert {
        "qtune/py.typed",
        "qtune/core/schema/lora_config.json",
        "qtune/core/schema/training_arguments.json",
        "qtune/train/quickstart/instructions.jsonl",
        "qtune/train/quickstart/quickstart.yaml",
    } <= set(names)


@pytest.mark.slow
def test_the_installed_wheel_runs_and_reads_its_data(wheel: Path, tmp_path: Path) -> None:
    """Its dependencies come from the environment of the tests; the code comes from the wheel alone."""
    venv.create(tmp_path / "venv", with_pip=False)
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    python = tmp_path / "venv" / scripts / "python"
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    zipfile.ZipFile(wheel).extractall(where)
    here = next(path for path in sys.path if path.endswith("site-packages"))
    # The tests' own environment holds qtune as an editable install: its .pth files are left out.
    (Path(where) / "tests_environment.pth").write_text(here + "\n", "utf-8")
    code = "import qtune, sys; from qtune.cli import main; sys.argv = ['qtune', 'run', 'quickstart', '--dry-run']; main()"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "quickstart" in done.stdout
    origin = subprocess.run(
        [python, "-c", "import qtune.core.table as t; print(t.__file__)"],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    ).stdout  # fmt: skip
    assert origin.startswith(where)
