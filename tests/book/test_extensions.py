"""The book's own Sphinx extensions, each by itself."""

import re
from xml.etree import ElementTree

import googlenet_cover
import mathml
import offline
import pytest

from googlenet_edu.architecture import AUX, BACKBONE, InceptionSpec, PoolSpec
from googlenet_edu.plots.network import feature_maps


def bare(latex, block=False):
    """Return the formula's text, without elements."""
    return "".join(ElementTree.fromstring(mathml.translate(latex, block)).itertext())


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\left\lfloor \frac{n+2p}{s} \right\rfloor + 1", "⌊n+2ps⌋+1"),
        (r"\lfloor 112.5 \rfloor = 112", "⌊112.5⌋=112"),
        (r"\Big\lceil x \Big\rceil", "⌈x⌉"),
        (r"1{,}234{,}567", "1,234,567"),
        (r"\mathrm{out} \le \text{kernel size}", "out≤kernel\u00a0size"),
        (r"\texttt{kernel\_size}", "kernel_size"),
        (r"x < 3 \times 4 \cdot 5", "x<3×4·5"),
        (r"\begin{aligned} a &= b \\ &= c \end{aligned}", "a=b=c"),
        (r"\begin{gathered} a \\ b \end{gathered}", "ab"),
        (r"\begin{equation*} a = 1 \end{equation*}", "a=1"),
        (r"\operatorname{ReLU}(x) = \max(0, x)", "ReLU(x)=max(0,x)"),
        (r"\{1, 2\}", "{1,2}"),
        (r"50\%", "50%"),
        (r"\text{尺寸}", "尺寸"),
    ],
)
def test_formulas(latex, text):
    assert bare(latex) == text


def test_a_fraction_stretches_its_floor_brackets():
    math = mathml.translate(r"\left\lfloor\frac{a}{b}\right\rfloor")
    assert math.count('stretchy="true"') == 2
    assert 'stretchy="false"' in mathml.translate(r"\lfloor a \rfloor")


def test_limits_stand_below_in_a_display():
    assert "<munderover>" in mathml.translate(r"\sum_{i=0}^{n} x", block=True)
    assert "<msubsup>" in mathml.translate(r"\sum_{i=0}^{n} x")
    assert "<munder><mi>max</mi>" in mathml.translate(r"\max_i x", block=True)


def test_alignment_is_a_style_browsers_know():
    math = mathml.translate(r"\begin{align} a &= b \\ &= c \end{align}", block=True)
    assert "columnalign" not in math and "text-align:right" in math
    assert "(1)" not in math  # Sphinx counts the equations


@pytest.mark.parametrize(
    "latex",
    [
        r"\fraction12",
        r"\frac{1}",
        r"a & b",
        r"{a",
        r"a}",
        r"\left( a",
        r"\begin{aligned} a",
        r"a_b_c",
    ],
)
def test_what_cannot_be_shown_is_an_error(latex):
    with pytest.raises(mathml.MathError):
        mathml.translate(latex)


REMOTE = [
    ("p.html", '<script src="https://cdn.example.org/x.js"></script>'),
    ("p.html", '<script src="//cdn.example.org/x.js"></script>'),
    ("p.html", '<link rel="stylesheet" href="https://cdn.example.org/x.css">'),
    ("p.html", '<link rel="preload" as="font" href="https://cdn.example.org/x.woff2">'),
    ("p.html", '<img src="http://cdn.example.org/x.png">'),
    ("p.html", '<img src="a.png" srcset="a.png 1x, https://cdn.example.org/x.png 2x">'),
    ("p.html", '<iframe src="https://cdn.example.org/"></iframe>'),
    ("p.html", "<style>@import 'https://cdn.example.org/x.css';</style>"),
    ("p.html", '<p style="background: url(https://cdn.example.org/x.png)">'),
    ("p.html", '<script>const JS_URL = "https://cdn.example.org/x.js"</script>'),
    ("p.html", '<script type="module">import("https://cdn.example.org/x.js")</script>'),
    ("p.css", "@font-face { src: url('https://cdn.example.org/x.woff2') }"),
    ("p.css", '@import "//cdn.example.org/x.css";'),
    ("p.js", 'import x from "https://cdn.example.org/x.js";'),
    ("p.js", "fetch('https://cdn.example.org/x.json')"),
    ("p.js", 's.src = "https://cdn.example.org/x.js"'),
    ("p.svg", '<svg><style>@import url("https://cdn.example.org/x.css")</style></svg>'),
]
HARMLESS = [
    ("p.html", '<a href="https://arxiv.org/abs/1409.4842">paper</a>'),
    ("p.html", '<link rel="canonical" href="https://example.org/p.html">'),
    ("p.html", '<svg xmlns="http://www.w3.org/2000/svg"><use href="#a"/></svg>'),
    ("p.html", '<pre>fetch("https://cdn.example.org/x")</pre>'),
    ("p.html", '<img src="data:image/png;base64,//aa"><img src="x.png">'),
    ("p.js", "// see https://example.org/docs\nconst NS = 'http://www.w3.org/2000/svg';"),
    ("p.css", "/* https://example.org */ a { background: url(x.png) }"),
]


@pytest.mark.parametrize(("name", "text"), REMOTE)
def test_remote_files_are_found(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = offline.remote_addresses(tmp_path / name)
    assert len(found) == 1 and "cdn.example.org" in found[0]


@pytest.mark.parametrize(("name", "text"), HARMLESS)
def test_links_and_words_are_not_remote_files(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert offline.remote_addresses(tmp_path / name) == []


def test_cover_draws_the_table_of_layers():
    maps = feature_maps()
    layers = [layer for layer in BACKBONE if not isinstance(layer, PoolSpec)]
    assert [one.name for one in maps] == ["image"] + [layer.name for layer in layers]
    assert [one.channels for one in maps[1:]] == [layer.out_channels for layer in layers]
    assert [one.side for one in maps] == [224, 112, 56, 56, 28, 28, 14, 14, 14, 14, 14, 7, 7]
    blocks = [
        one for one, layer in zip(maps[1:], layers, strict=True) if type(layer) is InceptionSpec
    ]
    assert all(len(one.parts) == 4 for one in blocks)


def test_cover_is_sound_svg_to_scale_and_inside_its_box():
    svg = googlenet_cover.cover_svg()
    root = ElementTree.fromstring(svg)
    width, height = map(float, root.get("viewBox").split()[2:])
    corners = re.findall(r"(-?[\d.]+),(-?[\d.]+)", svg)
    assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in corners)
    maps = feature_maps()
    assert all(b.x >= a.right for a, b in zip(maps, maps[1:], strict=False))
    scale = {round(one.width / one.channels, 6) for one in maps if one.channels > 3}
    assert len(scale) == 1
    for head in AUX:
        assert head.name in svg
