"""What a page weighs: the style sheet, the script and htmx as they are served."""

from __future__ import annotations

import gzip
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

from kayse_admin.static_files import SCRIPTS, script, style_sheet
from tests.look.test_templates import templates

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


def as_served(path: str) -> str:
    """The text of a static file as the browser gets it, by its path."""
    name = path.removeprefix("/static/")
    if name == "css/app.css":
        return style_sheet(source)
    return script(source, name) if name in SCRIPTS else source(name)


def asked_for(html: str) -> list[str]:
    """The files that a page asks for."""
    return re.findall(r'<(?:script|link)[^>]* (?:src|href)="(/static/[^"]+|https?://[^"]+)"', html)


def own_script(html: str) -> int:
    """Bytes of our own scripts on a page, together."""
    own = [path for path in asked_for(html) if path.startswith("/static/js/")]
    assert own
    return sum(weight(as_served(path)) for path in own)


def test_css_is_light() -> None:
    assert 1_000 < weight(style_sheet(source)) <= CSS


#: A page for each set of scripts that pages load; the first is the plain one.
PAGES = ["/", "/clients/", "/clients/new/", "/case-lists/new/", "/account/second-factor/keys/add/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_little_script(path: str, as_admin: Browser) -> None:
    answer = as_admin.get(path)
    assert answer.status_code == 200
    assert 1_000 < own_script(answer.content.decode()) <= OWN_JS


def test_each_page_loads_what_its_parts_need() -> None:
    """Templates that hold (or include) a guarded form or a table to pick from name the script for it; no other does.

    The page of patterns shows everything at once, is no page of the product, and is the only one that loads it all.
    """
    texts = {path: Path(path).read_text() for path in templates()}
    needs = {
        "forms.js": r"data-unsaved|data-chips|savebar\.html",
        "tables.js": r"data-select-all|data-quick|data-follows",
    }
    for path, text in texts.items():
        if '{% extends "base.html" %}' not in text or path.endswith("patterns.html"):
            continue
        loaded = re.findall(r'{% static "js/(\w+\.js)" %}', text)
        parts = text + "".join(t for p, t in texts.items() if _includes(text, p))
        wanted = [name for name, part in needs.items() if re.search(part, parts)]
        assert [name for name in loaded if name != "keys.js"] == wanted, path


def _includes(text: str, path: str) -> bool:
    """Whether a template names another one, or renders its own fragment (_results, _log …) from the same folder."""
    name = path.partition("/templates/")[2]
    own = {"clients_ui/_results.html": "clients_ui:index", "caselists_ui/_table.html": "caselists_ui:index"}
    if "{% include fragment %}" in text and name in own:
        return f'{own[name]}" %}}" hx-target="#results"' in text
    return f'{{% include "{name}"' in text


@pytest.mark.parametrize("path", ["/patterns/", *PAGES])
def test_a_cold_page_is_light(path: str, as_admin: Browser) -> None:
    answer = as_admin.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer["Content-Encoding"] == "gzip"
    page = len(answer.content)
    assert path == "/patterns/" or page <= HTML
    html = gzip.decompress(answer.content).decode()
    assets = [as_served(path) for path in asked_for(html)]
    assert len(assets) <= 4
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
    assert kept.split("\n") == [line.removeprefix("export ") for line in code if line] + [""]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_holds_what_it_imports_once(name: str) -> None:
    served = script(source, name)
    assert not re.search(r"^(import|export) ", served, re.MULTILINE)
    assert served.count("const $ = ") == 1
    names = re.findall(r"^(?:const|let) (\w+)", "\n".join(map(source, _parts(name))), re.MULTILINE)
    assert len(names) == len(set(names)), "two of them share a scope"


def _parts(name: str) -> list[str]:
    """The sources that are served together under this name."""
    imported = re.findall(r'"\./([\w-]+\.js)"', source(name))
    return list(dict.fromkeys([name, *(part for one in imported for part in _parts(f"js/{one}"))]))


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
    for name in ("css/app.css", *SCRIPTS):
        text = as_served(f"/static/{name}")
        written = collected(name)
        assert written.name != Path(name).name
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
