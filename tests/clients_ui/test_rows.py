"""The rows of the list as HTML: nothing that somebody typed becomes part of it."""

from __future__ import annotations

from html.parser import HTMLParser

from clients_ui import rows

TYPED = "<script>go()</script>\"'&amp;"


class Parsed(HTMLParser):
    """What a browser makes of it: the tags, each with its attributes, and the words between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


def row(pk: int, name: str, *cells: tuple[str, str, str], odd: bool = False) -> rows.Row:
    return rows.Row(pk, f"/clients/{pk}/", name, odd, odd, odd, [*cells])


def test_what_was_typed_stays_words() -> None:
    found = Parsed(rows.as_html([row(7, TYPED, ("cut", TYPED, TYPED))], ()))
    assert {tag for tag, _ in found.tags} == {"tr", "td", "th", "input", "div", "span", "a", "small"}
    assert found.words.count(TYPED) == 3
    labels = [attrs["aria-label"] for _, attrs in found.tags if "aria-label" in attrs]
    assert labels == [f"Select {TYPED}", f"View {TYPED} beside the list"]
    assert [set(attrs) for tag, attrs in found.tags if tag == "input"] == [
        {"type", "name", "value"},
        {"type", "name", "value", "aria-label"},
    ]


def test_what_a_row_says() -> None:
    page = Parsed(rows.as_html([row(7, "Ana Roe", ("", "Austin", "")), row(8, "Bo Li", odd=True)], {8}))
    assert page.words == [
        *("AR", "Ana Roe", "ID 7", "Austin", "View"),
        *("BL", "Bo Li", "Opted out", "Deleted", "Field lost", "ID 8", "View"),
    ]
    ticked = [attrs["value"] for _, attrs in page.tags if "checked" in attrs]
    assert ticked == ["8"]
    assert [attrs["href"] for tag, attrs in page.tags if tag == "a"] == [
        *("/clients/7/", "/clients/7/quick/", "/clients/8/", "/clients/8/quick/"),
    ]
