"""Locks a file in the folder named, as one download keeps another out. Run as a script: it may hang for ever."""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile


def main(folder: str) -> None:
    handle, name = tempfile.mkstemp(prefix=".qtune-", dir=folder)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(handle, fcntl.LOCK_UN)
    except OSError as error:
        sys.exit(error.strerror or str(error))
    finally:
        os.close(handle)
        os.unlink(name)  # noqa: PTH108 (pathlib would cost a tenth of a second here)


if __name__ == "__main__":
    main(sys.argv[1])
