"""Sphinx extension: formulas become MathML while the book is built.

No script runs in the page, so formulas show offline, from a folder, in print and to a screen
reader. latex2mathml translates; this module mends what browsers' MathML Core does not know
(alignment attributes, boxes, spelled-out function names) and turns every formula that would
show raw LaTeX into a warning.
"""

import html
import re
from xml.etree.ElementTree import Element, tostring

from docutils import nodes
from latex2mathml.converter import convert_to_element
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

# Environments the translator does not know, and those that would count equations by themselves.
ENVIRONMENTS = {
    "aligned": "split",
    "align": "align*",
    "gathered": "matrix",
    "gather": "matrix",
    "gather*": "matrix",
    "equation": None,
    "equation*": None,
}
CHILDREN = dict(mfrac=2, msub=2, msup=2, munder=2, mover=2, mroot=2, msubsup=3, munderover=3)
FENCES = {
    r"\lfloor": "⌊",
    r"\rfloor": "⌋",
    r"\lceil": "⌈",
    r"\rceil": "⌉",
    r"\langle": "⟨",
    r"\rangle": "⟩",
}
VARIANT_CLASS = {"monospace": "gm-mono", "bold": "gm-bold", "italic": "gm-italic"}
LIMITS = {"max", "min", "lim", "sup", "inf", "argmax", "argmin"}  # what stands below them
THIN_SPACE = "0.167em"


class MathError(ValueError):
    """A formula that has no MathML."""


def prepare(latex):
    """Return LaTeX the translator knows; raises MathError for unbalanced braces."""

    def environment(found):
        word, name = found.groups()
        if name not in ENVIRONMENTS:
            return found.group()
        other = ENVIRONMENTS[name]
        return f"\\{word}{{{other}}}" if other else ""

    bare = re.sub(r"\\[\\{}]", "", latex)
    depth = 0
    for brace in re.findall("[{}]", bare):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth:
        raise MathError("its braces do not pair up")
    return re.sub(r"\\(begin|end)\{([a-z]+\*?)\}", environment, latex).strip()


def is_word(element):
    """True for a function name such as max, which the translator calls an operator."""
    text = element.text or ""
    return element.tag == "mo" and len(text) > 1 and text.isascii() and text.isalpha()


def is_number(element):
    return element.tag == "mn"


def is_plain_comma(element):
    return element.tag == "mrow" and len(element) == 1 and element[0].text == ","


def mend(element, block):
    """Change one element, and all below it, into what MathML Core understands."""
    element.text = html.unescape(element.text) if element.text else None
    for child in element:
        mend(child, block)
    join_numbers(element)
    join_upright(element)
    space_words(element, block)
    mend_attributes(element)


def join_numbers(row):
    """1{,}234 is one number, not two with a comma between."""
    place = 0
    while place + 2 < len(row):
        first, comma, second = row[place : place + 3]
        if is_number(first) and is_plain_comma(comma) and is_number(second):
            first.text += "," + second.text
            row.remove(comma)
            row.remove(second)
        else:
            place += 1


def join_upright(row):
    r"""\mathrm{out} is one word, not three letters."""
    if row.tag != "mrow":
        return
    place = 0
    while place + 1 < len(row):
        first, second = row[place : place + 2]
        both = {first.get("mathvariant"), second.get("mathvariant")}
        if first.tag == second.tag == "mi" and both == {"normal"}:
            first.text += second.text
            row.remove(second)
        else:
            place += 1


def space_words(row, block):
    """Function names are identifiers; a thin space parts them from what follows."""
    if row.tag not in ("mrow", "mtd", "mstyle", "math"):
        return
    for child in list(row):
        base = child[0] if child.tag in CHILDREN and child.tag != "mfrac" and len(child) else child
        if not is_word(base) or base.text == "mod":
            continue
        base.tag = "mi"
        if child.tag == "msub" and base.text in LIMITS and block:
            child.tag = "munder"
        place = list(row).index(child)
        if place + 1 < len(row) and row[place + 1].tag not in ("mo", "mspace"):
            row.insert(place + 1, Element("mspace", width=THIN_SPACE))
        if place and row[place - 1].tag in ("mi", "mn"):
            row.insert(place, Element("mspace", width=THIN_SPACE))


def mend_attributes(element):
    attributes = element.attrib
    text = element.text or ""
    if text in FENCES:
        element.text = text = FENCES[text]
    if element.tag == "mtext":
        element.text = text.replace(r"\_", "_").replace(r"\%", "%")
    if element.tag == "mo" and "minsize" in attributes:
        attributes.update(stretchy="true", symmetric="true")
    if element.tag == "mi" and text in FENCES.values():
        element.tag = "mo"
        attributes["stretchy"] = "false"
    if element.tag == "menclose":
        element.tag = "mrow"
        attributes.clear()
        attributes["class"] = "gm-boxed"
    if attributes.get("columnalign"):
        attributes["style"] = f"text-align:{attributes.pop('columnalign').split()[0]}"
    if element.tag == "mtable":
        tight = attributes.pop("columnspacing", "").startswith("0em")
        attributes.pop("rowspacing", None)
        attributes["class"] = "gm-align" if tight else "gm-table"
    variant = attributes.get("mathvariant")
    if variant and not (variant == "normal" and element.tag == "mi"):
        del attributes["mathvariant"]
        if variant in VARIANT_CLASS:
            attributes["class"] = VARIANT_CLASS[variant]
    if element.get("class") == "gm-table" and is_split(element):
        attributes["class"] = "gm-align"


def is_split(table):
    """True when the cells alternate right, left: an aligned equation."""
    sides = [cell.get("style") for cell in table[0]] if len(table) else []
    return sides[:2] == ["text-align:right", "text-align:left"]


def check(element):
    """Raise MathError for what would show raw LaTeX or broken MathML."""
    wanted = CHILDREN.get(element.tag)
    if wanted and len(element) != wanted:
        raise MathError(f"{element.tag} has {len(element)} parts instead of {wanted}")
    text = element.text or ""
    if text.startswith("\\") or (text in ("&", "{", "}", "#") and element.tag == "mi"):
        raise MathError(f"{text!r} is not understood")
    for child in element:
        check(child)


def translate(latex, block=False):
    """Return MathML for LaTeX, as HTML text; raises MathError."""
    source = prepare(latex)
    try:
        math = convert_to_element(source, display="block" if block else "inline")
    except Exception as error:  # the translator raises its own kinds and plain Python's
        raise MathError(str(error) or type(error).__name__) from error
    mend(math, block)
    check(math)
    del math.attrib["xmlns"]
    if not block:
        del math.attrib["display"]
    return tostring(math, encoding="unicode", short_empty_elements=False)


def mathml_or_warning(latex, node, block):
    try:
        return translate(latex, block)
    except MathError as error:
        logger.warning("cannot show the formula %r: %s", latex, error, location=node)
        fallback = Element("code")
        fallback.text = latex
        return tostring(fallback, encoding="unicode")


def visit_inline(self, node):
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate"))
    self.body.append(mathml_or_warning(node.astext(), node, block=False) + "</span>")
    raise nodes.SkipNode


def visit_block(self, node):
    self.body.append(self.starttag(node, "div", CLASS="math notranslate"))
    self.body.append('<div class="math-box">')
    self.body.append(mathml_or_warning(node.astext(), node, block=True) + "</div>")
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
