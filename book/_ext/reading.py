"""Sphinx extension: how long a chapter takes, ways through the book, and its preview cards.

Each chapter says under its title how many minutes it takes. `{reading-path}` lists chapters with
their times, in an order for one kind of reader. Each page tells other programs its title, its
first sentence and, where the book's address is known, a picture.
"""

import fnmatch
import re
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

WORDS_A_MINUTE = 200  # careful reading of an explanation
LINES_A_MINUTE = 15  # code is read, run and compared with its output
WIDGET_MINUTES = 2
ITEM = re.compile(r"(\S+?)(?:: +(.+))?$")


def minutes(doctree):
    """Return the minutes a chapter takes, in steps of five."""
    words = lines = widgets = 0
    for node in doctree.findall():
        if isinstance(node, nodes.literal_block):
            lines += node.astext().count("\n") + 1
        elif isinstance(node, nodes.raw):
            widgets += node.astext().count("data-gn-widget")
        elif isinstance(node, nodes.paragraph | nodes.title | nodes.entry):
            words += len(node.astext().split()) if not node.traverse(nodes.entry) else 0
    total = words / WORDS_A_MINUTE + lines / LINES_A_MINUTE + widgets * WIDGET_MINUTES
    return max(5, 5 * round(total / 5))


def first_sentence(doctree):
    """Return the page's first paragraph, cut after about 200 characters."""
    for node in doctree.findall(nodes.paragraph):
        text = " ".join(node.astext().split())
        if len(text) > 30:
            return text if len(text) <= 200 else text[:197].rsplit(" ", 1)[0] + " ..."
    return ""


def is_chapter(env, page):
    """True for pages that are notebooks: they are read, the others are looked things up in."""
    return Path(env.doc2path(page)).suffix == ".ipynb"


def note_page(app, doctree):
    """Remember each page's time and its first sentence."""
    env = app.env
    if not hasattr(env, "book_pages"):
        env.book_pages = {}
    time = minutes(doctree) if is_chapter(env, env.docname) else 0
    env.book_pages[env.docname] = (time, first_sentence(doctree))


def forget_page(app, env, page):
    getattr(env, "book_pages", {}).pop(page, None)


def merge_pages(app, env, pages, other):
    found = getattr(other, "book_pages", {})
    env.book_pages = {**getattr(env, "book_pages", {}), **{page: found[page] for page in pages}}


def duration(total):
    """Return minutes as words: about 40 minutes, about 3 hours."""
    if total < 90:
        return f"about {total} minutes"
    halves = round(total / 30)
    return f"about {halves // 2}{' ½' if halves % 2 else ''} hours".replace(" ½", "½")


class reading_path(nodes.General, nodes.Element):
    """Stands for the list until every page has been read."""


class ReadingPath(SphinxDirective):
    """```{reading-path}```: a line for each chapter, `book/sizes/pooling: why it is worth it`.

    A name may hold a star; what it does not find is left out, so that a path may name parts of
    the book that a shorter edition lacks.
    """

    has_content = True

    def run(self):
        node = reading_path()
        for line in self.content:
            found = ITEM.fullmatch(line.strip())
            if not found:
                raise self.error(f"a line is `page: why`, but got {line!r}")
            words, messages = self.state.inline_text(found[2] or "", self.lineno)
            node += nodes.inline("", "", *words, *messages, page=found[1])
        return [node]


def in_order(env):
    """Return the pages in the order of the table of contents."""
    order, todo = [], [env.config.root_doc]
    while todo:
        page = todo.pop(0)
        if page not in order:
            order.append(page)
            todo[:0] = env.toctree_includes.get(page, [])
    return order


def resolve_paths(app, doctree, page):
    """Put the list, with titles and times, in the place of each path."""
    env = app.env
    for node in list(doctree.findall(reading_path)):
        steps, total = nodes.enumerated_list(enumtype="arabic", classes=["book-path"]), 0
        for item in node.children:
            name = item["page"]
            found = [one for one in in_order(env) if fnmatch.fnmatch(one, name)]
            if not found and "*" not in name:
                raise ExtensionError(f"{page}: the reading path names {name}, which is no page")
            for one in found:
                time = env.book_pages[one][0]
                total += time
                steps += step(app, page, one, item.deepcopy().children, time)
        inside = [steps]
        if total:
            words = f"Together {duration(total)}, with the cells and sliders."
            inside.append(nodes.paragraph("", words, classes=["book-time"]))
        node.replace_self(inside)


def step(app, page, target, why, time):
    """Return one line of a path: the title as a link, the time, the reason."""
    address = app.builder.get_relative_uri(page, target)
    link = nodes.reference("", "", internal=True, refuri=address)
    link += nodes.inline("", app.env.titles[target].astext())
    line = nodes.paragraph("", "", link)
    if time:
        line += nodes.inline("", f" ({time} min)", classes=["book-minutes"])
    if why:
        line += [nodes.Text(": "), *why]
    return nodes.list_item("", line)


def show_page(app, pagename, templatename, context, doctree):
    """Give the templates a page's time, its first sentence, and all pages for the missing one."""
    time, sentence = getattr(app.env, "book_pages", {}).get(pagename, (0, ""))
    context["minutes"] = time
    if doctree is not None:
        context["card"] = sentence
    if pagename == "404":
        titles = {page: app.env.titles[page].astext() for page in app.env.found_docs}
        context["chapters"] = sorted(titles.items(), key=lambda item: item[1].lower())


def setup(app):
    app.add_node(reading_path)
    app.add_directive("reading-path", ReadingPath)
    app.connect("doctree-read", note_page)
    app.connect("env-purge-doc", forget_page)
    app.connect("env-merge-info", merge_pages)
    app.connect("doctree-resolved", resolve_paths)
    app.connect("html-page-context", show_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
