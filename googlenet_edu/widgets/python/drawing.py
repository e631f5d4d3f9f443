"""The static drawings: the same as drawing.js makes, in one fixed width."""

__all__ = ["PAINT", "draw"]

CELL = 16
DRAWABLE = 2**50  # as in drawing.js
WIDTH = 640
# Colors for hosts that drop the style sheet; widgets.css overrides them in light and dark.
PAINT = {
    "gn-cell": 'fill="#cfe0f5" stroke="#8aa4c8"',
    "gn-pad": 'fill="#e6e8ed" stroke="#8d97a8" stroke-dasharray="2 2"',
    "gn-unread": 'fill="#fbe3d6" stroke="#b23a06"',
    "gn-out-of-reach": 'fill="none" stroke="#8d97a8" stroke-dasharray="1 3"',
    "gn-reading": 'fill="#1d5bb8" fill-opacity="0.28" stroke="#1d5bb8"',
    "gn-result": 'fill="#bfe5d6" stroke="#0b6b52"',
    "gn-chosen": 'fill="#0b6b52"',
    "gn-window": 'stroke="#6b7688" stroke-width="2.5"',
    "gn-dropped": 'stroke="#b23a06" stroke-width="3" stroke-dasharray="4 3"',
    "gn-bar": 'fill="#cfe0f5" stroke="#1d5bb8"',
    "gn-branch1": 'fill="#3b78d8"',
    "gn-branch2": 'fill="#17937a"',
    "gn-branch3": 'fill="#e2952a"',
    "gn-branch4": 'fill="#b25797"',
    "gn-arrow": 'fill="none" stroke="#6b7688" stroke-width="2"',
}


def _svg(width, height, label, body):
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{label}">{body}</svg>'
    )


def _box(x, y, width, height, kind):
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'class="{kind}" {PAINT[kind]}/>'
    )


def _text(x, y, words, anchor="middle"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="gn-small" font-size="12" '
        f'fill="#6b7688">{words}</text>'
    )


def draw(axis):
    """Return both drawings of an axis, or a sentence where the numbers are too large."""
    if axis.padded + axis.span + axis.stride * (axis.whole + 1) >= DRAWABLE:
        return "<p>Too large to draw; the numbers are exact.</p>"
    return draw_squares(axis) + draw_cells(axis)


def draw_cells(axis):
    """Return an SVG of both ends of the axis, cell by cell, with the windows below them."""
    made = axis.whole + 1
    total = max(axis.padded, (made - 1) * axis.stride + axis.span)
    room = (WIDTH - 8) // CELL
    end = (room - 3) // 2
    parts = [(0, total)] if total <= room else [(0, end), (total - end, total)]
    rows = max(1, min(6, -(-axis.span // axis.stride)))
    top = 22
    x0 = 4
    body = []
    unread = _shown_unread(axis, parts)
    for first, stop in parts:
        for c in range(first, stop):
            i = c - axis.pad_left
            if c >= axis.padded:
                kind = "gn-out-of-reach"
            elif not 0 <= i < axis.size:
                kind = "gn-pad"
            else:
                kind = "gn-unread" if i in unread else "gn-cell"
            x = x0 + (c - first) * CELL
            body.append(_box(x, top, CELL, CELL, kind))
            if i in (0, axis.size - 1):
                body.append(_text(x + CELL / 2, top - 6, i))
            if kind == "gn-unread":
                body.append(_text(x + CELL / 2, top + 12, "×"))
        low = max(0, -(-(first - axis.span + 1) // axis.stride))
        high = min(made - 1, (stop - 1) // axis.stride)
        for i in range(low, min(high + 1, low + 60)):
            y = top + CELL + 7 + (i % rows) * 8
            start = max(i * axis.stride, first)
            last = min(i * axis.stride + axis.span, stop)
            kind = "gn-dropped" if i >= axis.out else "gn-window"
            a, b = x0 + (start - first) * CELL + 2, x0 + (last - first) * CELL - 2
            body.append(f'<path d="M{a} {y}H{b}" class="{kind}" {PAINT[kind]}/>')
            if i >= axis.out:
                body.append(_text(a, y + 14, "dropped", "start" if a < WIDTH - 70 else "end"))
        x0 += (stop - first) * CELL
        if stop < total:
            body.append(_text(x0 + CELL * 1.5, top + 12, "..."))
            x0 += CELL * 3
    height = top + CELL + 12 + rows * 8 + (14 if axis.dropped else 0)
    label = f"The ends of the axis cell by cell, with the windows below; {axis.unread.text()}"
    return _svg(WIDTH, height, label, "".join(body))


def _shown_unread(axis, parts):
    """The unread cells among those drawn, looked up window by window."""
    shown = {c - axis.pad_left for part in parts for c in range(*part)}
    read = set()
    for first, stop in parts:
        low = max(0, (first - axis.span) // axis.stride)
        for i in range(low, min(axis.out, (stop - 1) // axis.stride + 1)):
            begin = i * axis.stride
            taps = range(begin, begin + axis.span, axis.dilation)
            read.update(
                c - axis.pad_left
                for c in range(max(first, begin), min(stop, begin + axis.span))
                if c in taps
            )
    return shown - read


def draw_squares(axis):
    """Return an SVG of the square input and the square output, same scale."""
    total = max(axis.padded, axis.span)
    side = min(168, (WIDTH - 56) / (1 + axis.out / total))
    unit = side / total
    x = 2 + side + 30
    out = max(axis.out * unit, 1.5)
    window = max(axis.span * unit, 1.5)
    cell = max(unit, 1.5)
    y = 6 + (side - out) / 2
    inner = axis.size * unit
    offset = axis.pad_left * unit
    arrow = (
        f'<path d="M{x - 24:.1f} {6 + side / 2:.1f}h16m-5 -4l5 4l-5 4" class="gn-arrow" '
        f"{PAINT['gn-arrow']}/>"
    )
    body = [
        _box(2, 6, axis.padded * unit, axis.padded * unit, "gn-pad"),
        _box(2 + offset, 6 + offset, inner, inner, "gn-cell"),
        _box(2, 6, window, window, "gn-reading"),
        arrow,
        _box(x, y, out, out, "gn-result"),
        _box(x, y, cell, cell, "gn-chosen"),
        _text(2 + side / 2, side + 21, f"{axis.size} × {axis.size}"),
        _text(max(x + out / 2, x + 20), side + 21, f"{axis.out} × {axis.out}"),
    ]
    label = f"Square input of side {axis.size} and square output of side {axis.out}, same scale"
    return _svg(int(x + max(out, 60)) + 1, int(side) + 27, label, "".join(body))
