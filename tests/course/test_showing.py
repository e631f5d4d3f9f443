"""What a student wrote runs nothing in the teacher's browser: form grader and feedback in Chromium."""

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from playwright.sync_api import sync_playwright

from googlenet_edu import grade
from googlenet_edu.classroom import course as nbcourse
from tests.servers import jupyter_server
from tests.tools import chromium

from .classroom import Maker, cell, copy_course, write
from .test_grading import gradebook

pytestmark = [pytest.mark.xdist_group("classroom"), pytest.mark.needs("bubblewrap")]

RUN = "document.title='ran'"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ANSWER = f"""
[see my figure](javascript:{RUN}) [two](JaVaScRiPt:{RUN}) [three](java&#115;cript:{RUN})
[four](  javascript:{RUN}) [five](data:text/html,<script>{RUN}</script>) [six][ref] [seven](page.html)
[eight](files/javascript:{RUN}) [nine](//evil.example/x) [ten](/formgrader/manage_students)
<javascript:{RUN}> [tab](java\tscript:{RUN}) [control](\x01javascript:{RUN})

[ref]: javascript:{RUN}

<script>{RUN}</script> <img src=x onerror="{RUN}"> <svg onload="{RUN}"><a href="javascript:{RUN}">x</a></svg>
<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>

<details open ontoggle="{RUN}">a block</details>

![](javascript:{RUN}) ![x" onerror="{RUN}](a.png) ![gone](attachment:none.png) ![](https://evil.example/x.png)
![pasted](attachment:a.png) ![drawn](attachment:b.svg) ![mine](attachment:c.png)

# heading <img src=x onerror="{RUN}"> [link](javascript:{RUN})

```mermaid
</pre><img src=x onerror="{RUN}">
```

```"><img src=x onerror="{RUN}">
if a<b: pass
```

    if a<b and c>d: pass

A side of $s<k$ counts, *1 < 2*, and $$s<k<p$$ and `a<b`. [the paper](https://arxiv.org/abs/1409.4842)
"""
PAGE = f"<script>{RUN}</script>"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A graded submission with every way to run a script that we know."""
    top = tmp_path_factory.mktemp("pages")
    folder = copy_course(top / "course", "A1")
    nbcourse.prepare(folder, "A1")
    nb = Maker(folder, "A1").notebook(conv=f"def conv_size(*a): raise ValueError('{PAGE}')")
    written = cell(nb, "explain-half")
    written["source"] = ANSWER
    written["attachments"] = {
        "a.png": {"image/png": PNG},
        "b.svg": {"image/svg+xml": f"<svg onload={RUN!r}/>"},
        "c.png": {"image/png": f'" onerror="{RUN}'},
    }
    written["metadata"]["tags"] = [f'"><img src=x onerror="{RUN}">']
    nb["metadata"]["title"] = nb["metadata"]["name"] = PAGE
    cell(nb, "explain-drop")["source"] = f"print('{PAGE}')\n\n{PAGE}"
    nb["cells"].insert(1, {**cell(nb, "conv"), "id": "mine", "source": f"print({PAGE!r})"})
    nb["cells"][1]["metadata"] = {"tags": [f"'><script>{RUN}</script>"]}
    write(nb, top / "in" / "mallory" / "A1.ipynb")
    for name in ("page.html", "figure.svg", "a.PDF.htm", "noext"):
        (top / "in" / "mallory" / name).write_text(PAGE, encoding="utf-8")
    words = ["A1", "--course", str(folder), "--submissions", str(top / "in")]
    assert grade.main(words) == 0
    assert grade.main([*words[:3], "--feedback"]) == 0
    return folder


@pytest.fixture(scope="module")
def form_grader(course):
    """nbgrader's form grader in a Jupyter server, started in the course's folder."""
    home = str(course.parent / "home")
    extension = "--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True"
    environment = {"JUPYTER_CONFIG_DIR": home, "HOME": home}
    log = course.parent / "log"
    with jupyter_server("server", course, log, extension, **environment) as found:
        yield found


@pytest.fixture(scope="module")
def page():
    """A Chromium page; `asked` has the addresses that it asked for."""
    with sync_playwright() as playwright:
        flags = [*chromium.FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        path = chromium.find_chromium()
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        page = browser.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def assert_harmless(page, selector):
    """Nothing ran, nothing could, and what was written can be read."""
    page.locator(selector).first.wait_for()
    for link in page.locator(f"{selector} a").all():
        if not link.get_attribute("href").startswith("https://"):
            link.click()
    assert page.title() != "ran"
    marks = page.eval_on_selector_all(
        f"{selector} *",
        "all => all.flatMap(one => [one.tagName, ...[...one.attributes].map(a => a.name + '=' + a.value)])",
    )
    assert not [one for one in marks if one.lower() in ("script", "svg", "iframe", "details")]
    assert not [one for one in marks if one.startswith("on")]
    links = [one for one in marks if one.startswith("href=") and not one.startswith("href=#")]
    assert links == ["href=https://arxiv.org/abs/1409.4842"]
    pictures = [one for one in marks if one.startswith("src=")]
    assert [one for one in pictures if one.startswith("src=data:image/png;base64,iVBOR")]
    assert all(one.startswith("src=data:image/png;") or one == "src=a.png" for one in pictures)
    text = page.locator(selector).first.inner_text()
    assert text.count("if a<b") == 2 and "$s<k$" in text and "$$s<k<p$$" in text
    assert "1 < 2" in text and "see my figure (javascript:" in text and "<script>" in text


def test_the_form_grader_runs_nothing(course, form_grader, page):
    address, token = form_grader
    with gradebook(course) as book:
        name = book.find_submission_notebook("A1", "A1", "mallory").id
    page.goto(f"{address}/formgrader/submissions/{name}/?token={token}", wait_until="load")
    assert_harmless(page, "div.nbgrader_cell:has(textarea#explain-half-comment) .rendered_html")
    assert page.locator("textarea#explain-half-comment").count() == 1  # it is the form
    assert page.title() != "ran"
    for file in ("page.html", "figure.svg", "a.PDF.htm", "noext"):
        assert page.request.get(f"{address}/formgrader/submissions/{name}/{file}").status == 404


def test_feedback_runs_nothing_and_asks_nobody(course, page):
    page.asked.clear()
    file = course / "feedback" / "mallory" / "A1" / "A1.html"
    page.goto(file.as_uri(), wait_until="load")
    assert_harmless(page, ".nbgrader_cell .rendered_html:has(code)")
    assert page.locator("script").count() == 0
    assert [one for one in page.asked if not one.startswith(("file:", "data:"))] == []


def test_the_attack_is_one(course, form_grader, page):
    """The same page with nbconvert's own filter: the scripts do run, and the CDN is asked."""
    notebook = course / "autograded" / "mallory" / "A1" / "A1.ipynb"
    nb = nbformat.read(str(notebook), as_version=4)
    for one in nb.cells:
        one.source = one.source.replace("attachment:", "")
    plain, _ = HTMLExporter(template_name="classic").from_notebook_node(nb)
    (course / "plain.html").write_text(plain, encoding="utf-8")
    page.goto((course / "plain.html").as_uri(), wait_until="load")
    page.wait_for_function("document.title == 'ran'")
