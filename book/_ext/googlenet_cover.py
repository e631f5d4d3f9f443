"""Sphinx extension: the cover drawing of the whole network."""


def setup(app):
    return {}
