"""Find words in the book's texts that CONTRIBUTING ("Words") replaces by others.

    python book/_tools/check_words.py              the whole book
    python book/_tools/check_words.py PATH ...     these files

Reads Markdown, the text of notebooks and the quizzes. Code, addresses and what stands between
quotation marks is somebody else's wording and is left alone. Exit code 1 when something is found.
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What is looked for, and what to write instead.
WORDS = {
    r"\bGoogleNet\b|\bGooglenet\b|\bGoogLenet\b": "GoogLeNet",
    r"\b[Ii]nception (?:module|layer)s?\b": "Inception block",
    r"\binception block": "Inception block",
    r"\bside branch(?:es)?\b|\baux nets?\b": "auxiliary classifier, or head",
    r"\bactivation volumes?\b": "feature map",
    r"\b[GM]?FLOPs?\b": "multiply-adds",
    r"\bfilter size\b": "kernel_size",
    r"(?i:\b\w*(?:(?:colo|neighbo|behav(?:io)|favo)ur|(?:timi|nimi|ximi|mali|tiali|gani|cogni)s(?:e|ing|a))\w*)"
    r"|(?i:\bgrey\w*|\bcentre[ds]?\b|\blicence|\b\w*spelt\b)": "the American spelling",
    r"\b[Ss]imply\b|\b[Oo]bviously\b": "nothing: leave it out",
}
# Code, addresses, quotations.
FOREIGN = re.compile(
    r"```.*?```|`[^`]*`|https?://\S+|\]\([^)]*\)|\"[^\"\n]*\"|“[^”]*”|^> .*$", re.S | re.M
)
SKIP = {"_build", ".ipynb_checkpoints"}


def texts(path):
    """Yield (place, text) of what a file says to its readers."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield "", text
    elif path.suffix == ".ipynb":
        for cell in json.loads(text)["cells"]:
            if cell["cell_type"] == "markdown":
                yield cell.get("id", ""), "".join(cell["source"])
    elif path.suffix == ".json" and path.parent.name == "quizzes":
        yield "", re.sub(r'\\"|"', " ", text)


def faults(path):
    """Yield one line for each word that should be another."""
    for place, text in texts(path):
        bare = FOREIGN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        for pattern, better in WORDS.items():
            for found in re.finditer(pattern, bare):
                line = bare.count("\n", 0, found.start()) + 1
                where = f"{place}, line {line}" if place else f"line {line}"
                yield f"{path}: {where}: write {better} and not {found[0]!r}"


def book():
    """Return every file whose words are looked at."""
    found = [*(ROOT / "book").rglob("*.md"), *(ROOT / "book").rglob("*.ipynb")]
    found += [*(ROOT / "googlenet_edu").rglob("*.json"), ROOT / "README.md", ROOT / "CHANGELOG.md"]
    return sorted(path for path in found if not SKIP & set(path.parts))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="files (default: the whole book)")
    paths = parser.parse_args(arguments).paths or book()
    found = [one for path in paths if path.name != "CONTRIBUTING.md" for one in faults(path)]
    print("\n".join(found) if found else f"{len(paths)} files: the words are the book's own")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
