"""A page carries only what the book uses.

The theme brings all of Bootstrap's and Font Awesome's styles and 2,000 icons. When the pages are
written this module

- drops the style rules whose classes occur in no page and no script of a page;
- cuts the icon fonts down to the icons that the remaining rules name;
- leaves names and punctuation in code without a tag, whose color is that of all code;
- joins style sheets and scripts (see `joined`) and removes the files that nothing names.

Rules are dropped only where that cannot change a page: a selector goes when one of its classes
or ids stands nowhere, as a word, in any page or script. Our own styles are left alone.
"""

import functools
import logging
import re
from io import BytesIO
from pathlib import Path, PurePosixPath

import joined
import tinycss2
from fontTools.subset import Options, Subsetter, load_font, save_font

logging.getLogger("fontTools").setLevel(logging.WARNING)  # not every table that it looked at
WORD = re.compile(r"[\w-]+")
# Bootstrap's script joins such class names from pieces.
JOINED = re.compile(r"^(?:bs-|tooltip|popover|dropdown|modal|offcanvas|collaps|show|fade)")
OURS = ("book-colors.css", "book.css", "reference.css", "googlenet-widgets.css")
UNASKED = ("widgets-embed", "live", "live-digits", "live-fashion")  # scripts that no page names
OUR_FONT = "fonts/stix-two-math-subset.woff2"
PLAIN = re.compile(r'<span class="[npw]">([^<]*)</span>')


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
        elif rule.type == "comment" and rule.value.startswith("!"):  # a license
            kept.append(rule.serialize())
        elif rule.type != "comment":
            kept.append(rule.serialize())
    return "".join(kept)


def lean_style(text, words):
    """Return a style sheet without the rules that match nothing in the book."""
    rules = tinycss2.parse_stylesheet(text, skip_whitespace=True)
    return lean_rules(rules, words)


def cut_font(data, codes):
    """Return a WOFF2 font with only these characters."""
    options = Options(flavor="woff2", hinting=False)
    options.name_IDs = ["*"]  # keep the copyright and the license
    font = load_font(BytesIO(data), options)
    subset = Subsetter(options)
    subset.populate(unicodes=codes)
    subset.subset(font)
    out = BytesIO()
    save_font(font, out, options)
    return out.getvalue()


def cut_icons(root, text):
    """Cut the theme's icon fonts to the icons that its styles still name."""
    codes = {ord(one) for one in text if "\ue000" <= one <= "\uf8ff"}
    for name in set(re.findall(r'url\("([^"]+\.woff2)"\)', text)) - {OUR_FONT}:
        path = root / "_static" / name
        path.write_bytes(cut_font(path.read_bytes(), codes))


def join_files(app, pages):
    """Join the files that pages ask for, lean, and remove those that no page asks for then."""
    root = Path(app.outdir)
    files = [page for page in app.googlenet_files.values() if page.styles]  # not 404.html
    scripts = {name for page in files for name in page.scripts}
    words = {*WORD.findall(" ".join(pages.values()))}
    for name in scripts:
        words.update(WORD.findall((root / name).read_text(encoding="utf-8")))

    @functools.cache
    def sheet(name):
        return joined.style_text(root, name, lean)

    def lean(text, name):
        if PurePosixPath(name).name in OURS:
            return text
        # Only WOFF2 is left of the icon fonts, which every browser since 2018 reads.
        return re.sub(r",\s*url\([^)]*\.ttf\)\s*format\([^)]*\)", "", lean_style(text, words))

    new, kept, whole = {}, {f"_static/googlenet-{name}.js" for name in UNASKED}, ""
    for page in files:
        shared, own = page.parts()
        for names, kind, text_of in (
            (page.styles, "css", sheet),
            (shared, "js", functools.partial(joined.script_text, root)),
        ):
            key = f"{joined.LIST}{joined.digest(' '.join(names))}.{kind}"
            if key not in new:
                text = "".join(text_of(name) for name in names)
                whole += text if kind == "css" else ""
                new[key] = joined.write_joined(root, text, kind)
        kept.update(own, new.values(), (one for one in page.scripts if one.endswith(joined.FIRST)))
    cut_icons(root, whole)
    for path, text in pages.items():
        for key, name in new.items():
            text = text.replace(key, name)
        pages[path] = PLAIN.sub(r"\1", text)
    code = [(root / one).read_text(encoding="utf-8") for one in sorted(kept)]
    said = "".join([*pages.values(), *code])
    for path in sorted((root / "_static").rglob("*"), reverse=True):  # a folder after its files
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(root).as_posix() not in kept and (
            path.suffix in (".css", ".js", ".map", ".txt") or path.name not in said
        ):
            path.unlink()
