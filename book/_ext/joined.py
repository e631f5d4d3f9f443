"""Sphinx extension: a page asks for few files, and its widgets work before the theme does.

The theme and the other extensions bring a dozen style sheets and as many scripts. A browser asks
for each by itself, and scripts in the head stop the page until they have run. After the build this
extension

- joins a page's style sheets into one file, in their order; pages with the same list share it;
- has the browser draw a page when it has read all of it, instead of three times on the way;
- says "light" or "dark" in the head already, where the theme said "auto" until its script had run
  and then had every style worked out again;
- runs the widgets' script, and the one that folds solutions, when the page is read, and all others
  when the page has been drawn: those that all pages have as one file, then the page's own. The
  small one with the page's settings, which inline scripts rely on, is written into the page.

`document.documentElement.dataset.scripts` is "done" when all have run. The single files stay where
they were.
"""

import hashlib
import json
import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

HEAD = re.compile(r"<head>.*?</head>", re.DOTALL)
STYLE = re.compile(r'\s*<link\b[^>]*\bhref="([^"?:]+\.css)(?:\?[^"]*)?"[^>]*>')
SCRIPT = re.compile(r'\s*<script\b[^>]*\bsrc="([^"?:]+\.js)(?:\?[^"]*)?"[^>]*></script>')
PRELOAD = re.compile(r'\s*<link rel="preload" as="script"[^>]*>')
IMPORT = re.compile(r"""@import\s+(?:url\()?["']([^"']+)["']\)?\s*;""")
CHARSET = re.compile(r"@charset[^;]*;", re.IGNORECASE)
# Addresses relative to the file; those in a picture written into the style begin with # or %23.
ADDRESS = re.compile(r"""url\(\s*(["']?)(?![a-z]+:|[/#%])([^"')]+)\1\s*\)""", re.IGNORECASE)
SETTINGS = "documentation_options.js"
FIRST = ("googlenet-widgets.js", "togglebutton.js")
END = "page-end"
# Other browsers than Chromium pass over it.
WAIT = f'\n    <link rel="expect" href="#{END}" blocking="render" />'
AUTO = 'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";'
DECIDED = """{ const mode = document.documentElement.dataset.mode;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = mode !== "auto" ? mode : dark ? "dark" : "light"; }"""
# Two frames: what widgets draw of themselves in the first is seen in the second.
LATER = """
    <script data-later='ADDRESSES'>{
      const addresses = JSON.parse(document.currentScript.dataset.later);
      const add = () => {
        for (const src of addresses) {
          const script = Object.assign(document.createElement("script"), { src, async: false });
          script.onload = () => {
            if (src === addresses.at(-1)) document.documentElement.dataset.scripts = "done";
          };
          document.head.append(script);
        }
      };
      const drawn = () => requestAnimationFrame(() => requestAnimationFrame(add));
      addEventListener("DOMContentLoaded", drawn);
    }</script>"""


def style_text(root, name):
    """Return the style sheet at root/name for use from _static, its imports written out.

    A comment names the file.
    """
    text = CHARSET.sub("", (root / name).read_text(encoding="utf-8"))
    folder = str(PurePosixPath(name).parent)

    def bent(one):
        target = normpath(f"{folder}/{one[2]}")
        return f'url("{relpath(target, "_static")}")'

    parts = IMPORT.split(text)  # text, address, text, address, text...
    parts[::2] = [ADDRESS.sub(bent, part) for part in parts[::2]]
    parts[1::2] = [style_text(root, normpath(f"{folder}/{part}")) for part in parts[1::2]]
    return f"/* {relpath(name, '_static')} */\n{''.join(parts)}\n"


def script_text(root, name):
    """Return the script at root/name so that others can follow it in the same file."""
    text = (root / name).read_text(encoding="utf-8")
    # The empty statement keeps a first "use strict" from counting for the files that follow.
    return f";/* {relpath(name, '_static')} */\n{text}\n"


