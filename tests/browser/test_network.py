"""The page's walk through the network equals Python's ledger, row by row, errors included."""

import pytest

from googlenet_edu.costs import ledger
from googlenet_edu.sizes import SizeError

PAGE = "book/sizes/convolution.html"
WALK = """(cases) => cases.map((s) => {
  const { walkNetwork, networkError } = googlenetWidgets;
  const { rows, blocks, error } = walkNetwork(s);
  return { rows: error ? [] : rows.map(({ name, block, kind, into, out, params, madds, torchinfo, bytes }) => [name, block, kind, into, out, params, madds, torchinfo, bytes]),
    blocks: blocks.map(({ name, layers, into, out, params, madds, torchinfo, bytes }) => [name, layers, into, out, params, madds, torchinfo, bytes]),
    error: error ? networkError(error) : "" };
})"""


def plain(rows):
    return [[list(v) if isinstance(v, tuple) else v for v in row] for row in rows]


@pytest.fixture
def walk(open_page, site_file):
    page = open_page(site_file + PAGE).page
    return lambda cases: page.evaluate(WALK, cases)


def test_rows_and_blocks_equal_the_ledger(walk):
    sides = [223, 224, 225, 240, 256, 270]
    cases = [{"height": h, "width": w, "batch": b, "classes": c, "aux": True}
             for h, w, b, c in [*((s, s, 1, 1000) for s in sides), (224, 256, 20, 10), (224, 224, 0, 2),
                                (270, 223, 4096, 100_000)]]  # fmt: skip
    cases += [{"height": s, "width": w, "batch": 3, "classes": 10, "aux": False}
              for s in (13, 16, 32, 79, 97, 150, 299, 320, 1000, 4096) for w in (s, 224)]  # fmt: skip
    for case, found in zip(cases, walk(cases), strict=True):
        try:
            expected = ledger(
                (case["height"], case["width"]), case["batch"], case["classes"], case["aux"]
            )
        except SizeError as error:
            assert found["error"] == str(error), case
            continue
        assert found["error"] == "", case
        assert found["rows"] == plain(expected.rows), case
        assert found["blocks"] == plain(expected.blocks), case


def test_the_same_layer_breaks_with_the_same_sentence(walk):
    cases = [{"height": h, "width": w, "aux": aux}
             for h in (*range(1, 18), 60, 78, 79, 222, 271) for w in (h, 5, 224) for aux in (True, False)]  # fmt: skip
    broken = 0
    for case, found in zip(cases, walk(cases), strict=True):
        try:
            ledger((case["height"], case["width"]), aux=case["aux"])
            message = ""
        except SizeError as error:
            message = str(error)
            broken += 1
        assert found["error"] == message, case
    assert 40 < broken < len(cases)
