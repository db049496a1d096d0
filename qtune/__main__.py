"""The entry of `qtune` and `python -m qtune`: ^C while Python still imports ends quietly, too."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn


def main() -> NoReturn:
    # What imports make stays: to look for garbage in it every 700 objects is a tenth of the start.
    gc.set_threshold(50_000, 20, 20)
    try:
        if sys.argv[1:2] == ["lsp"] and sys.argv[2:] in ([], ["--stdio"]):
            from qtune.serve import main as run  # click has no part in it
        else:
            from qtune.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
