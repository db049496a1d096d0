"""From examples to what the model is given.

One optimizer step is one list of examples, the same whatever the machine: `order` draws it from seed and
epoch, and `bins` lays short examples together first where `packing: true` asks for it. How the step is cut
into micro-batches is a matter of memory and speed alone: the loss is the mean over all its tokens, so each
cut gives the same gradient but for rounding. `layout` says how examples lie in a micro-batch (end to end,
or padded), `micro` cuts and lays them.
"""
