"""The living network in a page: its engine against torch, its drawing field, what it says to bad input.

The weights are those that ship; torch reads the same file.
"""

import base64
import functools
import html
import io
import json
import re
import struct
import threading
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from googlenet_edu.checks import words
from googlenet_edu.live import experiments, prepare, read_gnet, shipped, to_input, to_network
from googlenet_edu.widgets import LiveNetwork
from googlenet_edu.widgets.bundle import embed_script, live_script, weights_script
from tests.browser.checks import CONTRAST, OVERFLOW
from tests.browser.conftest import QuietHandler, Server

WORDS = words("live_network")
BLOCKS = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
IMAGES = np.random.default_rng(3).integers(0, 256, (12, 28, 28), np.uint8) * (
    np.random.default_rng(4).random((12, 28, 28)) < np.linspace(0.05, 1, 12)[:, None, None]
)
# What the page computes for images, as numbers in one text: scores, then all nine blocks.
RUN = """async ([name, images, simd, options]) => {
  const { LiveNet, readGnet, enlarge, disturb } = googlenetWidgets;
  await new Promise((good) => { const s = document.createElement("script"); s.src = `googlenet-live-${name}.js`; s.onload = good; document.head.append(s); });
  const weights = Uint8Array.from(atob(globalThis.changed ?? googlenetLive[name].weights), (c) => c.charCodeAt(0));
  const net = new LiveNet(readGnet(weights.buffer), simd), parts = [];
  for (const image of images) {
    const pixels = enlarge(disturb(Float32Array.from(image, (v) => v / 255), options), net.size), found = net.run(pixels, options);
    parts.push(found.logits, found.aux1, found.aux2, ...Object.keys(found.maps).slice(2).map((block) => net.values(found.maps[block])));
  }
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => { all.set(part, at); return at + part.length; }, 0);
  let text = "";
  for (const byte of new Uint8Array(all.buffer)) text += String.fromCharCode(byte);
  return [net.simd, btoa(text)];
}"""


