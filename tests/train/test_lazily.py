"""What is put off is loaded by the first who wants something of it, and by nobody else."""

from __future__ import annotations

import gc
import inspect
import sys
from pathlib import Path

import pytest

from qtune.train import lazily


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "heavy_package"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from heavy_package.inner import VALUE\n__version__ = '7'\n"
    )
    (folder / "inner.py").write_text("VALUE = object()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    lazily.put_off(("heavy_package",))
    return "heavy_package"


def test_an_import_and_a_look_around_load_nothing(package: str) -> None:
    __import__(package)
    inspect.getmodule(test_an_import_and_a_look_around_load_nothing)
    assert sys.modules[package].__spec__ is not None
    assert "heavy_package.inner" not in sys.modules


@pytest.mark.parametrize("wanted", ["VALUE", "__version__", "__path__"])
def test_whoever_wants_something_gets_the_real_one(package: str, wanted: str) -> None:
    before = sys.modules[package]
    value = getattr(before, wanted)
    assert value is getattr(sys.modules[package], wanted)
    assert "heavy_package.inner" in sys.modules
    assert vars(before)["VALUE"] is vars(sys.modules[package])["VALUE"]


def test_a_name_that_it_does_not_have_is_an_error_as_ever(package: str) -> None:
    with pytest.raises(AttributeError):
        _ = sys.modules[package].nothing


def test_a_package_that_is_not_installed_stays_so() -> None:
    lazily.put_off(("no_such_package_here",))
    assert "no_such_package_here" not in sys.modules


def test_imports_are_not_disturbed_and_everything_else_is_as_before() -> None:
    with pytest.raises(ImportError), lazily.undisturbed():
        assert not gc.isenabled()
        raise ImportError("a library that does not load")
    assert gc.isenabled()
    gc.unfreeze()
