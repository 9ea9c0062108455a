"""Imported last by a process that others are forked from: what there is by then, no collector of garbage looks at."""

import gc

gc.collect()
gc.freeze()
