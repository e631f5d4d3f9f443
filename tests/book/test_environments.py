"""The book on difficult machines: consoles, folders, rights, networks, builds that meet."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.building import ROOT, build_book, copy_book, write_page

BUILD = ROOT / "book" / "_tools" / "build_book.py"
PAGE = "# 页面 A page\n\nGröße 尺寸 $\\lfloor 112.5 \\rfloor$\n\n```{widget} conv_size\n```\n"


@pytest.fixture(scope="session")
def gbk(tmp_path_factory):
    """The environment of a console in Chinese Windows' encoding; the locale is made here."""
    folder = tmp_path_factory.mktemp("locale")
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/charmaps").is_dir():
        pytest.skip("localedef and its character maps make the locale (on Debian: locales)")
    command = ["localedef", "-i", "zh_CN", "-f", "GBK", str(folder / "zh_CN.GBK")]
    subprocess.run(command, check=True, capture_output=True)
    environment = {"LOCPATH": str(folder), "LC_ALL": "zh_CN.GBK", "PYTHONUTF8": "0"}
    code = "import sys; print(sys.stdout.encoding)"
    assert python(code, environment).lower() == "gbk"
    return environment


def without(*names, **more):
    return {**{key: value for key, value in os.environ.items() if key not in names}, **more}


def python(code, environment, **settings):
    """Run code in a fresh interpreter under a GBK console; return what it printed."""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=without("PYTHONIOENCODING", **environment),
        capture_output=True,
        **settings,
    )
    assert run.returncode == 0, run.stderr.decode("gbk", "replace")
    return run.stdout.decode("gbk").strip()


def offline():
    """Return the start of a command that runs the rest without any network, where one can."""
    command = ["unshare", "--net"]
    if (
        shutil.which("unshare")
        and not subprocess.run([*command, "true"], capture_output=True).returncode
    ):
        return command
    return []


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts and path.is_file()
    }


def test_everything_that_prints_fits_a_gbk_console(gbk):
    """Steps, tables, messages and widgets, where a stray character would end the program."""
    code = """
import googlenet_edu as g
from googlenet_edu import widgets
from googlenet_edu.sizes import *
print(explain_conv(224, 7, 2, 3), explain_pool(112, 3, 2, ceil_mode=True), g.ledger(224), sep="\\n")
for name in widgets.__all__:
    if name != "Quiz":
        print(getattr(widgets, name)())
for wrong in (dict(size=0), dict(size=3, kernel_size=9), dict(size=3, kernel_size=2.5)):
    try:
        conv_output_size(**{"kernel_size": 3, **wrong})
    except (ValueError, TypeError) as error:
        print(error)
"""
    printed = python(code, gbk)
    assert "112" in printed and len(printed.splitlines()) > 40


def test_commands_work_on_a_gbk_console(gbk, tmp_path):
    for tool in ("build_book.py", "make_pdf.py", "refresh_notebooks.py", "check_words.py"):
        code = f"import sys, runpy; sys.argv = ['x', '--help']; runpy.run_path({str(BUILD.with_name(tool))!r}, run_name='__main__')"
        assert "usage" in python(code, gbk)
    page = tmp_path / "page.md"
    page.write_text("# 页面\n\nThis simply fails, GoogleNet.\n", encoding="utf-8")
    run = subprocess.run(
        [sys.executable, BUILD.with_name("check_words.py"), page],
        env={**os.environ, **gbk},
        capture_output=True,
    )
    assert run.returncode == 1 and "GoogLeNet" in run.stdout.decode("gbk")


def build_in_a_hard_place(folder):
    """Build a page in a read-only folder with a space and Chinese letters; runs under GBK."""
    source = copy_book(Path(folder) / "课程 book 1")
    write_page(source, PAGE)
    before = snapshot(source)
    for path in [source, *source.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)  # root writes all the same: the snapshot tells
    build = build_book(source, Path(folder) / "出 out", fresh=True, PYTHONUTF8="0")
    for path in [source, *source.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    assert build.code == 0, build.log[-3000:].encode("ascii", "replace")
    page = (build.html / "book" / "intro.html").read_text(encoding="utf-8")
    for word in ("页面", "Größe 尺寸", "<math", "data-gn-widget"):
        assert word in page, ascii(word)
    assert snapshot(source) == before
    print("built", sys.stdout.encoding)


def test_a_hard_machine_builds_the_book(gbk, tmp_path):
    """A read-only folder with a space and Chinese letters, a GBK console, no HOME, no network."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from tests.book.test_environments import build_in_a_hard_place as build; build(sys.argv[2])"
    )
    environment = without("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", **gbk)
    command = [*offline(), sys.executable, "-c", code, str(ROOT), str(tmp_path)]
    run = subprocess.run(command, env=environment, capture_output=True)
    assert run.returncode == 0, run.stderr.decode("gbk", "replace")
    assert run.stdout.decode("gbk").lower().split() == ["built", "gbk"]


def test_the_network_runs_without_home_and_network(tmp_path):
    """The first cell of a chapter: the whole network and a drawing, on a bare account."""
    code = (
        "import googlenet_edu as g, matplotlib.pyplot; print(g.GoogLeNet().eval().smallest_image)"
    )
    run = subprocess.run(
        [*offline(), sys.executable, "-c", code],
        cwd=tmp_path,
        env=without("HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"),
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0 and run.stdout.strip().isdigit(), run.stderr


def start(folder):
    return subprocess.Popen(
        [sys.executable, str(BUILD), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )


def test_builds_that_meet_fail_or_are_interrupted(tmp_path):
    """Two at once, one killed, one with a fault: a whole book is there all the time."""
    folder = copy_book(tmp_path / "book")
    write_page(folder, PAGE)
    place = folder / "_build" / "html"
    pair = [start(folder), start(folder)]
    for one in pair:
        said, _ = one.communicate(timeout=300)
        assert one.returncode == 0, said
    assert "页面" in (place / "book" / "intro.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in place.parent.iterdir()) == ["html"]

    write_page(folder, PAGE.replace("页面", "Second"))
    killed = start(folder)
    while not list((folder / "_build").glob("new-*/_build")):
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert "页面" in (place / "book" / "intro.html").read_text(encoding="utf-8")
    [left] = (folder / "_build").glob("new-*")
    os.utime(left, (0, 0))  # as it is an hour later

    write_page(folder, PAGE + "\n[](nowhere)\n")
    faulty = start(folder)
    said, _ = faulty.communicate(timeout=300)
    assert faulty.returncode != 0 and "nowhere" in said and "unchanged" in said
    assert "页面" in (place / "book" / "intro.html").read_text(encoding="utf-8")

    write_page(folder, PAGE.replace("页面", "Second"))
    last = start(folder)
    said, _ = last.communicate(timeout=300)
    assert last.returncode == 0, said
    assert "Second A page" in (place / "book" / "intro.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in place.parent.iterdir()) == ["html"]
