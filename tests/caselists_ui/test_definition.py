"""Definitions: what is sent, what is said, and that the two agree."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caselists_ui.definition import (
    Definition,
    DefinitionError,
    Kind,
    Selection,
    parse,
    parse_other,
    parse_selection,
    write_json,
)
from caselists_ui.ids import MOST_IDS
from caselists_ui.words import Labels, lints, sentence

ID = st.integers(1, 2**63 - 1)
IDS = st.lists(ID, unique=True, max_size=6).map(tuple)
TEXT = st.text("aZ9é'<&>\"{}[],\\\n\t \u202e🙂", max_size=12).map(str.strip)
PLAIN = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | TEXT
OTHER = st.dictionaries(
    TEXT.filter(lambda key: key not in ("case_type_ids", "status_ids")),
    st.recursive(
        PLAIN,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=4,
    ),
    max_size=3,
)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """Any selection that can be one."""
    types, statuses = draw(IDS), draw(IDS)
    filter_ = draw(OTHER)
    if types:
        filter_["case_type_ids"] = list(types)
    if statuses:
        filter_["status_ids"] = list(statuses)
    found = Selection(filter_, draw(IDS))
    return Selection(filter_, found.include_ids, draw(IDS) if found.narrows else ())


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Any definition that can be one."""
    return Definition(
        draw(TEXT.filter(bool)),
        draw(TEXT),
        draw(TEXT),
        draw(TEXT),
        draw(selections()),
        draw(st.none() | st.booleans()),
    )


NAMES = Labels({25: "Mass Tort", 26: "Roundup", 27: "Zantac"}, {30: "Signed", 32: "Retained"})


@given(definitions())
def test_an_export_is_read_back(definition: Definition) -> None:
    assert parse(definition.export()) == definition
    assert parse(json.loads(json.dumps(definition.export()))) == definition


@given(definitions(), definitions())
def test_what_is_sent_makes_the_definition(definition: Definition, before: Definition) -> None:
    """A create from nothing, and a set from any state: what the vendor holds afterwards is the definition."""
    assert _is(parse(definition.payload()), definition)
    held = {k: v for k, v in before.export().items() if k not in ("include_ids", "exclude_ids")}
    payload = definition.payload(before)
    assert "filter" in payload
    after = parse({**held, **payload})
    flag = definition.is_obo if definition.is_obo is not None else before.is_obo
    assert _is(after, Definition(**{**_parts(definition), "is_obo": flag}))


def _parts(definition: Definition) -> dict[str, Any]:
    return {name: getattr(definition, name) for name in Definition.__dataclass_fields__}


def _is(one: Definition, other: Definition) -> bool:
    """Equal, where a filter that asks for nothing may be left out."""
    if not other.selection.narrows and not one.selection.narrows:
        parts = _parts(other) | {"selection": Selection(one.selection.filter, *_ids(other))}
        return one == Definition(**parts)
    return one == other


def _ids(definition: Definition) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return definition.selection.include_ids, definition.selection.exclude_ids


@given(selections())
def test_the_sentence_says_what_is_sent(selection: Selection) -> None:
    """Read the sentence back and compare it with the payload."""
    said, payload = str(sentence(selection, Labels())), selection.payload()
    filter_ = payload.get("filter", {})
    for key, words in (
        ("case_type_ids", r"of type ((?:\d+ \(no label\)(?:, | or )?)+)"),
        ("status_ids", r"status is ((?:\d+ \(no label\)(?:, | or )?)+)"),
    ):
        found = re.search(words, said)
        assert (
            [int(n) for n in re.findall(r"\d+", found[1])] == filter_.get(key)
            if found
            else not filter_.get(key)
        )
    assert ("any type" in said) == (bool(filter_) and not filter_.get("case_type_ids"))
    assert ("any status" in said) == (bool(filter_) and not filter_.get("status_ids"))
    others = [key for key in filter_ if key not in ("case_type_ids", "status_ids")]
    assert ("other condition" in said) == bool(others)
    assert all(key in said for key in others)
    picked = re.search(r"([\d,]+)(?: cases?)? picked by hand", said)
    assert (int(picked[1].replace(",", "")) if picked else 0) == len(payload.get("include_ids", []))
    minus = re.search(r"minus ([\d,]+)\.$", said)
    assert (int(minus[1].replace(",", "")) if minus else 0) == len(payload.get("exclude_ids", []))


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (
            Selection({"case_type_ids": [26, 27], "status_ids": [30]}, (1, 2, 3), (4,)),
            "Cases of type Roundup or Zantac whose status is Signed, plus 3 picked by hand, minus 1.",
        ),
        (
            Selection({"case_type_ids": [25, 26, 27]}),
            "Cases of type Mass Tort, Roundup or Zantac in any status.",
        ),
        (Selection({"status_ids": [32]}), "Cases of any type whose status is Retained."),
        (Selection({"case_type_ids": [99]}), "Cases of type 99 (no label) in any status."),
        (
            Selection({"client_ids": [7]}),
            "Cases of any type in any status under 1 other condition (client_ids).",
        ),
        (Selection(include_ids=(5,)), "1 case picked by hand."),
        (Selection(), "No cases: there is no filter, and none is picked by hand."),
    ],
)
def test_sentences(selection: Selection, words: str) -> None:
    assert str(sentence(selection, NAMES)) == words


