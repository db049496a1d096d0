"""Run configs: their findings, fields, memory, and what may be written in them."""
