"""Benchmarks of the network and the report they go into; `python -m tests.benchmarks` runs all."""