def test_two_labels_of_one_name_are_told_apart() -> None:
    names = Labels({1: "Roundup", 2: "Roundup"})
    assert (
        str(sentence(Selection({"case_type_ids": [1, 2]}), names))
        == "Cases of type Roundup (1) or Roundup (2) in any status."
    )


def test_a_script_in_a_label_is_only_text() -> None:
    names = Labels({1: "<script>alert(1)</script>"})
    html = sentence(Selection({"case_type_ids": [1]}), names).html
    assert "<script" not in html
    assert "<strong>&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("selection", "kind"),
    [
        (Selection({"case_type_ids": [1]}), Kind.DYNAMIC),
        (Selection({"case_type_ids": [1]}, (2,)), Kind.HYBRID),
        (Selection({"case_type_ids": [1]}, (), (2,)), Kind.HYBRID),
        (Selection(include_ids=(2,)), Kind.STATIC),
        (Selection({"case_type_ids": []}), Kind.EMPTY),
    ],
)
def test_kinds(selection: Selection, kind: Kind) -> None:
    assert selection.kind is kind


def test_ids_without_a_filter_are_sent_with_an_empty_one() -> None:
    definition = Definition("Static", selection=Selection(include_ids=(1, 2)))
    assert definition.payload() == {"name": "Static", "filter": {}, "include_ids": [1, 2]}


def test_a_set_sends_empty_what_was_there_and_is_not_any_more() -> None:
    before = Definition("A", "words", "src", "7", Selection({"status_ids": [1]}, (5,), (6,)), True)
    assert Definition("A").payload(before) == {
        "name": "A",
        "description": "",
        "external_source": "",
        "external_source_id": "",
        "filter": {},
        "include_ids": [],
        "exclude_ids": [],
    }


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ([], ""),
        ({}, "name"),
        ({"name": "  "}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "x\0"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": "x", "description": []}, "description"),
        ({"name": "x", "is_obo": "yes"}, "is_obo"),
        ({"name": "x", "filter": []}, "filter"),
        ({"name": "x", "filter": {"case_type_ids": 5}}, "filter"),
        ({"name": "x", "filter": {"case_type_ids": [0]}}, "filter"),
        ({"name": "x", "filter": {"status_ids": ["1"]}}, "filter"),
        ({"name": "x", "filter": {"a": float("nan")}}, "filter"),
        ({"name": "x", "filter": {"a": "\0"}}, "filter"),
        ({"name": "x", "include_ids": [True]}, "include_ids"),
        ({"name": "x", "include_ids": [2**63]}, "include_ids"),
        ({"name": "x", "include_ids": "5"}, "include_ids"),
        ({"name": "x", "include_ids": list(range(1, MOST_IDS + 2))}, "include_ids"),
        ({"name": "x", "exclude_ids": [5]}, "exclude_ids"),
        ({"name": "x", "filter": {}, "exclude_ids": [5]}, "exclude_ids"),
    ],
)
def test_what_is_no_definition_is_refused_with_its_field(raw: Any, field: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(raw)
    assert caught.value.field == field
    assert str(caught.value)


@given(OTHER)
def test_other_keys_round_trip_through_their_field(other: dict[str, Any]) -> None:
    assert parse_other(write_json(other)) == other


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "7",
        '"x"',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"case_type_ids": [1]}',
        '{"status_ids": []}',
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        '{"a":' * 20 + "1" + "}" * 20,
        "[" * 100_000,
        '{"a": ' + "9" * 5_000 + "}",
        " " * 20_001 + "x",
    ],
)
def test_other_keys_that_cannot_be_sent_are_refused(text: str) -> None:
    with pytest.raises(DefinitionError):
        parse_other(text)


def test_attach_needs_something() -> None:
    assert parse_selection({}).is_empty
    assert parse_selection({"filter": {"case_type_ids": []}}).is_empty
    assert not parse_selection({"include_ids": [1]}).is_empty


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (Definition("x", selection=Selection({"status_ids": [30]})), "No case type"),
        (Definition("x", selection=Selection({"case_type_ids": [25, 26]})), "2 case types"),
        (Definition("x", selection=Selection({"case_type_ids": [25]})), "any status"),
        (Definition("x", selection=Selection(include_ids=(1,))), "No filter"),
        (
            Definition("x", selection=Selection({"case_type_ids": [25]}, (1,), (1,))),
            "Both included and left out: 1",
        ),
        (Definition("x", selection=Selection({"case_type_ids": [98]})), "No label is kept here for type 98"),
        (Definition("x", is_obo=True), "the 150 member cases as on behalf of"),
        (Definition("x"), "used already, by list 3"),
    ],
)
def test_lints(definition: Definition, words: str) -> None:
    found = lints(definition, NAMES, same_name=[3], members=150)
    assert any(words in lint.text for lint in found), found


def test_nothing_is_odd_about_a_campaigns_list() -> None:
    definition = Definition("x", selection=Selection({"case_type_ids": [25], "status_ids": [30]}))
    assert lints(definition, NAMES) == []
