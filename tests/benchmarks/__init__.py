"""Benchmarks of the network and the report they go into; `tests.bench` runs all."""
