"""Rules about Python source, through real files."""
