"""What the user does not want to hear of: read from comments and pyproject.toml, applied to findings."""
