"""What a student wrote, as a page may show it: Markdown, formulas and pictures, nothing that acts.

`nbgrader_config.py` gives `markdown` to nbgrader's form grader and `Feedback` to its feedback.
Chapter: book/classroom/teaching.
"""

import html
import re

from bs4 import BeautifulSoup
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

__all__ = ["IMAGES", "Feedback", "markdown"]

IMAGES = ("image/png", "image/jpeg", "image/gif")
WEB = re.compile(r"https?://|mailto:", re.IGNORECASE)
PICTURE = re.compile(r"(?!/)[\w ./-]+\.(?:png|jpe?g|gif)", re.IGNORECASE)


class Written(IPythonRenderer):
    """HTML, and addresses that could run a script or ask the teacher's server, become text."""

    def link(self, text, url, title=None):
        if WEB.match(url):
            return f'<a href="{html.escape(url)}" rel="noopener noreferrer">{text}</a>'
        return f"{text} ({html.escape(url)})"

    def image(self, text, url, title=None):
        kinds = self.attachments.get(url.removeprefix("attachment:"), {})
        kind = next((kind for kind in IMAGES if kind in kinds), None)
        if url.startswith("attachment:") and kind:
            url = f"data:{kind};base64,{kinds[kind]}"
        elif not PICTURE.fullmatch(url):
            return f"[{text or 'picture'}: {html.escape(url)}]"
        return f'<img src="{html.escape(url)}" alt="{html.escape(html.unescape(text))}">'

    def block_mermaidjs(self, code):
        return f"<pre>{html.escape(code)}</pre>"


@pass_context
def markdown(context, source):
    """Return a cell's Markdown as HTML: nbconvert's filter `markdown2html`, replaced."""
    attachments = context.get("cell", {}).get("attachments", {})
    return MarkdownWithMath(renderer=Written(escape=True, attachments=attachments)).render(source)


class Feedback(HTMLExporter):
    """nbgrader's page of feedback, without any script and so without what scripts come from."""

    def default_filters(self):
        yield from super().default_filters()
        yield "markdown2html", markdown

    def from_notebook_node(self, nb, resources=None, **more):
        page, resources = super().from_notebook_node(nb, resources, **more)
        soup = BeautifulSoup(page, features="html.parser")
        for script in soup("script"):
            script.decompose()
        return str(soup), resources
