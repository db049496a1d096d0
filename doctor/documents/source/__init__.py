"""Python and notebooks, read by `ast` and never run."""
