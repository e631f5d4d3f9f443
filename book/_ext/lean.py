"""Sphinx extension: a page carries only what the book uses.

The theme brings all of Bootstrap's and Font Awesome's styles, a script of 1.5 MB that draws
2,000 icons, and a search index in every page. After the build this extension

- takes the icon script off every page, the search scripts off all but the search page, and the
  scripts of tabs and copy buttons off pages without these;
- drops the style rules whose classes occur in no page and no script;
- cuts the icon fonts down to the icons that the remaining rules name.

Rules are dropped only where that cannot change a page: a selector goes when one of its classes
or ids stands nowhere, as a word, in any page or script. Our own styles are left alone.
"""

import logging
import re
from io import BytesIO
from pathlib import Path

import tinycss2
from fontTools.subset import Options, Subsetter, load_font, save_font

SCRIPT = re.compile(r'\s*<script[^>]*\bsrc="(?:[^"]*/)?([\w.-]+\.js)(?:\?[^"]*)?"[^>]*></script>')
ICON_SCRIPT = "fontawesome.js"
logging.getLogger("fontTools").setLevel(logging.WARNING)  # not every table that it looked at
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")
ONLY_WITH = {
    "design-tabs.js": "sd-tab-set",
    "clipboard.min.js": 'class="highlight',
    "copybutton.js": 'class="highlight',
}
WORD = re.compile(r"[\w-]+")
# Bootstrap's script joins such class names from pieces.
JOINED = re.compile(r"^(?:bs-|tooltip|popover|dropdown|modal|offcanvas|collaps|show|fade)")
OURS = ("book.css", "reference.css", "googlenet-widgets.css")
ICON_STYLES = ("brands-400", "regular-400", "solid-900")


def is_needed(selector, words):
    """Say whether a selector, as a list of tokens, could match something in the book."""
    for before, token in zip([None, *selector], selector, strict=False):
        name = None
        if token.type == "ident" and before is not None and before == ".":
            name = token.value
        elif token.type == "hash":
            name = token.value
        if name and name not in words and not JOINED.match(name):
            return False
    return True


def split_selectors(tokens):
    """Split a rule's prelude at its commas; those inside :is(...) belong to their function."""
    parts = [[]]
    for token in tokens:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def lean_rules(rules, words):
    """Return the text of the rules that something in the book can match."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            needed = [part for part in split_selectors(rule.prelude) if is_needed(part, words)]
            if needed:
                selectors = ",".join(tinycss2.serialize(part).strip() for part in needed)
                kept.append(f"{selectors}{{{tinycss2.serialize(rule.content)}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            text = lean_rules(inner, words)
            if text:
                kept.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{text}}}")
        elif rule.type == "comment" and rule.value.startswith("!"):  # a licence
            kept.append(rule.serialize())
        elif rule.type != "comment":
            kept.append(rule.serialize())
    return "".join(kept)


def lean_style(text, words):
    """Return a style sheet without the rules that match nothing in the book."""
    rules = tinycss2.parse_stylesheet(text, skip_whitespace=True)
    return lean_rules(rules, words)


def lean_page(text, is_search):
    """Return a page without the scripts that it does not use."""
    unwanted = {name for name, sign in ONLY_WITH.items() if sign not in text}
    unwanted |= {ICON_SCRIPT} if is_search else {ICON_SCRIPT, *SEARCH}
    return SCRIPT.sub(lambda one: "" if one[1] in unwanted else one[0], text)


def cut_font(data, codes):
    """Return a WOFF2 font with only these characters."""
    options = Options(flavor="woff2", hinting=False)
    options.name_IDs = ["*"]  # keep the copyright and the licence
    font = load_font(BytesIO(data), options)
    subset = Subsetter(options)
    subset.populate(unicodes=codes)
    subset.subset(font)
    out = BytesIO()
    save_font(font, out, options)
    return out.getvalue()


def used_words(root, pages):
    """Return every word of the pages and scripts: whatever could be a class or an id."""
    found = set()
    for path in [*pages, *(root / "_static").rglob("*.js")]:
        found.update(WORD.findall(path.read_text(encoding="utf-8")))
    return found


def lean_icons(root, styles):
    """Cut the icon fonts to the icons that the styles still name; drop what no page can show."""
    codes = {ord(one) for text in styles.values() for one in text if "\ue000" <= one <= "\uf8ff"}
    for kind in ICON_STYLES:
        for path in (root / "_static").rglob(f"fa-{kind}.woff2"):
            path.write_bytes(cut_font(path.read_bytes(), codes))
        for path in (root / "_static").rglob(f"fa-{kind}.ttf"):
            path.unlink()


def make_lean(app, exception):
    """Do it, once all pages and files are written."""
    if exception is not None or app.builder.format != "html":
        return
    root = Path(app.outdir)
    pages = [path for path in root.rglob("*.html") if "_sources" not in path.parts]
    for path in pages:
        text = path.read_text(encoding="utf-8")
        path.write_text(lean_page(text, path.name == "search.html"), encoding="utf-8", newline="\n")
    for path in (root / "_static").rglob(ICON_SCRIPT + "*"):
        path.unlink()
    words = used_words(root, pages)
    styles = {}
    for path in (root / "_static").rglob("*.css"):
        if path.name not in OURS:
            styles[path] = lean_style(path.read_text(encoding="utf-8"), words)
            # Only WOFF2 is left of the icon fonts, which every browser since 2018 reads.
            styles[path] = re.sub(r",\s*url\([^)]*\.ttf\)\s*format\([^)]*\)", "", styles[path])
            path.write_text(styles[path], encoding="utf-8", newline="\n")
    lean_icons(root, styles)


def setup(app):
    app.connect("build-finished", make_lean, priority=850)  # before the look at what is left
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
