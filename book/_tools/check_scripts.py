"""Check the JavaScript of the widgets and the book with Biome (biome.jsonc) and mend its layout.

    python book/_tools/check_scripts.py

Widgets share one scope, so that unknown and unused names are looked for in the bundle that the
book gets. Without Node, or where npm cannot fetch Biome, one sentence says that nothing was
checked; where CI is set, that is a failure.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from googlenet_edu.widgets import bundle  # noqa: E402

BIOME = "@biomejs/biome@2.6.8"
NAMES = ("correctness/noUndeclaredVariables", "correctness/noUnusedVariables")
LONGEST = 120


def biome(*arguments, folder=ROOT, **options):
    command = [shutil.which("npx"), "--yes", "--prefer-offline", BIOME, *arguments]
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, **options).returncode


def main():
    if not shutil.which("npx") or biome("--version", capture_output=True):
        print("Biome needs Node and, once, a network: scripts are not checked.", file=sys.stderr)
        return bool(os.environ.get("CI"))
    faults = biome("check", "--write", "--error-on-warnings", ".")
    for folder in ("googlenet_edu/widgets/js", "book/_static"):
        for path in sorted((ROOT / folder).glob("*.js")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if len(line) > LONGEST and " " in line.strip():  # but data in one word
                    print(
                        f"{path.relative_to(ROOT)}:{number}: over {LONGEST} characters: join parts."
                    )
                    faults += 1
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bundle.js").write_text(bundle.book_script(), encoding="utf-8")
        only = [f"--only={name}" for name in NAMES]
        faults += biome("lint", "--error-on-warnings", *only, "bundle.js", folder=folder)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
