"""Rehearse the course on a JupyterHub of your own machine: `python book/classroom/hub/hub.py`.

Makes a folder with a copy of the course, nbgrader's exchange and a home for each who signs in,
releases the assignments and starts JupyterHub with configurable-http-proxy on 127.0.0.1. Sign in as
`teacher` or as any student, with the password that is printed. Ctrl-C ends it; the folder stays.
"""

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
COURSE = HERE.parent / "course"


def find_proxy():
    """Return the path of configurable-http-proxy, or None."""
    own = Path(sys.prefix, "proxy", "node_modules", ".bin", "configurable-http-proxy")
    return str(own) if own.exists() else shutil.which("configurable-http-proxy")


def free_ports(count):
    """Return ports of this machine that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def settle(folder, assignments):
    """Make the folder; return the environment for nbgrader's commands in its course."""
    # The form grader opens a course only below the folder in which its server starts.
    exchange, course = folder / "exchange", folder / "home" / "teacher" / "course"
    course.parent.mkdir(parents=True, exist_ok=True)
    exchange.mkdir(parents=True, exist_ok=True)
    exchange.chmod(0o777)  # nbgrader asks for it: students hand in here
    if not course.exists():
        shutil.copytree(COURSE, course, ignore=shutil.ignore_patterns("*.db", "__pycache__"))
    here = os.path.dirname(sys.executable)
    paths = os.pathsep.join([here, os.environ.get("PATH", "")])
    environment = os.environ | {"PATH": paths, "PYTHONUTF8": "1"}
    for name in assignments:
        for command in (["generate_assignment", name, "--force"], ["release_assignment", name]):
            nbgrader(course, exchange, environment, *command)
    return environment


def nbgrader(course, exchange, environment, *words):
    """Run one of nbgrader's commands in the course; show what it says when it fails."""
    command = [sys.executable, "-m", "nbgrader", *words, f"--Exchange.root={exchange}"]
    done = subprocess.run(
        command, cwd=course, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        raise SystemExit(f"nbgrader {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default="hub-rehearsal", help="what to make, or to go on with")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--assignments", nargs="+", default=["A1"], help="which to release")
    asked = parser.parse_args(words)
    proxy = find_proxy()
    if proxy is None:
        raise SystemExit(
            "configurable-http-proxy was not found. With Node 20 or later:\n"
            f"  npm install --prefix {Path(sys.prefix, 'proxy')} configurable-http-proxy@5.3.0"
        )
    folder = Path(asked.folder).resolve()
    environment = settle(folder, asked.assignments)
    hub_port, proxy_port = free_ports(2)
    password = os.environ.get("HUB_PASSWORD") or secrets.token_hex(4)
    told = {
        "folder": str(folder),
        "course": str(folder / "home" / "teacher" / "course"),
        "exchange": str(folder / "exchange"),
        "proxy": [proxy],
        "port": asked.port,
        "hub_port": hub_port,
        "proxy_port": proxy_port,
        "password": password,
        "token": os.environ.get("HUB_TOKEN", ""),
    }
    environment["GOOGLENET_EDU_HUB"] = json.dumps(told)
    print(f"http://127.0.0.1:{asked.port}  password: {password}", flush=True)
    command = [sys.executable, "-m", "jupyterhub", "-f", str(HERE / "jupyterhub_config.py")]
    hub = subprocess.Popen(command, cwd=folder, env=environment)
    try:
        return hub.wait()
    except KeyboardInterrupt:
        return hub.wait()
    finally:
        if hub.poll() is None:
            hub.terminate()
            hub.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main())