@pytest.fixture
def served(tmp_path):
    """The folder of a page with the living network and what lies beside it, on a web server."""
    for name, text in {
        "widgets.js": embed_script(), "googlenet-live.js": live_script(),
        "googlenet-live-digits.js": weights_script("digits"),
        "googlenet-live-fashion.js": weights_script("fashion"),
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def living(served, open_page):
    """Return a function that opens the living network alone; it gives the widget's locator."""
    folder, address = served

    def open_it(copies=1, lang="en", file=True, still=True, **settings):
        state = html.escape(json.dumps({"network": settings.pop("network", "digits")}), quote=True)
        box = f'<div data-gn-widget="live_network" data-gn-state="{state}"></div>'
        (folder / "page.html").write_text(
            f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Live</title><body>'
            f"<main>{box * copies}</main><script src='widgets.js'></script></body></html>",
            encoding="utf-8",
        )
        if still:
            settings["reduced_motion"] = "reduce"
        url = (folder / "page.html").as_uri() if file else address + "page.html"
        visit = open_page(url, **settings)
        root = visit.page.locator("section.gn-live").first
        root.wait_for()
        root.visit = visit
        return root

    return open_it


def answered(root, pattern):
    expect(root.locator(".gn-answer")).to_have_text(re.compile(pattern))


def clear(root):
    root.get_by_role("button", name="Clear").click()
    expect(root.locator(".gn-note")).to_have_text(WORDS["empty"])


def in_torch(images, name="digits", data=None, change=None):
    """Return what torch computes with a weights file, in the order of RUN."""
    gnet = read_gnet(data or shipped(name))
    net, maps = to_network(gnet), {}
    for block in BLOCKS:
        net.get_submodule(f"inception{block}").register_forward_hook(
            lambda module, given, output, block=block: maps.update({block: output})
        )
    x = torch.from_numpy(np.array(images))[:, None].float() / 255
    with torch.no_grad():
        out = net(to_input(x, gnet.facts["image_size"]))
    return torch.cat([*out, *(maps[block].flatten(1) for block in BLOCKS)], 1).numpy()


def in_page(page, images, name="digits", simd=True, **options):
    had_simd, text = page.evaluate(
        RUN, [name, [np.ravel(one).tolist() for one in images], simd, options]
    )
    assert had_simd is simd
    return np.frombuffer(base64.b64decode(text), np.float32).reshape(len(images), -1)


@pytest.mark.parametrize("file", [True, False], ids=["file", "http"])
@pytest.mark.parametrize("simd", [True, False], ids=["simd", "plain"])
def test_the_engine_computes_what_torch_computes(living, file, simd):
    page = living(file=file).page
    np.testing.assert_allclose(in_page(page, IMAGES, simd=simd), in_torch(IMAGES), 1e-4, 1e-4)


def test_experiments_compute_what_torch_computes(living):
    page, gnet = living().page, read_gnet(shipped("digits"))
    net, images = to_network(gnet), IMAGES[[3, 8]]
    for key, options in {
        "branch3": {"off": {block: [2] for block in BLOCKS}},
        "branch1 4a": {"off": {"4a": [0]}},
        "branch4 5b": {"off": {"5b": [3]}},
        "block 4c": {"without": "4c"},
        "block 3b": {"without": "3b"},
        "bits 4": {"bits": 4},
        "bits 2": {"bits": 2},
        "batch": {"batch": True},
        "shift 4": {"right": 4},
        "rotate 30": {"degrees": 30},
    }.items():
        context, change = experiments.changes(net, gnet)[key]
        x = torch.from_numpy(np.array(images))[:, None].float() / 255
        with context as changed, torch.no_grad():
            expected = torch.cat(changed(to_input(change(x) if change else x, 128)), 1)
        found = in_page(page, images, **options)[:, :30]
        np.testing.assert_allclose(found, expected, 1e-3, 1e-3, err_msg=key)


def test_a_planted_wrong_weight_is_caught(living, tmp_path):
    page = living().page
    data = bytearray(shipped("digits").read_bytes())
    [length] = struct.unpack("<I", data[8:12])
    data[16 + length + 30] ^= 0x40  # a weight of conv1
    page.evaluate("(text) => { globalThis.changed = text; }", base64.b64encode(data).decode())
    with pytest.raises(Exception, match="damaged"):
        in_page(page, IMAGES[:1])
    data[12:16] = struct.pack("<I", zlib.crc32(data[16:]))
    page.evaluate("(text) => { globalThis.changed = text; }", base64.b64encode(data).decode())
    found = in_page(page, IMAGES[:1])
    assert np.abs(found - in_torch(IMAGES[:1])).max() > 1e-2
    (tmp_path / "changed.gnet").write_bytes(data)
    expected = in_torch(IMAGES[:1], data=tmp_path / "changed.gnet")
    np.testing.assert_allclose(found, expected, 1e-4, 1e-4)


def test_a_drawing_is_prepared_as_in_python(living):
    page = living().page
    random = np.random.default_rng(1)
    for height, width, share in ((28, 28, 0.5), (90, 120, 0.02), (200, 150, 0.3), (40, 40, 1)):
        ink = random.random((height, width)) * (random.random((height, width)) < share)
        ink[: height // 3] = 0
        found = page.evaluate(
            "([ink, w, h]) => [...googlenetWidgets.prepareDrawing(ink, w, h)]",
            [ink.ravel().tolist(), width, height],
        )
        np.testing.assert_allclose(np.reshape(found, (28, 28)), prepare(ink), atol=1e-6)
    assert page.evaluate("googlenetWidgets.prepareDrawing(new Float32Array(16), 4, 4)") is None


def test_memory_stays_as_it_is(living):
    page = living().page
    client = page.context.new_cdp_session(page)
    script = """async (times) => {
      const { LiveNet, readGnet } = googlenetWidgets;
      const net = (globalThis.kept ??= new LiveNet(readGnet(Uint8Array.from(atob(googlenetLive.digits.weights), (c) => c.charCodeAt(0)).buffer)));
      const pixels = new Float32Array(net.size ** 2).map((_, i) => (i % 97) / 97);
      for (let i = 0; i < times; i += 1) net.run(pixels, { bits: i % 100 ? 8 : 4 });
      return net.top;
    }"""

    def heap():
        client.send("HeapProfiler.collectGarbage")
        return client.send("Runtime.getHeapUsage")["usedSize"]

    page.wait_for_function("globalThis.googlenetLive?.digits")
    top = page.evaluate(script, 10)
    before = heap()
    assert page.evaluate(script, 1000) == top
    assert heap() - before < 300_000


def test_a_digit_drawn_with_the_pointer_is_seen_while_it_is_drawn(living):
    root = living()
    page = root.page
    answered(root, r"^The network says 3, \d+\.\d%\.$")  # there is something to see at once
    clear(root)
    expect(root.locator(".gn-answer")).to_have_text("")
    box = root.locator(".gn-ink").bounding_box()

    def place(x, y):
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    page.mouse.move(*place(0.25, 0.16))
    page.mouse.down()
    page.mouse.move(*place(0.75, 0.16), steps=6)
    expect(root.locator(".gn-bar-row b").first).not_to_be_empty()  # before the pen is lifted
    page.set_viewport_size({"width": 700, "height": 800})  # the drawing survives
    box = root.locator(".gn-ink").bounding_box()
    page.mouse.move(*place(0.75, 0.16))
    page.mouse.move(*place(0.45, 0.88), steps=10)
    page.mouse.up()
    page.mouse.move(*place(0.9, 0.9))  # a pen in the air draws nothing
    answered(root, "^The network says 7")
    state = root.evaluate(
        "(e) => { const m = e.parentElement.gnModel; return [[...new Uint8Array(m.get('drawing').buffer)], m.get('scores'), m.get('top')]; }"
    )
    drawing, scores, top = np.array(state[0], np.uint8).reshape(28, 28), state[1], state[2]
    assert top[0] == "7" and drawing[20:, 20:].max() == 0
    expected = torch.from_numpy(in_torch([drawing])[0, :10]).softmax(0)
    np.testing.assert_allclose(scores["main"], expected, atol=1e-4)
    rows = root.locator(".gn-block[role=group]")
    assert [row.get_attribute("aria-label") for row in rows.all()] == list(BLOCKS)


def test_a_digit_drawn_with_a_finger(living):
    root = living(has_touch=True, width=390)
    clear(root)
    pad = root.locator(".gn-ink")
    assert pad.evaluate("(e) => getComputedStyle(e).touchAction") == "none"
    assert root.evaluate("(e) => getComputedStyle(e).touchAction") == "auto"
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    client = root.page.context.new_cdp_session(root.page)
    for i in range(12):
        point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] * (0.1 + 0.07 * i)}
        kind = "touchMove" if i else "touchStart"
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    answered(root, "^The network says 1")


