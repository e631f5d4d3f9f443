"""A real Jupyter server for the tests."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager


@contextmanager
def jupyter_server(kind, folder, log, *options, **environment):
    """Run "lab" or "server" over a folder until it answers; give (address, token), end it after.

    log: the file for what it says. options: further ones of the command. environment: further
    variables.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyter", kind, "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", *options]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    address = f"http://127.0.0.1:{port}"
    with log.open("w", encoding="utf-8") as file:
        server = subprocess.Popen(
            command, cwd=folder, stdout=file, stderr=file, env={**os.environ, **environment}
        )
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=5).close()
                    break
                except OSError:
                    assert server.poll() is None, log.read_text(encoding="utf-8")
                    time.sleep(0.1)
            yield address, token
        finally:
            server.terminate()
            server.wait(20)
