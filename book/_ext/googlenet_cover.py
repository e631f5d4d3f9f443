"""Sphinx extension: the cover, a drawing to scale of the whole network.

`{googlenet-cover}` shows the drawing of googlenet_edu's draw_network as the book's cover: as wide
as the page, in the colors and sizes of the book's style sheet.
"""

from html import escape

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from googlenet_edu.plots import draw_network


def cover_svg():
    """Return the cover as SVG text; colors come from the book's style sheet."""
    drawing = draw_network()
    width, height = drawing.size
    return (
        f'<svg class="gc-cover" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="gc-title gc-desc" xmlns="http://www.w3.org/2000/svg">'
        '<title id="gc-title">GoogLeNet, drawn to scale</title>'
        f'<desc id="gc-desc">{escape(drawing.alt)}</desc>{drawing.body}</svg>'
    )


class CoverDirective(SphinxDirective):
    """```{googlenet-cover}```: the drawing with a caption."""

    has_content = True

    def run(self):
        figure = nodes.container(classes=["gc-figure"])
        figure += nodes.raw("", cover_svg(), format="html")
        if self.content:
            caption = nodes.paragraph(classes=["gc-caption"])
            words, messages = self.state.inline_text(" ".join(self.content), self.lineno)
            caption += words + messages
            figure += caption
        return [figure]


def setup(app):
    app.add_directive("googlenet-cover", CoverDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
