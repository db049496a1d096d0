"""The names of what lenses and light bulbs offer to run, and a client's palette too."""

from __future__ import annotations

RUN_DOCTOR = "qtune.runDoctor"
OPEN_REPORT = "qtune.openReport"
FIX_ALL = "qtune.fixAll"
APPLY_FIX = "qtune.applyFix"  # what is no edit: a mode, a line of .gitignore
