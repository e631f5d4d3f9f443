"""Printing to any console: what its encoding cannot show becomes a question mark."""

import io
import sys

__all__ = ["print_anywhere"]


def print_anywhere() -> None:
    """Let standard output and error replace what the console's encoding lacks, such as GBK's."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
