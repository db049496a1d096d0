"""Training data as qtune reads it: rows from files, conversations from rows. Imports nothing heavy."""
