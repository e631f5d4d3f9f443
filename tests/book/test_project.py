"""What contributors meet: checks before a commit, forms, the workflow, licenses, the map of the code."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import code_map
import jsonschema
import nbformat
import pytest
import yaml

import googlenet_edu
from tests.building import ROOT

HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
# That of the scripts needs Node and the whole package: below.
PLANTED = [hook for hook in HOOKS["repos"][0]["hooks"] if hook["id"] != "scripts"]
FORMS = sorted(
    path
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")
    if path.name != "config.yml"
)
# One fault for each hook: its file, and what stands in it.
FAULTS = {
    "pyright": ("googlenet_edu/side.py", 'def side() -> int:\n    return "7"\n'),
    "ruff": ("book/fault.py", "import os\n\n\nprint(undefined)\n"),
    "ruff-format": ("book/layout.py", "x = { 'a':1 }\n"),
    "codespell": ("README.md", "# A title\n\nThe rec" + "ieved text.\n"),
    "notebooks": ("book/sizes/loose.ipynb", None),
    "words": ("book/page.md", "# Words\n\nSimply put, GoogleNet has nine inception modules.\n"),
}


def run(*command, **settings):
    settings = {"capture_output": True, "encoding": "utf-8", "errors": "replace", **settings}
    return subprocess.run([str(one) for one in command], **settings)


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """A repository with one fault for each hook; return what the hooks said, by hook."""
    folder = tmp_path_factory.mktemp("repository")
    for name in (".pre-commit-config.yaml", "pyproject.toml", "book/_tools"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, target)
    for name, text in FAULTS.values():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            cell = nbformat.v4.new_code_cell("1", metadata={"collapsed": True}, execution_count=7)
            nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        else:
            path.write_text(text, encoding="utf-8")
    (folder / "book" / "good.md").write_text(
        "# GoogLeNet\n\n`GoogleNet` is code.\n", encoding="utf-8"
    )
    environment = {
        **os.environ,
        "HOOK_PYTHON": sys.executable,
        "PRE_COMMIT_HOME": str(folder / ".cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    for command in (["init", "--quiet"], ["add", "--all"]):
        assert run("git", *command, cwd=folder, env=environment).returncode == 0
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"]
    said = run(*command, cwd=folder, env=environment)
    assert said.returncode == 1, said.stdout + said.stderr
    parts = re.split(r"^(?=.*\.{3,}(?:Passed|Failed))", said.stdout, flags=re.M)
    found = {}
    for hook in PLANTED:
        [found[hook["id"]]] = [part for part in parts if part.startswith(hook["name"])]
    return found


@pytest.mark.xdist_group("hooks")
@pytest.mark.parametrize("hook", [hook["id"] for hook in PLANTED])
def test_a_planted_fault_stops_a_commit(checked, hook):
    name, _ = FAULTS[hook]
    assert "Failed" in checked[hook]
    assert name in checked[hook] or "reformatted" in checked[hook]
    assert "good.md" not in checked[hook]


@pytest.mark.parametrize(
    "fault", ["", "export default nothing;\n", f"const long = {'1 + ' * 40}1;\n"]
)
def test_a_fault_in_a_script_is_found(fault, tmp_path):
    if not shutil.which("npx"):
        pytest.skip("Biome needs Node (on Debian: nodejs and npm)")
    for name in ("biome.jsonc", "book/_tools", "book/_static", "googlenet_edu"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, tmp_path / name)
    script = tmp_path / "googlenet_edu/widgets/js/lrn.js"
    script.write_text(fault + script.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
    before = script.read_bytes()
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    said = run(sys.executable, tmp_path / "book/_tools/check_scripts.py", env=environment)
    if "scripts are not checked" in said.stderr:
        pytest.skip("npm could not fetch Biome")
    wrong = said.returncode != 0 or script.read_bytes() != before  # layout is mended in place
    assert wrong == bool(fault), said.stdout + said.stderr


def test_the_words_of_the_book_are_its_own():
    said = run(sys.executable, ROOT / "book" / "_tools" / "check_words.py")
    assert said.returncode == 0, said.stdout


def test_the_spelling_is_right():
    said = run(sys.executable, "-m", "codespell_lib", "book", "googlenet_edu", "tests", "README.md",
               "CONTRIBUTING.md", "CHANGELOG.md", ".github", cwd=ROOT)  # fmt: skip
    assert said.returncode == 0, said.stdout


def check_schema(name, path):
    """Return what is wrong with a YAML file by one of check-jsonschema's schemas."""
    folder = files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    # YAML 1.1 reads the key "on" as true.
    content = {"on" if key is True else key: value for key, value in content.items()}
    validator = jsonschema.validators.validator_for(schema)(schema)
    return [error.message for error in validator.iter_errors(content)]


