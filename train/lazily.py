"""Packages that the libraries import and this run does not use: they are loaded when something touches them.

transformers' Trainer imports `datasets`, and that pandas and pyarrow, to ask whether a dataset is one of
theirs: half a second at the start of every run. Python's own LazyLoader does not do: a look at a module's
`__file__`, which `inspect` takes at every module there is, loads it.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

UNUSED = ("datasets",)
# Of the names in underscores, those that only the real one knows.
ASKED = ("__path__", "__version__")


class _Later(ModuleType):
    """Stands in for a package until somebody wants something of it."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") and name not in ASKED:
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        real = import_module(self.__name__)
        self.__dict__.update(real.__dict__)
        return getattr(real, name)


def put_off(names: tuple[str, ...] = UNUSED) -> None:
    """Before anything imports them; what is imported already stays as it is."""
    for name in names:
        spec = None if name in sys.modules else find_spec(name)
        if spec is not None:
            later = _Later(name)
            later.__spec__, later.__loader__, later.__file__ = spec, spec.loader, spec.origin
            sys.modules[name] = later


@contextmanager
def undisturbed() -> Iterator[None]:
    """For imports: what they make stays, and to look for garbage in it again and again is a sixth of their time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
