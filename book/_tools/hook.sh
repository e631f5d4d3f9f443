#!/bin/sh
# Runs the Python of the project's environment for .pre-commit-config.yaml: the one that
# HOOK_PYTHON names, the active environment's, or that of .venv.
for python in "$HOOK_PYTHON" "$VIRTUAL_ENV/bin/python" .venv/bin/python .venv/Scripts/python.exe python3 python; do
  "$python" -c "from importlib.util import find_spec as f; 1 / all(map(f, ('codespell_lib', 'nbformat', 'ruff')))" 2>/dev/null && exec "$python" "$@"
done
echo "No Python with the project's checks was found: run make hooks, or activate the environment." >&2
exit 1
