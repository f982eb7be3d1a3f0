"""Where things stand in the repository. Standard library only."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONF = ROOT / "conf"
VENV = ROOT / ".venv"
JVM = ROOT / ".jvm"
NODE = ROOT / ".node"
PAGE = ROOT / "dashboard" / "web"
HOMES = ROOT / ".newswake"
PROJECT_FILE = ROOT / "pyproject.toml"
LOCK_FILE = ROOT / "requirements.lock"
NODE_LOCK_FILE = CONF / "node.lock"
SETUP_LOG = ROOT / "build" / "setup.log"
