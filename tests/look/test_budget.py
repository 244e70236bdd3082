"""What a page weighs: the style sheet, the script and htmx as they are served."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import finders
from django.core.files.storage import storages
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import Client as Browser

from kayse_admin.static_files import script, style_sheet

CSS, OWN_JS, HTML, COLD = 6_000, 3_000, 8_000, 40_000
HEADERS = 600  # bytes of an answer's headers, measured, rounded up


def source(name: str) -> str:
    """The text of a static file as it is written."""
    found = finders.find(name)
    assert isinstance(found, str), name
    return Path(found).read_text()


def weight(text: str) -> int:
    """Bytes under brotli, as whitenoise compresses."""
    return len(brotli.compress(text.encode()))


def test_css_and_js_are_light() -> None:
    assert 1_000 < weight(style_sheet(source)) <= CSS
    assert 1_000 < weight(script(source)) <= OWN_JS


@pytest.mark.parametrize("path", ["/patterns/", "/"])
def test_a_cold_page_is_light(path: str, as_admin: Browser) -> None:
    answer = as_admin.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer["Content-Encoding"] == "gzip"
    page = len(answer.content)
    assert path == "/patterns/" or page <= HTML
    assets = (
        style_sheet(source),
        script(source),
        source("django_htmx/htmx-2.min.js"),
        source("img/favicon.svg"),
    )
    assert page + sum(map(weight, assets)) + 5 * HEADERS <= COLD


def test_a_page_asks_for_four_files_and_nothing_else(as_admin: Browser) -> None:
    html = as_admin.get("/patterns/").content.decode()
    asked = re.findall(r'(?:src|href)="(/static/[^"]+|https?://[^"]+)"', html)
    assert len(asked) == 4
    assert all(address.startswith("/static/") for address in asked)


def test_the_style_sheet_is_one_file_without_comments_and_names_each_layer_once() -> None:
    sheet = style_sheet(source)
    assert "@import" not in sheet
    assert "/*" not in sheet
    assert sheet.startswith("@layer tokens, base, layout, components, overrides;")
    for layer in ("tokens", "base", "layout", "components", "overrides"):
        assert sheet.count(f"@layer {layer} {{") == 1


def test_the_script_keeps_its_code() -> None:
    kept = script(source)
    code = [line.strip() for line in source("js/app.js").splitlines() if not line.strip().startswith("//")]
    assert kept.split("\n") == [line for line in code if line] + [""]


def test_only_the_tokens_name_colours() -> None:
    for name in ("base", "layout", "components"):
        colours = set(re.findall(r"#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(", source(f"css/{name}.css")))
        assert colours <= {"#0000", "#0c0e1280"}, name  # nothing at all, and the veil behind a dialog


@pytest.fixture
def collected(tmp_path: Path, settings: LazySettings) -> Callable[[str], Path]:
    """The static files as collectstatic leaves them, by name."""
    settings.STATIC_ROOT = tmp_path
    backend = {"BACKEND": "kayse_admin.static_files.StaticFiles"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": backend}
    call_command(
        "collectstatic", interactive=False, verbosity=0, ignore_patterns=["htm*4*", "ext", "htmx-2.js"]
    )
    storage = storages["staticfiles"]
    return lambda name: tmp_path / storage.stored_name(name)  # type: ignore[attr-defined]


def test_collectstatic_writes_them_hashed_and_compressed(collected: Callable[[str], Path]) -> None:
    for name, text in (("css/app.css", style_sheet(source)), ("js/app.js", script(source))):
        written = collected(name)
        assert written.name not in {"app.css", "app.js"}
        assert written.read_text() == text
        assert brotli.decompress(written.with_name(f"{written.name}.br").read_bytes()).decode() == text


def test_collectstatic_can_be_repeated(collected: Callable[[str], Path]) -> None:
    before = collected("css/app.css").read_text()
    call_command(
        "collectstatic", interactive=False, verbosity=0, ignore_patterns=["htm*4*", "ext", "htmx-2.js"]
    )
    assert collected("css/app.css").read_text() == before


def test_the_error_page_needs_nothing_of_the_request() -> None:
    for name in ("500.html", "503.html"):
        assert "<h1>" in render_to_string(name)
