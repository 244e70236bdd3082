"""bandit, with the answers that stand in the code already: `python -m tests.rules.bandit` is silent or names a line.

ruff carries bandit's rules under the same numbers (B608 is S608), and its exceptions stand line by line with their
reasons. A finding of bandit that ruff was answered for is answered; every other one is told.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kayse_admin", "clients_ui", "caselists_ui", "manage.py")
#: Rules of bandit that ruff has under one number.
SAME = {"B703": "S308"}


def findings(*targets: str) -> list[dict[str, Any]]:
    """What bandit finds, low severity and confidence included."""
    told = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-r", "-f", "json", *targets],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(told.stdout)
    if report["errors"] or not report["metrics"]["_totals"]["loc"]:
        raise RuntimeError(f"bandit read nothing: {told.stderr or report['errors']}")
    found: list[dict[str, Any]] = report["results"]
    return found


def answered(finding: dict[str, Any], general: set[str]) -> bool:
    """Whether the lines of the finding, or the project's rules, answer it."""
    rule = SAME.get(finding["test_id"], finding["test_id"].replace("B", "S", 1))
    lines = (ROOT / finding["filename"]).read_text().splitlines()
    first, last = finding["line_range"][0], max(finding["line_range"][-1], finding.get("end_line_number", 0))
    text = "\n".join(lines[first - 1 : last])
    return rule in general or bool(re.search(rf"# noqa: [A-Z0-9, ]*\b{rule}\b", text))


def open_findings(*targets: str) -> list[str]:
    """The findings that nobody has answered, one line each."""
    ignored = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["ignore"]
    return [
        f"{one['filename']}:{one['line_number']} {one['test_id']} {one['issue_text']}"
        for one in findings(*targets)
        if not answered(one, set(ignored))
    ]


if __name__ == "__main__":
    told = open_findings(*PACKAGES)
    print("\n".join(told), end="\n" if told else "")
    sys.exit(bool(told))
