"""`python -m scripts.submit` of application.py in place of streaming/app.py: `python -m tests.chaos.launch`."""

from __future__ import annotations

from pathlib import Path

from scripts import submit

if __name__ == "__main__":
    submit.PROGRAMS["app"] = Path(__file__).with_name("application.py")
    submit.main()