def test_forms_and_workflow_follow_their_schemas(tmp_path):
    for form in FORMS:
        assert check_schema("github-issue-forms", form) == []
    assert len(FORMS) == 3
    config = ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"
    assert check_schema("github-issue-config", config) == []
    workflow = ROOT / ".github" / "workflows" / "book.yml"
    assert check_schema("github-workflows", workflow) == []
    fault = tmp_path / "book.yml"
    text = workflow.read_text(encoding="utf-8")
    fault.write_text(text.replace("runs-on:", "run-on:"), encoding="utf-8")
    assert check_schema("github-workflows", fault)


def test_the_workflow_runs_what_the_project_has():
    """Each `make` target and each file it names exists."""
    text = (ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = " ".join(re.findall(r"\bmake ([a-z -]+)", text)).split()
    assert {"lint", "test", "pdf"} <= set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M)
    for name in re.findall(r"\b(?:requirements|tests)/[\w./]+", text):
        assert (ROOT / name).exists(), name
    assert yaml.safe_load(text)["jobs"]["publish"]["needs"]


def test_help_lists_every_command():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = " ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.M)).split()
    said = run("make", "help", cwd=ROOT).stdout
    assert {"book", "test", "pdf", "lint", "hooks"} <= set(phony)
    for target in phony:
        assert re.search(rf"^  make {target} +\w", said, re.M), target


