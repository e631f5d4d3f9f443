"""A page asks for few files, and its widgets work before the theme does.

The theme and the extensions bring a dozen style sheets and as many scripts. A browser asks for each
by itself, and scripts in the head stop the page until they have run. So the book's layout.html
hands the theme's tags to a PageFiles, which notes them, and has back

- one style sheet, all of the page's in their order; pages with the same list share it;
- the widgets' script and the one that folds solutions, which run when the page is read;
- all other scripts for when the page has been drawn: those that all pages have as one file, then
  the page's own. The small one with the settings, which inline scripts rely on, is written out.

`document.documentElement.dataset.scripts` is "done" when all have run. The files are joined when
all pages are written (see `finishing`); till then a name that begins with LIST stands for them.
"""

import hashlib
import re
from pathlib import Path, PurePosixPath
from posixpath import dirname, normpath, relpath

TAG = re.compile(
    r'\s*(?:<link\b[^>]*\bhref="([^"?:]+\.(?:css|js))(?:\?[^"]*)?"[^>]*>'
    r'|<script\b[^>]*\bsrc="([^"?:]+\.js)(?:\?[^"]*)?"[^>]*></script>)'
)
IMPORT = re.compile(r"""@import\s+(?:url\()?["']([^"']+)["']\)?\s*;""")
CHARSET = re.compile(r"@charset[^;]*;", re.IGNORECASE)
# Addresses relative to the file; those in a picture written into the style begin with # or %23.
ADDRESS = re.compile(r"""url\(\s*(["']?)(?![a-z]+:|[/#%])([^"')]+)\1\s*\)""", re.IGNORECASE)
SETTINGS = "documentation_options.js"
FIRST = ("googlenet-widgets.js", "togglebutton.js")
SEARCH = "the search page"
ONLY_WITH = {  # script: what a page has that needs it
    "design-tabs.js": "sd-tab-set",
    "clipboard.min.js": 'class="highlight',
    "copybutton.js": 'class="highlight',
    "searchtools.js": SEARCH,
    "language_data.js": SEARCH,
    "searchindex.js": SEARCH,
}
LIST = "_static/joined-list-"


def digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]


class PageFiles:
    """The style sheets and scripts of one page, as paths in the book's root."""

    def __init__(self, root, page, body):
        self.root, self.folder = root, dirname(page) or "."
        self.signs = SEARCH if page == "search" else body
        self.styles, self.scripts = [], []

    def names(self, html):
        return [normpath(f"{self.folder}/{one[1] or one[2]}") for one in TAG.finditer(html)]

    def take(self, html, without=""):
        """Note the files that a block of a template asks for; return the rest of it.

        Those of the block `without` are left out, and hints to load a file early with them.
        """
        unwanted = self.names(without)

        def note(found):
            name = normpath(f"{self.folder}/{found[1] or found[2]}")
            files = self.styles if name.endswith(".css") else self.scripts
            hint = name.endswith(".js") and found[1]
            if not (hint or name in unwanted or name in files):
                files.append(name)
            return ""

        return TAG.sub(note, html)

    def parts(self):
        """Return (scripts that all pages have, scripts of the page's own)."""
        named = {PurePosixPath(name).name: name for name in self.scripts}
        own = [named[one] for one in named if self.signs and ONLY_WITH.get(one, "\0") in self.signs]
        return [
            name for one, name in named.items() if one not in (SETTINGS, *FIRST, *ONLY_WITH)
        ], own

    def address(self, name):
        return relpath(name, self.folder)

    @property
    def style(self):
        return self.address(f"{LIST}{digest(' '.join(self.styles))}.css")

    def settings(self):
        """Return the text of the script with the page's settings."""
        [name] = [one for one in self.scripts if PurePosixPath(one).name == SETTINGS]
        return (self.root / name).read_text(encoding="utf-8")

    def first(self):
        found = [one for one in self.scripts if PurePosixPath(one).name in FIRST]
        return [self.address(one) for one in found]

    def later(self):
        shared, own = self.parts()
        joined = f"{LIST}{digest(' '.join(shared))}.js"
        return [self.address(name) for name in (joined, *own)]


def style_text(root, name, lean=lambda text, name: text):
    """Return the style sheet at root/name for use from _static, its imports written out.

    A comment names the file; `lean` may cut the text.
    """
    text = lean(CHARSET.sub("", (root / name).read_text(encoding="utf-8")), name)
    folder = str(PurePosixPath(name).parent)

    def bent(one):
        target = normpath(f"{folder}/{one[2]}")
        return f'url("{relpath(target, "_static")}")'

    parts = IMPORT.split(text)  # text, address, text, address, text...
    parts[::2] = [ADDRESS.sub(bent, part) for part in parts[::2]]
    parts[1::2] = [style_text(root, normpath(f"{folder}/{part}"), lean) for part in parts[1::2]]
    return f"/* {relpath(name, '_static')} */\n{''.join(parts)}\n"


def script_text(root, name):
    """Return the script at root/name so that others can follow it in the same file."""
    text = (root / name).read_text(encoding="utf-8")
    # The empty statement keeps a first "use strict" from counting for the files that follow.
    return f";/* {relpath(name, '_static')} */\n{text}\n"


def write_joined(root, text, kind):
    """Write joined files as one under _static, named after its contents; return its path."""
    path = f"_static/joined-{digest(text)}.{kind}"
    (root / path).write_text(text, encoding="utf-8", newline="\n")
    return path


def note_files(app, page, template, context, doctree):
    """Give the page's template its PageFiles."""
    context["files"] = PageFiles(Path(app.outdir), page, context.get("body") or "")
    app.googlenet_files[page] = context["files"]


def start(app):
    app.googlenet_files = {}


def setup(app):
    app.connect("builder-inited", start)
    app.connect("html-page-context", note_files)
    # The files of all pages are known to one process only.
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": False}
