"""What machine a report was made on, and the report's two files."""

import json
import os
import platform
import sys
from datetime import date
from importlib import metadata
from pathlib import Path

import torch


def processor():
    """Return the processor's name."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def memory():
    """Return the machine's memory in GiB, or None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def machine():
    """Return a dict that describes this machine and this Python."""
    return {
        "processor": processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "memory GiB": memory(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": _version("torchvision"),
        "threads": torch.get_num_threads(),
        "load before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def markdown(report):
    """Write a report as Markdown: the machine, then one table for each section."""
    lines = ["# Benchmarks of the GoogLeNet book", "", f"Made on {report['date']}.", ""]
    lines += ["| machine | |", "|---|---|"]
    lines += [f"| {key} | {value} |" for key, value in report["machine"].items()]
    for section in report["sections"]:
        lines += ["", f"## {section['title']}", ""]
        if section.get("text"):
            lines += [section["text"], ""]
        columns = section["columns"]
        lines.append("| " + " | ".join(columns) + " |")
        lines.append("|---" * len(columns) + "|")
        lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in section["rows"]]
    return "\n".join(lines) + "\n"


def _cell(value):
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) and abs(value) < 100 else (
        f"{value:,.0f}" if isinstance(value, float) else str(value)
    )  # fmt: skip


def write(folder, sections):
    """Write bench.md and bench.json into a folder; return the Markdown's path."""
    report = {"date": date.today().isoformat(), "machine": machine(), "sections": sections}
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bench.md"
    path.write_text(markdown(report), encoding="utf-8", newline="\n")
    text = json.dumps(report, indent=1, ensure_ascii=False, default=str) + "\n"
    (folder / "bench.json").write_text(text, encoding="utf-8", newline="\n")
    return path


if __name__ == "__main__":
    json.dump(machine(), sys.stdout)
