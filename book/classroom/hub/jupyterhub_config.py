"""A JupyterHub for trying the course on one machine: `python hub.py`, beside this file.

Anybody who knows the password may be anybody, and all run with your rights: a rehearsal, not a
server for a class. For a class keep the part on nbgrader, and take an authenticator and a spawner
that give each student an account of their own (see the teacher's guide).
"""

import json
import os
import sys
from pathlib import Path

from jupyterhub.auth import DummyAuthenticator
from jupyterhub.spawner import SimpleLocalProcessSpawner

c = get_config()  # noqa: F821  JupyterHub defines it
here = json.loads(os.environ["GOOGLENET_EDU_HUB"])
folder = Path(here["folder"])

# The hub, on this machine only.
c.JupyterHub.bind_url = f"http://127.0.0.1:{here['port']}"
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = here["hub_port"]
c.ConfigurableHTTPProxy.command = here["proxy"]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{here['proxy_port']}"
c.JupyterHub.db_url = f"sqlite:///{folder / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
c.JupyterHub.authenticator_class = DummyAuthenticator
c.DummyAuthenticator.password = here["password"]
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"teacher"}
c.JupyterHub.spawner_class = SimpleLocalProcessSpawner
c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "home" / "{username}")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.environment = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
c.Spawner.args = ["--allow-root"] if hasattr(os, "getuid") and os.getuid() == 0 else []
c.Spawner.start_timeout = c.Spawner.http_timeout = 120


# nbgrader: what each student's server has to know, and the teacher's.
def settle(spawner):
    name = spawner.user.name
    lines = [
        "c = get_config()",
        'c.CourseDirectory.course_id = "googlenet"',
        f"c.Exchange.root = {here['exchange']!r}",
    ]
    if name == "teacher":
        # The course's settings too: they put the sandbox into the form grader's button.
        lines.append(f"load_subconfig('nbgrader_config.py', path={here['course']!r})")
        lines.append(f"c.CourseDirectory.root = {here['course']!r}")
    else:
        # Only where all run under one account: nbgrader takes the account's name otherwise.
        lines.append(f"c.CourseDirectory.student_id = {name!r}")
    place = folder / "home" / name / ".jupyter"
    place.mkdir(parents=True, exist_ok=True)
    (place / "nbgrader_config.py").write_text("\n".join(lines) + "\n", encoding="utf-8")


c.Spawner.pre_spawn_hook = settle

if here.get("token"):  # the tests' way in
    c.JupyterHub.services = [{"name": "rehearsal", "api_token": here["token"]}]
    c.JupyterHub.load_roles = [
        {
            "name": "rehearsal",
            "services": ["rehearsal"],
            "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"],
        }
    ]
