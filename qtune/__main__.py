"""`python -m qtune`."""

from __future__ import annotations

from qtune.cli import main

if __name__ == "__main__":
    main()
