"""A real JupyterHub: a student fetches, works and hands in; the teacher collects and grades."""

import importlib.util
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from googlenet_edu import grade

from .classroom import ROOT, Maker, first, write
from .submissions import FULL
from .test_grading import auto_points

SCRIPT = ROOT / "book/classroom/hub/hub.py"
spec = importlib.util.spec_from_file_location("rehearsal", SCRIPT)
rehearsal = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rehearsal)

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("hub")]


class Hub:
    def __init__(self, port, token, folder):
        self.url, self.token, self.folder = f"http://127.0.0.1:{port}", token, folder
        self.course = folder / "home" / "teacher" / "course"

    def ask(self, method, path, data=None, token=None, form=False):
        body = None
        if data is not None:
            body = (urllib.parse.urlencode(data) if form else json.dumps(data)).encode()
        request = urllib.request.Request(self.url + path, body, method=method)
        request.add_header("Authorization", f"token {token or self.token}")
        if data is not None:
            kind = "x-www-form-urlencoded" if form else "json"
            request.add_header("Content-Type", f"application/{kind}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read().decode("utf-8")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def wait(self, path, token=None, until=lambda answer: True, seconds=120):
        end, last = time.monotonic() + seconds, None
        while time.monotonic() < end:
            try:
                last = self.ask("GET", path, token=token)
                if until(last):
                    return last
            except (urllib.error.URLError, ConnectionError) as error:
                last = error
            time.sleep(0.3)
        raise AssertionError(f"{path}: {last}")

    def sign_in(self, name):
        """Start a user's server, unless it runs already; return a token for it."""
        for what, there_already in (("", 409), ("/server", 400)):
            try:
                self.ask("POST", f"/hub/api/users/{name}{what}")
            except urllib.error.HTTPError as error:
                assert error.code == there_already, error.read().decode("utf-8")
        self.wait(
            f"/hub/api/users/{name}", until=lambda user: user["servers"].get("", {}).get("ready")
        )
        return self.ask("POST", f"/hub/api/users/{name}/tokens", {"note": "test"})["token"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub") / "rehearsal"
    (port,) = rehearsal.free_ports(1)
    token = secrets.token_hex(16)
    log = open(folder.parent / "log", "w+", encoding="utf-8")  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "--folder", folder, "--port", str(port)],
        env={**os.environ, "HUB_TOKEN": token, "HUB_PASSWORD": "class"},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    it = Hub(port, token, folder)
    try:
        it.wait("/hub/api/users")
        yield it
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        log.close()


def test_from_fetch_to_grade(hub):
    token = hub.sign_in("ada")
    asked = {"course_id": "googlenet", "assignment_id": "A1"}
    there = hub.ask("GET", "/user/ada/assignments?course_id=googlenet", token=token)
    assert [one["assignment_id"] for one in there["value"]] == ["A1"]
    assert hub.ask("POST", "/user/ada/assignments/fetch", asked, token, form=True)["success"]

    fetched = hub.ask("GET", "/user/ada/api/contents/A1/A1.ipynb", token=token)
    text = json.dumps(fetched["content"])
    assert "HIDDEN TESTS" not in text and "BEGIN SOLUTION" not in text
    worked = Maker(hub.course, "A1").notebook(unread="def unread(n, k, s, p):\n    return 1")
    saved = {"type": "notebook", "format": "json", "content": worked}
    hub.ask("PUT", "/user/ada/api/contents/A1/A1.ipynb", saved, token)
    assert hub.ask("POST", "/user/ada/assignments/submit", asked, token, form=True)["success"]

    said = rehearsal.nbgrader(
        hub.course,
        hub.folder / "exchange",
        {**os.environ, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"},
        "collect",
        "A1",
        "--ExchangeCollect.check_owner=False",
    )
    assert "Collecting submission: ada A1" in said
    assert grade.main(["A1", "--course", str(hub.course)]) == 0
    assert auto_points(hub.course, "A1") == {"ada": 21}  # unread is always 1: its tests fail


def test_the_teacher_has_the_form_grader(hub):
    token = hub.sign_in("teacher")
    page = hub.ask("GET", "/user/teacher/formgrader", token=token)
    assert "formgrader" in page.lower()
    found = hub.ask("GET", "/user/teacher/formgrader/api/assignments", token=token)
    assert "A1" in [one["name"] for one in found]
    mine = hub.ask("GET", "/user/teacher/api/contents/", token=token)
    assert mine["type"] == "directory"


def test_the_form_graders_button_grades_in_the_sandbox(hub, tmp_path):
    """What the button sends; the code handed in can neither write outside nor change its points."""
    trap = tmp_path / "trap"
    trap.mkdir()
    mischief = f"""
try:
    open({str(trap / "written")!r}, "w").close()
    print("got out")
except OSError as error:
    print("kept in:", type(error).__name__)
"""
    nb = first(Maker(hub.course, "A1").notebook(), mischief)
    handed_in = hub.course / "submitted" / "mallory" / "A1" / "A1.ipynb"
    write(nb, handed_in)
    token = hub.sign_in("teacher")
    button = "/user/teacher/formgrader/api/submission/A1/mallory/autograde"
    assert hub.ask("POST", button, {}, token)["success"]
    assert auto_points(hub.course, "A1")["mallory"] == FULL
    graded = (hub.course / "autograded/mallory/A1/A1.ipynb").read_text(encoding="utf-8")
    assert "kept in: " in graded and "got out\\n" not in graded
    assert list(trap.iterdir()) == []
    (row,) = [
        one
        for one in hub.ask("GET", "/user/teacher/formgrader/api/submissions/A1", token=token)
        if one["student"] == "mallory"
    ]
    assert row["autograded"] and row["code_score"] == FULL


def test_a_student_sees_nobody_elses_server(hub):
    token = hub.sign_in("eve")
    with pytest.raises(urllib.error.HTTPError) as refused:
        hub.ask("GET", "/user/teacher/api/contents/", token=token)
    assert refused.value.code in (403, 404)
