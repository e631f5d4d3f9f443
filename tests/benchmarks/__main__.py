"""Sizes and times of the book and its network: `make bench`.

Every figure of the book has the limit it should stay under; the exit code is 1 when one does not.
The network's times are ratios, side by side in one run. All is printed and written to
_bench/bench.md and _bench/bench.json. Parts: `make bench BENCH_ARGS="book ledger network"`.
"""

import argparse
import atexit
import functools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from googlenet_edu.widgets import SLIDERS
from tests.benchmarks.machine import write
from tests.benchmarks.pages import first_sliders
from tests.benchmarks.training import report_training
from tests.browser.conftest import FLAGS
from tests.building import build_book, copy_book
from tests.tools import chromium

ROOT = Path(__file__).resolve().parents[2]

# Times the work of each drawn frame, layout included, from inside the page.
WATCH = """
  window.frames_ms = [];
  const next = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (work) => next((now) => {
    const start = performance.now();
    work(now);
    document.body.getBoundingClientRect();
    window.frames_ms.push(performance.now() - start);
  });
"""
SWEEP = """async (el) => {
  window.frames_ms.length = 0;
  const sliders = [...el.querySelectorAll("input[type=range]")].filter((one) => one.offsetParent);
  for (let step = 0; step < 300; step++) {
    const slider = sliders[step % sliders.length];
    const span = slider.max - slider.min + 1;
    slider.value = Number(slider.min) + ((step * 7) % span);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => setTimeout(done, 20));
  }
  return window.frames_ms;
}"""
failed = []
figures = []  # of the book, for the report
sections = []  # of the network, for the report


def report(name, value, unit, limit, at_least=False):
    ok = value >= limit if at_least else value < limit
    figures.append([name, float(value), unit, ("at least" if at_least else "under"), limit, ok])
    failed.extend([] if ok else [name])
    bound, wrong = ("at least", "TOO LITTLE") if at_least else ("under", "TOO MUCH")
    print(
        f"{name:46} {value:8.{2 if limit < 10 else 1}f} {unit:3} ({bound} {limit} {unit}) {'ok' if ok else wrong}"
    )


def import_ms(statement):
    """Return the median time of a fresh Python that runs one statement, in milliseconds."""
    times = []
    for _ in range(9):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


LEDGER = "from googlenet_edu.costs import ledger; ledger(224, batch_size=20)"
TORCHINFO = (
    "import torchinfo; from googlenet_edu import GoogLeNet;"
    "torchinfo.summary(GoogLeNet(), (20, 3, 224, 224), device='cpu', verbose=0)"
)
# Not resource.getrusage: its peak begins with what the parent held. Linux only, as the bench is.
PEAK = "; print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"


def process(statement):
    """Return (seconds, peak megabytes) of a fresh Python that runs one statement."""
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", statement + PEAK], check=True, capture_output=True, text=True,
        encoding="utf-8",
    )  # fmt: skip
    return time.perf_counter() - start, float(run.stdout) / 1000


def report_ledger():
    """Compare the ledger with torchinfo on the same network: the work, the process, the memory."""
    import torchinfo

    from googlenet_edu import GoogLeNet
    from googlenet_edu.costs import ledger

    net = GoogLeNet()
    works = [
        lambda: ledger(224, batch_size=20),
        lambda: torchinfo.summary(net, (20, 3, 224, 224), device="cpu", verbose=0),
    ]
    pairs = []
    for _ in range(5):  # in turn, so that both meet the same load
        times = []
        for work in works:
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        pairs.append(times[1] / times[0])
    report("ledger faster than torchinfo: the work", statistics.median(pairs), "x", 1000, True)
    runs = [(process(LEDGER), process(TORCHINFO)) for _ in range(3)]
    ratio = statistics.median(slow[0] / fast[0] for fast, slow in runs)
    report("ledger faster than torchinfo: a whole process", ratio, "x", 20, True)
    report("ledger: peak memory", max(fast[1] for fast, _ in runs), "MB", 60)
    print(f"{'torchinfo: peak memory':46} {max(slow[1] for _, slow in runs):8.1f} MB")


