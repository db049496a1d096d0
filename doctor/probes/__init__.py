"""One file per probe. A probe looks at one thing, returns Known or Unknown, and never raises on purpose.

Those of the machine are `probe(context, seen)`, those of a hub `probe(context, source, seen)`; `seen` holds
the facts known so far.
"""