def test_the_contributors_guide_names_what_exists():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:tests|book|googlenet_edu|requirements)/[\w./-]*[\w/])`", text):
        if name == name.lower() or "test_" in name:  # NAME stands for any name
            assert (ROOT / name).exists(), name
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_citation_and_licenses_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert citation["version"] == googlenet_edu.__version__
    assert citation["title"] == config["title"]
    assert {"cff-version", "message", "authors"} <= set(citation)
    assert citation["license"] == ["MIT", "CC-BY-4.0"]
    license = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "MIT License" in license and "creativecommons.org/licenses/by/4.0" in license


def test_the_map_shows_the_code_as_it_is(site):
    """Every module has its box, no arrow goes up, and a new import is seen."""
    uses, needs = code_map.read_code()
    heights = code_map.levels(uses)
    modules = {
        path.name.removesuffix(".py")
        for path in (ROOT / "googlenet_edu").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").is_file()) and path.name != "__init__.py"
    }
    assert set(uses) == modules
    assert "architecture" in uses["model"] and "torch" in needs["model"]
    assert not needs["sizes"] and not needs["architecture"]
    assert all(heights[part] > heights[one] for part in uses for one in uses[part])
    page = (site / "book" / "reference" / "code_map.html").read_text(encoding="utf-8")
    for part in modules:
        assert f">{part}</text>" in page or f">{part}/</text>" in page
        assert f'<th scope="row"><code>{part}</code></th>' in page


def reaches(path):
    """Yield each name that a file takes and should not: private ones of ours, and across rooms."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    home = path.relative_to(ROOT).as_posix()
    ours = {one.stem for one in (ROOT / "book/_ext").glob("*.py")} | {"googlenet_edu", "tests"}
    known = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            start = "googlenet_edu" if node.level else node.module.split(".")[0]
            names = [alias.name for alias in node.names]
            known |= {alias.asname or alias.name for alias in node.names if start in ours}
        elif isinstance(node, ast.Import):
            names, start = [], node.names[0].name.split(".")[0]
            known |= {alias.asname or start for alias in node.names if start in ours}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names, start = [node.attr] if node.value.id in known else [], "googlenet_edu"
        else:
            continue
        if start in ours:
            yield from (name for name in names if re.match("_[a-z]|_[A-Z]", name))
        if start == "tests" and not home.startswith("tests/"):
            yield start
    if home.startswith("tests/"):
        calls = (one for one in ast.walk(tree) if isinstance(one, ast.Call))
        loads = [one for one in calls if getattr(one.func, "attr", "") == "exec_module"]
        if loads and "_tools" in path.read_text(encoding="utf-8"):
            yield "a command of book/_tools as a module"


def test_no_file_reaches_into_another(tmp_path):
    for folder in ("googlenet_edu", "book/_ext", "book/_tools", "tests/benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not list(reaches(path)), path
    for path in (ROOT / "tests").rglob("*.py"):
        assert "a command of book/_tools as a module" not in reaches(path), path


def test_tests_of_a_group_share_a_process(tmp_path):
    """What a group makes once for all its tests is costly; not every pytest lets xdist keep it."""
    (tmp_path / "test_groups.py").write_text(
        """
import os
import pytest

@pytest.mark.parametrize("group", [pytest.param(i % 2, marks=pytest.mark.xdist_group(str(i % 2)))
                                   for i in range(8)])
def test_one(group):
    with open(f"{group}-{os.environ['PYTEST_XDIST_WORKER']}", "a", encoding="utf-8") as file:
        file.write("x")
""",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xdist.plugin", "-n", "2"]
    command += ["--dist", "loadgroup", "-c", os.devnull, "--rootdir", tmp_path, tmp_path]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = run(*command, cwd=tmp_path, env=environment)
    assert ran.returncode == 0, ran.stdout
    marks = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("[01]-*")}
    assert sorted(name[0] for name in marks) == ["0", "1"], marks
    assert set(marks.values()) == {"xxxx"}


# requirement: (what its use looks like, where); those without a pattern are imported by their name.
EARNED = {
    "anywidget": (None, "googlenet_edu/widgets"),
    "axe-playwright-python": ("from axe_playwright_python", "tests"),
    "beautifulsoup4": ("from bs4 import", "book/_tools"),
    "brotli": ('flavor="woff2"', "book/_ext"),  # fonttools' compression of this flavor
    "check-jsonschema": (r'files\("check_jsonschema"\)', "tests/book/test_project.py"),
    "codespell": ("id: codespell", ".pre-commit-config.yaml"),
    "filelock": (None, "tests"),
    "fonttools": ("from fontTools", "book/_ext"),
    "hypothesis": (None, "tests"),
    "ipywidgets": (None, "book"),
    "jupyter-book": ("jupyter_book|jupyter-book", "book/_tools"),
    "jupyterhub": ("jupyterhub", "book/classroom/hub"),
    "jupyterlab": ("-m jupyter lab", "Makefile"),
    "jupyterlab-myst": (r"```\{admonition\}", "book"),  # what it draws in JupyterLab
    "latex2mathml": (None, "book/_ext"),
    "matplotlib": (None, "book"),
    "nbgrader": (None, "googlenet_edu/classroom"),
    "nbval": ("--nbval", "tests"),
    "notebook": ('"notebooks": "seven.ipynb"', "tests/browser"),
    "numpy": (None, "book"),
    "pillow": ("from PIL import", "googlenet_edu/train"),
    "playwright": (None, "tests"),
    "pre-commit": ("pre_commit", "Makefile"),
    "psutil": (None, "googlenet_edu/classroom"),
    "pypdf": (None, "book/_tools"),
    "pyright": ("id: pyright", ".pre-commit-config.yaml"),
    "pytest": (None, "tests"),
    "pytest-xdist": ("xdist_group", "tests"),
    "ruff": ("id: ruff", ".pre-commit-config.yaml"),
    "scikit-learn": ("from sklearn", "googlenet_edu/train"),
    "sphinx-exercise": ("sphinx_exercise", "_config.yml"),
    "tinycss2": (None, "book/_ext"),
    "torch": (None, "googlenet_edu"),
    "torchinfo": (None, "googlenet_edu"),
    "tqdm": (None, "googlenet_edu/train"),
}


def requirements():
    """Return the packages named in the requirement files of the book, its reader and its tests."""
    names = set()
    for path in [ROOT / "requirements.txt", *(ROOT / "requirements").glob("*.txt")]:
        if path.stem not in ("constraints", "bench"):
            names |= set(re.findall(r"^([\w-]+)==", path.read_text(encoding="utf-8"), re.M))
    return names


@pytest.mark.parametrize("name", sorted(requirements()))
def test_every_requirement_earns_its_line(name):
    pattern, place = EARNED[name]
    pattern = re.compile(pattern or rf"^\W*(?:from|import) {name}\b", re.M)
    here = [ROOT / place]
    if here[0].is_dir():
        kinds = (".py", ".ipynb")
        here = [one for one in here[0].rglob("*") if one.suffix in kinds and one != Path(__file__)]
    assert any(pattern.search(one.read_text(encoding="utf-8")) for one in here), (
        f"nothing in {place} uses {name}: delete its line, or say here what it is for"
    )
