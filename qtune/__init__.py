"""qtune: check the road, then fine-tune."""

__version__ = "0.1.0"
