"""Sphinx extension: what happens to the book when its pages are written, in this order.

Each page is read once before the first step and written once after the last.
"""

import re
from pathlib import Path, PurePosixPath

import assignments
import editions
import googlenet_widgets
import joined
import lean
import offline
import travel
from sphinx.errors import ExtensionError

# Only files of the book: one of another machine is for the offline check to name.
LOADED = re.compile(r"""<(?:script\b[^>]*\bsrc=|link\b[^>]*\brel="stylesheet").*?>""")
SHARED_ID = re.compile(r' id="(?:exercise|solution)-content"')
REMOTE = re.compile(r"""(?:src|href)=["']?(?:\w+:|//)""")


def check_structure(app, pages):
    """Stop when the theme is not what layout.html and the next steps expect."""
    files = app.googlenet_files
    asked = {PurePosixPath(one).name for page in files.values() for one in page.scripts}
    needed = {*joined.ONLY_WITH, "togglebutton.js", joined.SETTINGS}
    faults = [f"no page asks for {name}" for name in sorted(needed - asked)]
    for page, own in files.items():
        text = pages.get(Path(app.outdir, f"{page}.html"), "")
        if page == "404":
            continue
        for part in (own.style, 'id="page-end"', '<article class="bd-article', "data-later="):
            if page != "search" and part not in text:
                faults.append(f"{page}.html lacks {part}")
        loaded = [one for one in LOADED.findall(text) if not REMOTE.search(one)]
        if len(loaded) != 1 + len(own.first()):
            faults.append(f"{page}.html loads files past book/_templates/layout.html")
    if faults:
        raise ExtensionError(
            f"The theme ({app.config.html_theme}) is not what the book expects: {faults[0]}. Look "
            "at book/_templates and book/_ext/joined.py, or install the versions of requirements/."
        )


def drop_shared_ids(app, pages):
    """An id is one element's: sphinx-exercise gives all exercises' insides the same, unlinked."""
    for path, text in pages.items():
        pages[path] = SHARED_ID.sub("", text)


STEPS = (
    drop_shared_ids,
    assignments.write_downloads,
    editions.clean_downloads,
    travel.write_travellers,
    googlenet_widgets.check_assets,
    check_structure,
    lean.join_files,  # without the rules and icons that no page uses
    offline.check_built_files,  # last: what it reads is what readers get
)


def finish(app, exception):
    if exception is not None or app.builder.format != "html":
        return
    root = Path(app.outdir)
    skip = {"_sources", "_static"}
    paths = [one for one in sorted(root.rglob("*.html")) if not skip & set(one.parts)]
    pages = {path: path.read_text(encoding="utf-8") for path in paths}
    for step in STEPS:
        step(app, pages)
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8", newline="\n")


def setup(app):
    # After the theme, which writes pygments.css when the build is finished.
    app.connect("build-finished", finish, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
