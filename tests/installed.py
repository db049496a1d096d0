"""qtune as a user has it: built as a wheel and installed alone, with the dependencies of the tests' own environment."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build_wheel(folder: Path) -> Path:
    """Built from a copy of what git knows, since setuptools reuses whatever an older build left in build/."""
    source, target = folder / "source", folder / "wheel"
    copy_source(source)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(target),
        str(source),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(target.glob("*.whl"))


def copy_source(source: Path) -> None:
    """What git knows of this tree, as it lies here."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        original, copy = ROOT / name, source / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if original.is_symlink():
            copy.symlink_to(original.readlink())
        elif original.is_file():
            copy.write_bytes(original.read_bytes())


def install(wheel: Path, folder: Path) -> Path:
    """The `python` of a new virtual environment that holds the wheel.

    The dependencies are found in the tests' environment; its editable qtune is not, because only that
    folder is named here and the .pth files in it are not read a second time.
    """
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    zipfile.ZipFile(wheel).extractall(where)
    dependencies = next(path for path in sys.path if path.endswith("site-packages"))
    (Path(where) / "dependencies.pth").write_text(dependencies + "\n", "utf-8")
    return python
