"""Windows alone: may a path be longer than 259 characters?"""

from __future__ import annotations

import sys
from typing import Any

_KEY = r"SYSTEM\CurrentControlSet\Control\FileSystem"


def long_paths(platform: str = sys.platform, registry: Any = None) -> bool | None:
    """As the registry has it; None where there is no such limit, or it cannot be asked."""
    if platform != "win32":
        return None
    try:
        if registry is None:
            import winreg as registry
        with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, _KEY) as key:
            return bool(registry.QueryValueEx(key, "LongPathsEnabled")[0])
    except FileNotFoundError:
        return False  # an older Windows, which knows no such key
    except (ImportError, OSError):
        return None
