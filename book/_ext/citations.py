"""Sphinx extension: the entries of the bibliography are the items of its list.

docutils writes the role doc-biblioentry, which is deprecated and no item of a list, so a screen
reader would announce an empty list.
"""


def name_list_items(app, pagename, templatename, context, doctree):
    """Replace the role in a page's text."""
    body = context.get("body", "")
    if 'role="doc-biblioentry"' in body:
        context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app):
    app.connect("html-page-context", name_list_items)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
