"""Templates are formatted, free of known mistakes, and without anything that the policy makes dead."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.urls import get_resolver

from tests.rules.test_permissions import patterns

ROOT = Path(settings.BASE_DIR)


def templates() -> list[str]:
    """Every template of the project; there are more than a handful, or the folder is the wrong one."""
    found = sorted(map(str, ROOT.glob("templates/**/*.html")))
    assert len(found) > 20
    return found


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of this environment in the project's folder."""
    path = Path(sys.executable).parent / program
    return subprocess.run([str(path), *arguments], cwd=ROOT, capture_output=True, text=True)


SAMPLES = [
    ("K001", '<div hx-on:click="go()"></div>', '<div hx-get="/x/"></div>'),
    ("K001", '<div hx-on::after-swap="go()"></div>', '<div data-on="1"></div>'),
    ("K002", '<p class="a" style="color: red">x</p>', '<p data-style="a">x</p>'),
    ("K003", "<script>go()</script>", '<script src="{{ x }}" defer></script>'),
    ("K004", '<i hx-get="/x/" hx-trigger="click[ctrlKey]"></i>', '<i hx-get="/x/" hx-trigger="click"></i>'),
    ("K004", "<i hx-get='/x/' hx-trigger='keyup\n[key]'></i>", '<input type="text" name="a[b]">'),
    ("K005", "<i hx-vals='js:{a: 1}'></i>", """<i hx-vals='{"a": "js"}'></i>"""),
    ("K005", "<i hx-headers='js:{a: 1}'></i>", """<i hx-headers='{"a": 1}'></i>"""),
    ("K006", '<a href="javascript:go()">x</a>', '<a href="/javascript/">x</a>'),
    ("K007", '<p onclick="go()">x</p>', '<p data-onclick="a">x</p>'),
    ("K008", '<input type="hidden" name="id">', '<input type="hidden" name="pk" id="id">'),
    ("K009", "<style>p {}</style>", "<p>style</p>"),
]


def lint(*paths: str) -> list[tuple[str, str]]:
    """The file name and the code of everything that the linter objects to."""
    layout = "{filename} {code}"
    rules = str(ROOT / ".djlint_rules.yaml")
    told = run(
        "djlint", *paths, "--lint", "--profile", "django", "--rules", rules, "--linter-output-format", layout
    )
    assert told.returncode in (0, 1), told.stderr
    assert f"Linted {len(paths)} files" in told.stdout, told.stdout
    found = [line.rsplit(" ", 1) for line in told.stdout.splitlines() if re.search(r" [A-Z]\d{3}$", line)]
    return [(Path(name).name, code) for name, code in found]


def test_each_rule_fires_and_only_where_it_should(tmp_path: Path) -> None:
    paths = {}
    for number, (code, dead, alive) in enumerate(SAMPLES):
        for kind, text in (("dead", dead), ("alive", alive)):
            paths[f"{kind}-{number}.html"] = code
            (tmp_path / f"{kind}-{number}.html").write_text(f"{text}\n")
    found = lint(*(str(tmp_path / name) for name in paths))
    ours = {(name, code) for name, code in found if code.startswith("K")}
    assert ours == {(name, code) for name, code in paths.items() if name.startswith("dead")}


def test_no_template_breaks_a_rule_of_the_policy() -> None:
    assert [fault for fault in lint(*templates()) if fault[1].startswith("K")] == []


def test_templates_are_formatted() -> None:
    told = run("djade", "--check", "--target-version", "5.2", *templates())
    assert told.returncode == 0, told.stderr


def test_what_a_page_asks_by_itself_counts_as_no_click() -> None:
    """Each element that sends something on load or as time goes by names a view that is marked as `polled`."""
    views = {name: pattern.callback for name, pattern in patterns(get_resolver())}
    asked = [
        name
        for path in templates()
        for element in re.findall(r"<\w+[^<]*hx-trigger=\"(?:every|load)[^<]*>", Path(path).read_text())
        for name in re.findall(r'{% url "([\w:]+)"', element)
    ]
    assert {"jobs:detail", "clients_ui:catch_up"} <= set(asked)
    assert [name for name in asked if not getattr(views[name], "polled", False)] == []
