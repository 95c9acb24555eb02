"""Reading pages as a browser or a screen reader does, strictly."""

import re
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import html5lib

HTML = "{http://www.w3.org/1999/xhtml}"


def parse(text: str) -> Element:
    """The document; raises html5lib's ParseError at the first departure from the HTML standard's syntax."""
    document: Element = html5lib.HTMLParser(strict=True).parse(text)
    return document


def elements(document: Element, *names: str) -> list[Element]:
    return [
        one
        for one in document.iter()
        if isinstance(one.tag, str) and one.tag.removeprefix(HTML) in (names or (one.tag.removeprefix(HTML),))
    ]


def text_of(element: Element) -> str:
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str]
    names: set[str]


def forms(text: str) -> list[Form]:
    """The forms of a page with the values a browser would send if nothing were touched."""
    found = []
    for form in elements(parse(text), "form"):
        fields: dict[str, str] = {}
        names: set[str] = set()
        for one in elements(form, "input", "textarea", "select"):
            name = one.get("name")
            if not name:
                continue
            names.add(name)
            kind = one.tag.removeprefix(HTML)
            if kind == "textarea":
                fields[name] = one.text or ""
            elif kind == "select":
                options = elements(one, "option")
                chosen = next((o for o in options if o.get("selected") is not None), options[0])
                fields[name] = chosen.get("value", text_of(chosen))
            elif one.get("type") not in ("checkbox", "radio") or one.get("checked") is not None:
                fields[name] = one.get("value", "")
        found.append(Form(form.get("action", ""), form.get("method", "get"), fields, names))
    return found


def form_to(text: str, action: str) -> Form:
    """The one form of a page that goes to an address."""
    matching = [form for form in forms(text) if form.action == action]
    assert len(matching) == 1, (
        f"{len(matching)} forms go to {action}: {[form.action for form in forms(text)]}"
    )
    return matching[0]


def complaints_about(text: str, own_address: str) -> list[str]:
    """What is wrong with a page: duplicate ids, dangling references, unlabelled fields, foreign hosts."""
    document = parse(text)
    wrong = []
    ids = [one.get("id") for one in elements(document) if one.get("id")]
    wrong += [f"id {one} twice" for one in {i for i in ids if ids.count(i) > 1}]
    for one in elements(document):
        tag = one.tag.removeprefix(HTML)
        for name, value in one.items():
            if name.startswith("on") or name == "style":
                wrong.append(f"<{tag} {name}>")
            if (
                name in ("src", "action", "href")
                and re.match(r"(?:[a-z]+:)?//", value)
                and not value.startswith(own_address)
            ):
                wrong.append(f"<{tag}> points to {value}")
            if name in ("src", "href") and value.lower().startswith(("javascript:", "data:")):
                wrong.append(f"<{tag}> points to {value}")
            if name in ("for", "aria-describedby", "aria-labelledby"):
                wrong += [
                    f"<{tag} {name}> names {part}, which is not there"
                    for part in value.split()
                    if part not in ids
                ]
        if tag in ("script", "style", "iframe", "object", "embed"):
            wrong.append(f"<{tag}>")
    labelled = {one.get("for") for one in elements(document, "label")}
    wrong += [
        f"field {one.get('name')} has no label"
        for one in elements(document, "input", "textarea", "select")
        if one.get("type") != "hidden" and one.get("id") not in labelled
    ]
    if len(elements(document, "h1")) != 1:
        wrong.append(f"{len(elements(document, 'h1'))} h1")
    wrong += [f"#{link} leads nowhere" for link in _fragments(document) if link not in ids]
    return wrong


def _fragments(document: Element) -> list[str]:
    return [one.get("href", "")[1:] for one in elements(document, "a") if one.get("href", "").startswith("#")]


def attributes(document: Any, tag: str, name: str) -> list[str]:
    return [one.get(name, "") for one in elements(document, tag)]
