"""Imports run one way. Each line of ARROWS is a room and what it must not import, with the reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kayse_admin", "clients_ui", "caselists_ui")

#: room -> prefixes that its modules must not import
ARROWS: dict[str, tuple[str, ...]] = {
    # The SDK could leave this repository tomorrow.
    "kayse_admin/kayse_api": ("django", "clients_ui", "caselists_ui", "kayse_admin.audit", "kayse_admin.upstream",
                              "kayse_admin.accounts", "kayse_admin.sandbox", "kayse_admin.settings"),
    # The record and the connection serve every screen and know none.
    "kayse_admin/audit": ("clients_ui", "caselists_ui", "kayse_admin.kayse_api", "kayse_admin.upstream"),
    "kayse_admin/upstream": ("clients_ui", "caselists_ui"),
    "kayse_admin/accounts": ("clients_ui", "caselists_ui", "kayse_admin.upstream", "kayse_admin.kayse_api"),
    # Jobs reach the kinds of work through their registry.
    "kayse_admin/jobs": ("clients_ui", "caselists_ui"),
    # Lists name clients; clients do not know of lists.
    "clients_ui": ("caselists_ui",),
    # The stand-in shares nothing with what it tests.
    "kayse_admin/sandbox": ("django", "clients_ui", "caselists_ui", "kayse_admin.kayse_api", "kayse_admin.audit",
                            "kayse_admin.upstream", "kayse_admin.accounts"),
}  # fmt: skip


def modules(folder: str) -> Iterator[Path]:
    """The modules below a folder, migrations left out."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "migrations" not in path.parts:
            yield path


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports, relative imports made absolute."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, node.module or ""]).rstrip(".")
            for name in node.names:
                yield node.lineno, f"{stem}.{name.name}"


def reaches(imported: str, prefix: str) -> bool:
    """Whether an imported name lies in the package of that name."""
    return imported == prefix or imported.startswith(prefix + ".")


@pytest.mark.parametrize("room", ARROWS)
def test_no_arrow_runs_up(room: str) -> None:
    found = list(modules(room))
    assert found, f"{room} is empty: this rule would check nothing"
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in found
        for line, name in imports(path)
        for prefix in ARROWS[room]
        if reaches(name, prefix)
    ]
    assert wrong == []


def test_nothing_imports_the_sandbox() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for package in PACKAGES
        for path in modules(package)
        if "sandbox" not in path.parts
        for line, name in imports(path)
        if reaches(name, "kayse_admin.sandbox")
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("library", "only"),
    [
        ("httpx", {"kayse_admin/kayse_api/transport.py"}),
        ("httpcore", {"kayse_admin/kayse_api/transport.py", "kayse_admin/kayse_api/network.py"}),
    ],
)
def test_only_the_wire_knows_http(library: str, only: set[str]) -> None:
    knowing = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in modules(package)
        for _, name in imports(path)
        if reaches(name, library)
    }
    assert knowing == only


def test_views_do_not_call_the_vendor() -> None:
    """They call services; only services reach `upstream.operations` and `upstream.client`."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for package in PACKAGES
        for path in modules(package)
        if path.name.startswith(("views", "forms")) or "views" in path.parts
        for line, name in imports(path)
        if reaches(name, "kayse_admin.upstream.operations") or reaches(name, "kayse_admin.upstream.client")
    ]
    assert wrong == []


def test_the_rule_sees_a_wrong_arrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: an import is seen in each spelling, relative ones too."""
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    module = tmp_path / "kayse_admin" / "audit" / "imagined.py"
    module.parent.mkdir(parents=True)
    module.write_text("import clients_ui.models\nfrom ..upstream import budget\nfrom . import upstream\n")
    names = [name for _, name in imports(module)]
    assert names == ["clients_ui.models", "kayse_admin.upstream.budget", "kayse_admin.audit.upstream"]
    assert [reaches(name, "kayse_admin.upstream") for name in names] == [False, True, False]
