"""Experiments whose results the book shows: each a command that makes them, and the stored results.

python -m googlenet_edu.experiments.bn_versus_lrn
"""
