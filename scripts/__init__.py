"""What developers run: the makers of generated files."""