def test_a_digit_drawn_with_the_keyboard(living):
    root = living()
    clear(root)
    page, pad = root.page, root.get_by_role("application", name=WORDS["pad"])
    page.keyboard.press("Tab")
    pad.focus()
    page.keyboard.press("ArrowUp")
    expect(root.locator(".gn-pen")).to_be_visible()
    page.keyboard.press("Space")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    answered(root, "^The network says 1")
    page.keyboard.press("Delete")
    expect(root.locator(".gn-note")).to_have_text(WORDS["empty"])


def test_each_digit_that_it_draws_is_recognized(living):
    root = living()
    for digit in (*range(3, 10), 0, 1, 2):
        answered(root, f"^The network says {digit}, ")
        root.get_by_role("button", name=WORDS["draw"]).click()
    moving = living(still=False)
    answered(moving, "^The network says 3, ")


def test_what_is_no_digit_is_said_to_be_none(living):
    root = living()
    clear(root)
    assert root.locator(".gn-bar-row b").all_text_contents() == [""] * 9
    box = root.locator(".gn-ink").bounding_box()
    root.page.mouse.click(box["x"] + 90, box["y"] + 90)
    expect(root.locator(".gn-note")).to_have_text(WORDS["dot"])
    root.page.mouse.down()
    for y in range(8, int(box["height"]), 10):
        root.page.mouse.move(box["x"] + (4 if y % 20 == 8 else box["width"] - 4), box["y"] + y)
        root.page.mouse.move(box["x"] + (box["width"] - 4 if y % 20 == 8 else 4), box["y"] + y)
    root.page.mouse.up()
    expect(root.locator(".gn-note")).to_have_text(WORDS["full"])
    expect(root.locator(".gn-always")).to_have_text(WORDS["always"])


def encoded(image, kind="PNG", **more):
    data = io.BytesIO()
    image.save(data, kind, **more)
    return data.getvalue()


