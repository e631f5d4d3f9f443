"""The widgets in a real JupyterLab and a real Notebook 7, with the kernel on the other side."""

import json
import os
import re
import shutil
import time
import urllib.request
from urllib.parse import urlsplit

import ipywidgets
import nbformat
import pytest
from ipywidgets.embed import dependency_state, embed_minimal_html
from jupyter_client import BlockingKernelClient
from jupyter_core.paths import jupyter_runtime_dir
from playwright.sync_api import TimeoutError, expect

from googlenet_edu import widgets
from tests.building import ROOT
from tests.servers import jupyter_server

pytestmark = pytest.mark.xdist_group("jupyter")  # one server for all
CELLS = [
    "from googlenet_edu.widgets import ConvSize, PoolSize, Quiz\n"
    "conv = ConvSize(size=224, kernel_size=7, stride=2, padding=3)\nconv",
    "pool = PoolSize()\npool",
    "Quiz('convolution-predict')",
    "from googlenet_edu import widgets\nfrom ipywidgets import VBox\n"
    "names = [n for n in widgets.__all__ if n not in ('ConvSize', 'PoolSize', 'Quiz')]\n"
    "others = {name: getattr(widgets, name)() for name in names}\nVBox(list(others.values()))",
]
COUNTS = [1, 2, 3, 12]  # widgets after each cell
# One entry for each of the others: title, field, what is typed, the trait and its value.
EDITS = {
    "BatchNorm": ("Batch norm", "values one channel", "5, 7", "values", [5.0, 7.0]),
    "CostLedger": ("Cost ledger", "batch_size images at once", "20", "batch_size", 20),
    "InceptionBlock": ("Inception block", "size side of the map", "14", "size", 14),
    "LRN": ("Local response normalization", "channel looked at", "2", "channel", 2),
    "ReceptiveField": ("Receptive field", "cell_x cell", "0", "cell_x", 0),
    "SlidingWindow": ("Sliding window", "stride step of the window", "2", "stride", 2),
    "ShapeChain": ("Shape chain", "image_height height", "299", "image_height", 299),
    "SummaryReader": ("Summary reader", "row line", "5", "row", 5),
}
# A notebook each, so that each host has a kernel of its own.
HOSTS = {"lab/tree": "lab.ipynb", "notebooks": "seven.ipynb"}
RECIPES = ROOT / "book" / "reference" / "recipes.ipynb"
# What Notebook 7 says while it starts, with any notebook.
ITS_OWN = {
    "Cannot read properties of undefined (reading 'schema')",
    "Command 'filebrowser:open-path' not registered.",
}


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """Start a Jupyter server in a folder with one notebook per host; yield (address, token)."""
    folder = tmp_path_factory.mktemp("jupyter")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    for name in HOSTS.values():
        nbformat.write(notebook, folder / name)
    shutil.copy(RECIPES, folder)
    environment = {
        "JUPYTER_CONFIG_DIR": str(folder / ".config"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings"),
    }
    # All cells stay in the page, and no dialog about news from the network covers them.
    for plugin, settings in {
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }.items():
        path = folder / ".settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")
    with jupyter_server("lab", folder, folder / "server.log", **environment) as found:
        yield found


def run_all(page, address, token, path):
    page.goto(f"{address}/{path}/{HOSTS[path]}?token={token}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=60_000)
    widgets = page.locator(".jp-OutputArea-output .gn-widget")
    editors = page.locator(".jp-Notebook .jp-CodeCell .jp-InputArea-editor")
    for number in range(len(CELLS)):
        # Jupyter shows "idle" before its kernel is connected, and then drops a run silently.
        for _ in range(15):
            try:
                if (dialog := page.locator(".jp-Dialog")).count():  # "select a kernel", say
                    dialog.locator(".jp-mod-accept").last.click(timeout=3_000)
                editors.nth(number).click(timeout=5_000)
                page.keyboard.press("Control+Enter")
                expect(widgets).to_have_count(COUNTS[number], timeout=3_000)
                break
            except (AssertionError, TimeoutError):
                continue
    expect(widgets).to_have_count(COUNTS[-1])
    return widgets


def kernels(address, token, notebook):
    """Return {id: its state} of the kernels that run a notebook."""
    with urllib.request.urlopen(f"{address}/api/sessions?token={token}", timeout=10) as answer:
        sessions = json.load(answer)
    return {one["kernel"]["id"]: one["kernel"] for one in sessions if one["path"] == notebook}


def kernel_of(address, token, notebook):
    """Return a second client of the kernel that runs a notebook."""
    [kernel] = kernels(address, token, notebook)
    client = BlockingKernelClient(
        connection_file=os.path.join(jupyter_runtime_dir(), f"kernel-{kernel}.json")
    )
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=30)
    return client