def redraws(html):
    """Return the milliseconds of each redraw for the sliders of every widget."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find_chromium(), args=FLAGS)
        page = browser.new_page()
        page.add_init_script(WATCH)
        page.goto((html / "book" / "reference" / "widgets.html").as_uri())
        for kind in SLIDERS:
            widget = page.locator(f'[data-gn-widget="{kind}"]').first
            yield kind, sorted(widget.evaluate(SWEEP))
        browser.close()


def run_network(python, *arguments):
    """Run one part of tests.benchmarks.network in a Python of its own; return what it found."""
    command = [str(python), "-m", "tests.benchmarks.network", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    if run.returncode:
        print(run.stderr[-2000:], file=sys.stderr)
        raise SystemExit(f"{' '.join(arguments)} failed in {python}.")
    return json.loads(run.stdout)


def report_network(options):
    """Inference and training beside torchvision, in this Python and in the one of bench-env."""
    pythons = [sys.executable]
    for place in ("bin/python", "Scripts/python.exe"):
        if (options.bench_env / place).exists():
            pythons.append((options.bench_env / place).absolute())
    more = ["--one-thread"] if options.one_thread else []
    parts = [("inference", 1, False), ("inference", 20, False), ("training", 8, False)]
    if not options.no_compile:
        parts[2:2] = [("inference", 1, True), ("inference", 20, True)]
    for python in pythons:
        for what, batch, compiled in parts:
            arguments = [what, "--batch", str(batch), "--seconds", str(options.seconds), *more]
            found = run_network(python, *arguments, *(["--compile"] if compiled else []))
            theirs = found["machine"]
            title = f"{what.capitalize()}, batch {batch}, torch {theirs['torch']}"
            title += ", torch.compile" if compiled else ""
            threads = "1 thread, processor time" if more else f"{theirs['threads']} threads"
            title += f" ({threads})"
            sections.append({"title": title, **found})
            print(f"\n{title}\n{found['text']}")
            for name, ratio, spread, ms, rounds, share, note in found["rows"]:
                print(f"{name:42} {ratio:6.3f} [{spread}] {ms:9.1f} ms {rounds:3} {share or '':4} "
                      f"{note}", flush=True)  # fmt: skip


@functools.cache
def built():
    """Build the book from clean, once for all parts; return (the pages' folder, seconds)."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    copy_book(folder)
    start = time.perf_counter()
    build = build_book(folder, folder)
    seconds = time.perf_counter() - start
    assert build.code == 0, build.log[-2000:]
    return build.html, seconds


def report_book():
    """Build time, size of the scripts, import, redraws of the widgets."""
    html, seconds = built()
    report("book build from clean", seconds, "s", 20)
    files = ("googlenet-widgets.js", "googlenet-widgets.css")
    size = sum((html / "_static" / name).stat().st_size for name in files)
    report("widgets' JavaScript and CSS, not compressed", size / 1000, "KB", 120)
    extra = import_ms("import googlenet_edu") - import_ms("pass")
    report("import googlenet_edu beyond bare Python", extra, "ms", 50)
    for name, times in redraws(html):
        report(f"{name}: redraw, median of {len(times)}", statistics.median(times), "ms", 16)
        report(f"{name}: redraw, 95th percentile", times[int(len(times) * 0.95)], "ms", 16)


def report_pages():
    """Each page's weight, its memory, and the wait until its first slider works."""
    rows = []
    for name, ms, spread, kilobytes, heap in first_sliders(built()[0]):
        rows.append([name, round(ms), spread, round(kilobytes), round(heap, 1)])
        print(f"{name:46} {ms:6.0f} ms [{spread}] {kilobytes:7.0f} KB {heap:5.1f} MB", flush=True)
    ours = [row for row in rows if row[0].endswith(".html")]
    middle = statistics.median(row[1] for row in ours)
    report("first slider works after, median page", middle, "ms", 500)
    if len(rows) > len(ours):
        report("the same beside the usual widget manager", middle / rows[-1][1], "x", 1)
    report("heaviest page with a slider", max(row[3] for row in ours), "KB", 700)
    columns = ["page", "first slider works, ms", "quartiles", "KB", "heap, MB"]
    title = "The reader's wait, nothing cached"
    sections.append({"title": title, "columns": columns, "rows": rows})


PARTS = {
    "book": report_book,
    "pages": report_pages,
    "ledger": report_ledger,
    "training": functools.partial(report_training, report),
    "network": report_network,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default all")
    parser.add_argument("--seconds", type=float, default=40, help="for each table of the network")
    parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile")
    parser.add_argument("--one-thread", action="store_true", help="the network on one thread, in "
                        "processor time: for a machine that does other things")  # fmt: skip
    parser.add_argument("--bench-env", type=Path, default=ROOT / ".venv-bench")
    parser.add_argument("--out", type=Path, default=ROOT / "_bench", help="folder of the report")
    options = parser.parse_args()
    if set(options.parts) - set(PARTS):
        parser.error(f"choose parts from {', '.join(PARTS)}, but got {' '.join(options.parts)}")
    for name, work in PARTS.items():
        if not options.parts or name in options.parts:
            work(options) if work is report_network else work()
    if figures:
        columns = ["", "value", "unit", "should be", "limit", "within"]
        rows = [[*row[:5], "yes" if row[5] else "no"] for row in figures]
        sections.insert(0, {"title": "The book and its ledger", "columns": columns, "rows": rows})
    print(f"\nThe report is in {write(options.out, sections)} and bench.json beside it.")
    if failed:
        sys.exit(f"Beyond its limit: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