def test_files_of_all_kinds(living):
    root = living(network="fashion")
    note = root.locator(".gn-note")
    root.locator(".gn-gallery button").first.wait_for()

    def give(name, data):
        root.locator("input[type=file]").set_input_files(
            {"name": name, "mimeType": "image/png", "buffer": data}
        )

    give("broken.png", b"\x89PNG\r\n\x1a\nnothing")
    expect(note).to_have_text("“broken.png” is not an image that this browser can read: choose a PNG, JPEG, GIF or WebP file.")  # fmt: skip
    expect(root.locator(".gn-answer")).to_have_text("")
    give("clear.png", encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0))))
    expect(note).to_contain_text("“clear.png” looks the same everywhere")
    shirt = Image.new("L", (400, 300), 250)
    shirt.paste(40, (150, 60, 250, 260))
    give("bright.png", encoded(shirt))
    expect(note).to_have_text(WORDS["inverted"])
    answered(root, "^The network says ")
    deep = Image.fromarray((np.array(shirt, np.uint16) * 257)[::-1])  # 16 bits
    give("deep.png", encoded(deep))
    expect(note).to_have_text(WORDS["inverted"])
    give("moving.gif", encoded(shirt, "GIF", save_all=True, append_images=[shirt.rotate(9)]))
    expect(note).to_have_text(WORDS["inverted"])
    give("large.png", encoded(Image.new("1", (9000, 9000)).resize((9000, 9000))))
    expect(note).to_contain_text("“large.png” looks the same everywhere")
    root.evaluate(
        """(e) => { const file = new File([new Uint8Array(60e6)], "huge.png"), data = new DataTransfer();
        data.items.add(file); e.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })); }"""
    )
    expect(note).to_have_text("“huge.png” has 60 MB: choose an image of 50 MB or less.")
    root.get_by_role("button", name="Digits").click()
    answered(root, "^The network says 3")
    page = Image.new("L", (600, 600), 235)
    page.paste(50, (280, 100, 320, 480))
    give("one.jpg", encoded(page, "JPEG"))
    answered(root, "^The network says 1")


def test_photographs_are_named_and_recognized(living):
    root = living(network="fashion")
    answered(root, "^The network says ankle boot")
    buttons = root.locator(".gn-gallery button")
    expect(buttons).to_have_count(16)
    buttons.nth(2).click()
    answered(root, "^The network says trousers")
    assert buttons.nth(2).get_attribute("aria-pressed") == "true"
    assert buttons.nth(2).get_attribute("aria-label") == "Photograph 3: trousers"


def test_missing_and_damaged_weights_are_explained(served, living):
    script = served[0] / "googlenet-live-digits.js"
    good = script.read_text(encoding="utf-8")
    middle = len(good) // 2
    other = "A" if good[middle] != "A" else "B"
    script.write_text(good[:middle] + other + good[middle + 1 :], encoding="utf-8")
    root = living()
    expect(root.locator(".gn-note")).to_have_text(WORDS["noWeights"])
    expect(root.locator(".gn-answer")).to_have_text("")
    script.unlink()
    root = living()
    visit = root.visit
    expect(root.locator(".gn-note")).to_have_text(WORDS["noWeights"])
    script.write_text(good, encoding="utf-8")
    root.get_by_role("button", name=WORDS["again"]).click()
    answered(root, "^The network says 3")
    visit.errors.clear()  # that the file was missing


def test_without_webassembly_plain_javascript_answers(living, open_page):
    root = living()
    expect(root.locator(".gn-given")).to_contain_text("WebAssembly SIMD")
    page = root.page
    page.add_init_script("delete globalThis.WebAssembly")
    page.reload()
    expect(root.locator(".gn-given")).to_contain_text("plain JavaScript")
    answered(root, "^The network says 3")


