"""The benchmarks of runstate: ``python -m benchmarks``."""