def ask(client, expression):
    reply = client.execute("", user_expressions={"x": expression}, reply=True, timeout=30)
    return eval(reply["content"]["user_expressions"]["x"]["data"]["text/plain"])


def wait_for(client, expression, value):
    for _ in range(300):
        if (found := ask(client, expression)) == value:
            return
        time.sleep(0.1)
    raise AssertionError(f"{expression} is {found}, not {value}")


@pytest.mark.parametrize("path", list(HOSTS), ids=["JupyterLab", "Notebook 7"])
def test_slider_and_trait_move_each_other(browser, jupyter, path):
    address, token = jupyter
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    widgets = run_all(page, address, token, path)
    conv = widgets.nth(0)
    client = kernel_of(address, token, HOSTS[path])
    try:
        slider = conv.get_by_role("slider", name="kernel_size, slider")
        slider.focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        wait_for(client, "(conv.kernel_size, conv.out)", (5, 113))
        expect(conv.locator("output.gn-answer")).to_have_text("Output: 224 × 224 becomes 113 × 113")
        conv.get_by_label("stride step of the window").fill("4")
        wait_for(client, "(conv.stride, conv.out)", (4, 57))
        # An illegal entry is explained in place and never reaches the kernel.
        conv.get_by_label("stride step of the window").fill("0")
        expect(conv.locator(".gn-answer")).to_contain_text("stride must be 1 or more, but got 0")
        assert ask(client, "conv.stride") == 4

        client.execute("conv.size = 96; conv.stride = 2; conv.kernel_size = 7", reply=True)
        expect(conv.locator("output.gn-answer")).to_have_text("Output: 96 × 96 becomes 48 × 48")
        expect(conv.get_by_role("slider", name="size, slider").first).to_have_value("96")
        expect(conv.get_by_label("size input side")).to_have_value("96")

        pool = widgets.nth(1)
        pool.get_by_label("ceil_mode round up").uncheck()
        wait_for(client, "(pool.ceil_mode, pool.out)", (False, 55))
        pool.get_by_label("kind maximum or average").select_option("avg")
        wait_for(client, "pool.kind", "avg")

        quiz = widgets.nth(2)
        quiz.get_by_label("112 px", exact=True).check()
        quiz.get_by_role("button", name="Check my answer").click()
        expect(quiz.locator(".gn-feedback")).to_contain_text("Right.")
        for name, (title, label, typed, trait, value) in EDITS.items():
            one, root = f"others[{name!r}]", page.locator(f'section[aria-label="{title}"]')
            output = root.locator("output.gn-answer")
            root.get_by_label(label).fill(typed)
            wait_for(client, f"{one}.{trait}", value)
            expect(output).to_have_text(ask(client, f"{one}._answer()"))
            client.execute(f"{one}.{trait} = type({one})().{trait}", reply=True)
            expect(output).to_have_text(ask(client, f"type({one})()._answer()"))

        # The living network: weights from Python, what was drawn and found back to Python.
        client.execute("live = others['LiveNetwork']", reply=True)
        root = page.locator("section.gn-live")
        root.get_by_role("button", name="Clear").click()
        root.get_by_role("button", name="Draw one for me").click()
        expect(root.locator(".gn-answer")).to_contain_text("The network says 4, ")
        wait_for(client, "live.top[:1]", ["4"])
        assert ask(client, "len(live.drawing), sorted(live.scores)") == (
            784,
            ["aux1", "aux2", "main"],
        )
        ink = "bytes(255 * (5 < i // 28 < 23 and 12 < i % 28 < 15) for i in range(784))"
        client.execute(f"live.drawing = {ink}", reply=True)
        expect(root.locator(".gn-answer")).to_contain_text("The network says 1, ")
        assert ask(client, f"live.drawing == {ink}")

        ids = page.evaluate("[...document.querySelectorAll('.gn-widget [id]')].map((e) => e.id)")
        assert len(ids) == len(set(ids))  # a label must not lead into another widget

        # The same widget shown twice follows one model; closing it leaves the page clean.
        client.execute("conv.close()", reply=True)
        assert not set(errors) - ITS_OWN, errors
    finally:
        client.stop_channels()
        page.close()


