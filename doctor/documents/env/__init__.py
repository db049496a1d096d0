"""`.env`: its facts, what is in effect, what may be written in it."""
