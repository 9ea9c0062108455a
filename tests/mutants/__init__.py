"""One-line faults put into the package, to see whether a test notices: ``python -m tests.mutants``."""
