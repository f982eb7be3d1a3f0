"""Make requirements.lock again from pyproject.toml: `python -m scripts.lock`. Needs `uv`, which pip installs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from scripts.places import LOCK_FILE, ROOT

COMMAND = ("uv", "pip", "compile", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-header")
HEAD = f"""\
# Every package with its version and hashes, for Python 3.11 and 3.12. Made from pyproject.toml by `make lock`, that is:
#   {" ".join(COMMAND)} --extra dev pyproject.toml
# (uv is a package like any other). It names no index: pip asks the one that it is set up for.
"""


def main() -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if not uv:
        print("newswake: there is no `uv`: install it with `.venv/bin/pip install uv`", file=sys.stderr)
        sys.exit(2)
    options = ["--python-version", "3.11", "--extra", "dev", "pyproject.toml"]
    result = subprocess.run([uv, *COMMAND[1:], *options], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit(result.returncode)
    # uv names the project by its place on this machine, which is nobody else's.
    LOCK_FILE.write_text(HEAD + result.stdout.replace(f"{ROOT}/", ""), encoding="utf-8")


if __name__ == "__main__":
    main()
