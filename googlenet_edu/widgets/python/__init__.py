"""The Python side of the widgets: one file a widget, `base` and the static form."""
