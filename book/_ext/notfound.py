"""Sphinx extension: 404.html, which a web server shows for a missing page at any depth.

The page stands alone, since it cannot know how deep the missing address was. Its script looks for
the book's root upwards from that address, sets the links by it, and offers the chapter whose file
has the name that was asked for. Without the script, its links work at the root.
"""

from html import escape
from pathlib import Path
from string import Template

TEMPLATE = Path(__file__).with_suffix(".html")


def write_page(app, exception):
    """Write 404.html into the root of the built book."""
    if exception is not None or app.builder.format != "html":
        return
    titles = {page: app.env.titles[page].astext() for page in app.env.found_docs}
    links = "\n".join(
        f'<li><a href="{escape(page)}.html">{escape(title)}</a></li>'
        for page, title in sorted(titles.items(), key=lambda item: item[1].lower())
    )
    text = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        book=escape(app.config.html_title), root=f"{app.config.root_doc}.html", links=links
    )
    (Path(app.outdir) / "404.html").write_text(text, encoding="utf-8", newline="\n")


def setup(app):
    app.connect("build-finished", write_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