def test_experiments_stand_beside_the_original(living):
    root = living()
    answered(root, "^The network says 3")
    root.locator(".gn-try summary").click()
    for name in ("1×1", "3×3", "5×5", "pool"):
        root.get_by_role("checkbox", name=name).check()
    answered(root, r"^The network says \d, .* As trained it says 3, ")
    expect(root.locator(".gn-vote").first).to_contain_text("as trained: 3")
    expect(root.locator(".gn-silent:visible")).to_have_count(36)
    shown = root.evaluate("(e) => e.parentElement.gnModel.get('scores').main")
    drawing = root.evaluate("(e) => [...new Uint8Array(e.parentElement.gnModel.get('drawing').buffer)]")  # fmt: skip
    bias = [layer.bias for layer in read_gnet(shipped("digits")).layers if layer.name == "fc"][0]
    np.testing.assert_allclose(shown, torch.from_numpy(bias).softmax(0), atol=1e-5)  # all is silent
    root.get_by_role("button", name=WORDS["undo"]).click()
    expect(root.locator(".gn-answer")).not_to_contain_text("As trained")
    assert root.locator(".gn-silent:visible").count() == 0
    for label, key in (
        (WORDS["degrees"], "End"),
        (WORDS["noise"], "End"),
        (WORDS["right"], "Home"),
    ):
        slider = root.get_by_role("slider", name=label)
        slider.press(key)
        answered(root, "As trained it says 3")
        assert slider.get_attribute("aria-valuetext")
        root.get_by_role("button", name=WORDS["undo"]).click()
    hide = root.get_by_role("button", name=WORDS["hide"])
    hide.click()
    expect(root.locator(".gn-hide [role=status]")).to_contain_text("Hiding", timeout=60_000)
    expect(root.locator(".gn-heat")).to_be_visible()
    assert len(drawing) == 784


def test_hiding_part_by_part_finds_what_torch_finds_and_can_be_stopped(living):
    root = living()
    answered(root, "^The network says 3")
    root.locator(".gn-try summary").click()
    net, drops = to_network(read_gnet(shipped("digits"))), []
    for _ in range(6):  # drawings, until one needs a part of itself
        root.get_by_role("button", name=WORDS["hide"]).click()
        said = root.locator(".gn-hide [role=status]")
        expect(said).to_contain_text("Hiding", timeout=60_000)
        drawing = root.evaluate("(e) => [...new Uint8Array(e.parentElement.gnModel.get('drawing').buffer)]")  # fmt: skip
        x = to_input(torch.tensor(drawing).view(1, 1, 28, 28) / 255, 128)
        batch = x.repeat(256, 1, 1, 1)
        for i in range(256):
            y, z = (int(min(max((v + 0.5) * 8 - 8, 0), 112)) for v in divmod(i, 16))
            batch[i, :, y : y + 16, z : z + 16] = -1
        with torch.no_grad():
            whole, parts = net.main_logits(x).softmax(1)[0], net.main_logits(batch).softmax(1)
        best = int(whole.argmax())
        drops.append(100 * float((whole[best] - parts[:, best]).max()))
        found = re.search(rf"up to (\d+) points from {best}", said.inner_text())
        assert abs(int(found[1]) - drops[-1]) <= 1 if found else drops[-1] < 1, said.inner_text()
        if found:
            break
        root.get_by_role("button", name=WORDS["draw"]).click()
        expect(said).not_to_contain_text("Hiding")
    assert max(drops) >= 1
    root.evaluate("(e) => { const b = e.querySelector('.gn-hide button'); b.click(); b.click(); }")
    expect(root.locator("progress")).to_be_hidden()


def test_a_map_opens_by_keyboard_with_its_field_and_what_fed_it(living):
    root = living()
    page = root.page
    answered(root, "^The network says 3")
    first = root.locator("[data-at='0,0']")
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.at") == "1,1"
    page.keyboard.press("Enter")
    detail = root.locator(".gn-detail")
    expect(detail).to_have_attribute("aria-label", re.compile(r"^3b, 1×1 branch, channel \d+$"))
    assert detail.evaluate("(e) => e.contains(document.activeElement)")
    expect(detail).to_contain_text("59 × 59 px")
    # The cell's value is the shares of its inputs plus the bias, of which positive ones are shown.
    fed = detail.locator("button.gn-fed")
    assert 1 <= fed.count() <= 4
    large = detail.get_by_role("application")
    before = detail.locator("[role=status]").inner_text()
    large.press("ArrowLeft")
    large.press("ArrowUp")
    assert detail.locator("[role=status]").inner_text() != before
    fed.first.click()
    expect(detail).to_have_attribute("aria-label", re.compile("^3a, "))
    expect(detail.locator("button.gn-fed")).to_have_count(0)  # conv3 has no branches
    detail.get_by_role("button", name=WORDS["close"]).click()
    expect(detail).to_be_hidden()


