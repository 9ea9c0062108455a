"""A sorting held against what is true: what was found, by which cluster, and why a spike was missed."""