def write_joined(root, names, text_of, kind):
    """Join files into one under _static, named after its contents; return its path in root."""
    text = "".join(text_of(root, name) for name in names)
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]
    path = f"_static/joined-{digest}.{kind}"
    (root / path).write_text(text, encoding="utf-8", newline="\n")
    return path


class Page:
    """A built page: the paths in root of the styles in its head and of its scripts."""

    def __init__(self, root, path):
        self.root, self.path = root, path
        self.folder = path.relative_to(root).parent.as_posix()
        text = path.read_text(encoding="utf-8")
        head = HEAD.search(text)
        if head is None:  # not a page of the theme
            self.styles = self.scripts = []
            return
        self.start, self.head, self.end = text[: head.start()], head[0], text[head.end() :]
        self.styles = self._known(STYLE, self.head)
        self.scripts = self._known(SCRIPT, text)

    def _inside(self, address):
        return normpath(f"{self.folder}/{address}")

    def _known(self, pattern, text):
        found = [self._inside(one[1]) for one in pattern.finditer(text)]
        return [name for name in found if (self.root / name).is_file()]

    def _without(self, names, pattern, text, instead=""):
        """Take the tags of these files out of text; the first leaves `instead` in its place."""
        left = [instead]

        def new(one):
            if self._inside(one[1]) not in names:
                return one[0]
            return left.pop() if left else ""

        return pattern.sub(new, text)

    def rewrite(self, style, script, shared):
        """Put the joined style and script in the place of their parts, and write the page."""
        link = (
            f'\n    <link rel="stylesheet" type="text/css" href="{relpath(style, self.folder)}" />'
        )
        head = self._without(self.styles, STYLE, self.head, link)
        head = PRELOAD.sub("", head).replace(AUTO, DECIDED)
        kinds = {"settings": [], "first": [], "own": []}
        for name in self.scripts:
            file = PurePosixPath(name).name
            kind = "settings" if file == SETTINGS else "first" if file in FIRST else "own"
            if name not in shared:
                kinds[kind].append(name)
        for name in kinds["settings"]:
            text = (self.root / name).read_text(encoding="utf-8")
            head = self._without([name], SCRIPT, head, f"\n    <script>{text}</script>")
        head = self._without(self.scripts, SCRIPT, head).removesuffix("</head>").rstrip() + WAIT
        first = [relpath(name, self.folder) for name in kinds["first"]]
        later = [relpath(name, self.folder) for name in (script, *kinds["own"])]
        for one in later:
            head += f'\n    <link rel="preload" as="script" href="{one}" />'
        for one in first:
            head += f'\n    <script defer="defer" src="{one}"></script>'
        head += LATER.replace("ADDRESSES", json.dumps(later)) + "\n  </head>"
        end = self._without(self.scripts, SCRIPT, self.end)
        end = end.replace("</body>", f'<span id="{END}"></span>\n  </body>')
        self.path.write_text(self.start + head + end, encoding="utf-8", newline="\n")


def join_files(app, exception):
    """Do it, once all pages and files are written and cut."""
    if exception is not None or app.builder.format != "html":
        return
    root = Path(app.outdir)
    paths = [path for path in root.rglob("*.html") if "_sources" not in path.parts]
    pages = [page for page in (Page(root, path) for path in paths) if page.styles]
    shared = [
        name
        for name in pages[0].scripts
        if PurePosixPath(name).name not in (SETTINGS, *FIRST)
        and all(name in page.scripts for page in pages)
    ]
    script = write_joined(root, shared, script_text, "js")
    styles = {}
    for page in pages:
        names = tuple(page.styles)
        if names not in styles:
            styles[names] = write_joined(root, names, style_text, "css")
        page.rewrite(styles[names], script, shared)


def setup(app):
    # After rules and scripts are cut, before the look at what is left.
    app.connect("build-finished", join_files, priority=860)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