def test_what_feeds_a_cell_adds_up_to_it(living):
    """Shares plus biases give the cell before ReLU, in all four kinds of branch."""
    page = living().page
    page.wait_for_function("globalThis.googlenetLive?.digits")
    differences = page.evaluate(
        """() => {
      const { LiveNet, readGnet } = googlenetWidgets;
      const net = new LiveNet(readGnet(Uint8Array.from(atob(googlenetLive.digits.weights), (c) => c.charCodeAt(0)).buffer), false);
      for (const layer of Object.values(net.layers)) net.F.fill(0, layer.b, layer.b + layer.out);
      const pixels = new Float32Array(net.size ** 2).map((_, i) => (i % 131) / 131), { maps } = net.run(pixels), worst = [];
      for (const block of ["3a", "4c", "5b"]) for (let c = 0; c < maps[block].c; c += 1) {
        const map = maps[block], y = map.h >> 1, value = net.values(map, c)[y * map.w];
        const sum = net.feeders(block, c, y, 0).reduce((a, b) => a + b, 0);
        worst.push(Math.abs(Math.max(0, sum) - value) / (1 + value));
      }
      return worst;
    }"""
    )
    assert len(differences) == 32 + 64 + 128 and max(differences) < 1e-5


def test_two_copies_do_not_disturb_each_other(living):
    root = living(copies=2)
    page = root.page
    second = page.locator("section.gn-live").nth(1)
    second.scroll_into_view_if_needed()
    answered(second, "^The network says 3")
    second.get_by_role("button", name=WORDS["draw"]).click()
    answered(second, "^The network says 4")
    answered(root, "^The network says 3")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    names = [one.get_attribute("aria-label") for one in (root, second)]
    assert len(set(names)) == 2


@pytest.mark.parametrize(("theme", "width", "lang"), [("light", 360, "zh"), ("dark", 1280, "en")])
def test_names_contrast_width_and_chinese(living, theme, width, lang):
    root = living(theme=theme, width=width, lang=lang)
    answered(root, "3")
    root.locator(".gn-try summary").click()
    root.locator("[data-at='0,5']").click()
    snapshot = root.aria_snapshot()
    for role in ("slider", "combobox", "checkbox", "button", "region", "application"):
        found = re.findall(rf'- {role}( "[^"]+")?', snapshot)
        assert found and all(found), f"a {role} without a name:\n{snapshot}"
    assert root.evaluate(CONTRAST) == []
    assert root.page.evaluate(OVERFLOW) == []
    if lang == "zh":
        text = root.inner_text()
        assert not re.search(r"[a-z]{4,}", re.sub("WebAssembly|Inception|conv3", "", text)), text


def test_it_leaves_without_a_trace_and_forced_colors_keep_the_maps(living):
    root = living()
    answered(root, "^The network says 3")
    root.page.emulate_media(forced_colors="active")
    strips = root.locator(".gn-strip")
    colors = strips.evaluate_all("(all) => all.map((e) => getComputedStyle(e).backgroundColor)")
    assert len(set(colors)) == 4
    root.evaluate("(e) => e.parentElement.gnStop()")
    assert root.page.locator("section.gn-live").count() == 0


def test_without_javascript_there_is_a_picture(site_file, open_page):
    visit = open_page(site_file + "book/see_it_think.html", java_script_enabled=False)
    static = visit.page.locator("[data-gn-widget=live_network]")
    expect(static.locator("svg")).to_be_visible()
    expect(static).to_contain_text(WORDS["always"])
    expect(static).to_contain_text("after 5b: 3,")
    assert static.locator("input, button").count() == 0


def test_the_picture_shows_the_weights_that_ship():
    crc = f"{zlib.crc32(shipped('digits').read_bytes()):08x}"
    text = LiveNetwork().static_html()
    assert f'data-weights="{crc}"' in text, "run book/_tools/draw_living_network.py"
    assert len(text) < 30_000


def test_the_page_in_the_book_asks_for_the_weights_when_it_is_seen(open_page, site_url):
    visit = open_page(site_url + "book/see_it_think.html")
    root = visit.page.locator("section.gn-live")
    visit.page.locator("[data-gn-widget=live_network]").scroll_into_view_if_needed()
    answered(root, "^The network says 3")
    visit = open_page(site_url + "book/sizes/convolution.html")
    asked = visit.page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
    assert not [name for name in asked if "googlenet-live" in name]


def test_the_engine_and_the_widget_stay_small():
    assert len(live_script().encode("utf-8")) < 70_000
    assert len(weights_script("digits")) < 350_000
