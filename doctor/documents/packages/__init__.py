"""Lists of packages: requirements files and pyproject.toml."""
