# SPDX-License-Identifier: EUPL-1.2
"""Cutting XML to the permitted fields. No entities, no DTD, nothing fetched.

A DOCTYPE is refused before anything is parsed: what an entity stands for is never made. Only
UTF-8 is read, so that it can not hide in another encoding. Comments and processing instructions
are not read and never leave.
Source: XML 1.0; Namespaces in XML 1.0; OWASP, "XML External Entity Prevention".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from landschap.gateway.holding.places import Node, Shape
from landschap.gateway.holding.trimming import Cut, Unreadable
from landschap.vocabulary.ijson import JsonValue

_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def cut_answer(body: bytes, shapes: Sequence[Shape], cut: Cut) -> bytes:
    """The body with what is permitted. Raises Unreadable."""
    root = _read(body)
    for shape in shapes:
        if _is_there(root, shape.container):
            return _cut_below(root, shape.root, cut)
    raise Unreadable("the answer holds no records at any declared place")


def cut_question(body: bytes, root: Node, cut: Cut) -> bytes:
    """The body as it was understood; what is not declared counts as stopped. Raises Unreadable."""
    return _cut_below(_read(body), root, cut)


def _read(body: bytes) -> etree._Element:
    named = _DECLARED.match(body.removeprefix(b"\xef\xbb\xbf"))
    if named is not None and named[1].lower() not in (b"utf-8", b"us-ascii"):
        raise Unreadable("it is XML in another encoding than UTF-8")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("it is XML in another encoding than UTF-8") from None
    if b"\x00" in body or b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Unreadable("it is XML with a DOCTYPE, which is never read")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        # Its message may repeat a part of the body.
        raise Unreadable("it is not proper XML") from None


def _is_there(root: etree._Element, steps: Sequence[str]) -> bool:
    if not steps:
        return True
    found = [root] if root.tag == steps[0] else []
    for step in steps[1:]:
        found = [child for parent in found for child in parent if child.tag == step]
    return bool(found)


def _cut_below(root: etree._Element, node: Node, cut: Cut) -> bytes:
    child = node.children.get(str(root.tag))
    if child is None:
        cut.stopped += 1
        raise Unreadable("the outermost element is not the declared one")
    if not _cut(root, child, cut):
        return b""
    etree.cleanup_namespaces(root)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _cut(element: etree._Element, node: Node, cut: Cut) -> bool:
    """Cut in place; True when the element itself stays."""
    if node.is_ignored:
        return False
    if node.is_leaf:
        return _leaf(element, node, cut)
    if not node.is_record:
        return _content(element, node, cut)
    before = cut.enter_record()
    _content(element, node, cut)
    return cut.leave_record(before)


def _leaf(element: etree._Element, node: Node, cut: Cut) -> bool:
    if len(element):
        raise Unreadable("an element with others in it stands where a single value was declared")
    is_nil = element.get(_NIL) in ("true", "1")
    stays = cut.meet(node, None if is_nil else element.text or "")
    if stays and not is_nil:
        left = cut.obliged(node, element.text or "")
        stays, element.text = left is not None, _text(left)
    # That there is no value may be told with the value itself.
    has_attributes = _attributes(element, node, cut, spared=_NIL)
    if not stays:
        element.text = None
    return stays or has_attributes


def _content(element: etree._Element, node: Node, cut: Cut) -> bool:
    """The attributes, text and elements of one that holds others; True when any stays."""
    stays = _attributes(element, node, cut)
    if (element.text or "").strip():
        cut.stopped += 1
    element.text = None
    for inner in list(element):
        cut.stopped += bool((inner.tail or "").strip())
        inner.tail = None
        child = node.children.get(str(inner.tag))
        if child is None:
            cut.stopped += 1
        if child is not None and _cut(inner, child, cut):
            stays = True
        else:
            element.remove(inner)
    return stays


def _text(value: JsonValue) -> str:
    return "" if value is None else str(value)


def _attributes(element: etree._Element, node: Node, cut: Cut, *, spared: str = "") -> bool:
    """Take away what is not permitted; True when a permitted one stays."""
    stays = False
    for name, value in list(element.attrib.items()):
        child = node.children.get(f"@{name}")
        is_given = child is not None and child.is_leaf and cut.meet(child, str(value))
        left = cut.obliged(child, str(value)) if child is not None and is_given else None
        if left is not None:
            element.set(name, _text(left))
            stays = True
        elif name != spared:
            cut.stopped += child is None and name != _NIL
            del element.attrib[name]
    return stays
