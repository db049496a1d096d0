"""The language server: the doctor's findings in an editor."""