def test_each_recipe_in_jupyterlab(browser, jupyter):
    """The page of recipes as it is: a slider of ipywidgets, and all ways to connect one of ours."""
    address, token = jupyter
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/lab/tree/{RECIPES.name}?reset&token={token}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=60_000)
    code = [cell for cell in nbformat.read(RECIPES, 4).cells if cell.cell_type == "code"]
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    for _ in range(600):  # a run before the kernel is connected is an error of JupyterLab's
        found = kernels(address, token, RECIPES.name).values()
        if any(one["connections"] and one["execution_state"] == "idle" for one in found):
            break
        page.wait_for_timeout(100)
    for _ in range(5):  # and may be dropped silently
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            expect(page.locator("section.gn-widget").first).to_be_visible(timeout=15_000)
            break
        except AssertionError:
            continue
    client = kernel_of(address, token, RECIPES.name)
    try:
        wait_for(client, "'axisSteps' in globals().get('text', '')", True)
        shown = {
            cell.id: cells.nth(i).locator(".jp-OutputArea").first for i, cell in enumerate(code)
        }

        def slide(output, name, keys, at=0):
            handle = output.locator(".widget-inline-hbox", has_text=name).get_by_role("slider")
            handle.nth(at).focus()
            for key in keys.split():
                page.keyboard.press(key)

        # interact, interactive_output: the sliders' own output follows.
        slide(shown["five"], "padding", "ArrowLeft ArrowLeft ArrowLeft")
        expect(shown["five"].locator(".widget-interact .jp-OutputArea-output")).to_have_text("109")
        slide(shown["figure"], "size", "ArrowRight ArrowRight")
        drawing = shown["figure"].locator(".widget-output svg[role=img]")
        expect(drawing).to_have_attribute("aria-label", re.compile("26 becomes 13"))
        assert shown["five"].locator(".gn-still").count() == 0  # that is for pages without a kernel

        # A trait of ours moves a figure or sentence of the reader, another widget, a list.
        field = "size input side"
        shown["ours"].get_by_label(field).fill("100")
        expect(shown["ours"].locator(".widget-output")).to_contain_text("50 x 50 = 2,500")
        one, two = (shown["dlink"].locator(".gn-widget").nth(i) for i in (0, 1))
        one.get_by_label(field).fill("64")
        expect(two.get_by_label(field)).to_have_value("32")
        one.get_by_role("textbox").nth(1).fill("200")  # refused: the pool stays as it is
        expect(one.locator(".gn-answer")).to_contain_text("the kernel spans 200")
        wait_for(client, "(first.out, first.error[:10], second.size)", (None, "the kernel", 32))

        # In the browser, and what arrives in the kernel.
        one, two = (shown["jslink"].locator(".gn-widget").nth(i) for i in (0, 1))
        one.get_by_label(field).fill("96")
        expect(two.get_by_label(field)).to_have_value("48")
        one.get_by_role("textbox").nth(1).fill("200")  # no result: the last value stays
        expect(one.locator(".gn-answer")).to_contain_text("the kernel spans 200")
        expect(two.get_by_label(field)).to_have_value("48")
        one.get_by_role("textbox").nth(1).fill("7")
        slide(shown["jslink"], "stride", "ArrowRight ArrowRight")
        expect(one.get_by_label("stride step of the window")).to_have_value("4")
        expect(two.get_by_label(field)).to_have_value("24")
        wait_for(client, "(left.stride, left.out, right.size, both.value)", (4, 24, 24, 4))

        client.execute("watched.padding = 0", reply=True)
        assert ask(client, "tried[-1]") == (57, 56)
        shown["tabs"].get_by_role("tab", name="AlexNet conv1").click()
        answers = shown["tabs"].locator(".gn-answer:visible")
        expect(answers).to_have_text("Output: 227 × 227 becomes 55 × 55")
        shown["accordion"].get_by_text("rounded down").click()
        expect(shown["accordion"].locator(".gn-answer:visible")).to_contain_text("becomes 55 × 55")
        assert not set(errors) - ITS_OWN, errors
    finally:
        client.stop_channels()
        page.close()


def test_an_embedded_page_holds_all_but_the_widget_manager(browser, tmp_path):
    """embed_minimal_html: arithmetic and links are inside; only ipywidgets' own programs are not."""
    left, right = widgets.ConvSize(size=112), widgets.PoolSize()
    link = ipywidgets.jsdlink((left, "out"), (right, "size"))
    path = tmp_path / "page.html"
    embed_minimal_html(path, [left, right], state=dependency_state([left, right]))
    text = path.read_text(encoding="utf-8")
    assert link.model_id in text and text.count("export default { render: ") == 2
    page, asked = browser.new_page(), set()

    def refuse(route):
        asked.add(urlsplit(route.request.url).hostname)
        route.abort()

    page.route("http*://**", refuse)
    page.goto(path.as_uri(), wait_until="load")
    state = page.evaluate(
        """() => JSON.parse(document.querySelector('[type="application/vnd.jupyter.widget-state+json"]').textContent).state"""
    )
    page.close()
    assert state[left.model_id]["state"]["out"] == 56
    assert asked <= {"cdnjs.cloudflare.com", "cdn.jsdelivr.net"}  # as the page of recipes says
