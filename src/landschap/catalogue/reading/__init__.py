# SPDX-License-Identifier: EUPL-1.2
"""A description of an API as people read it: operations, fields, examples. Nothing is fetched.

    outline = outline_of(value)                # which operations and schemas there are
    operation = read_operation(value, "zoek")  # one of them, whole
    schema = read_schema(value, "Persoon")

Descriptions come from strangers: every list has an end, and a circle of references is not walked.
"""

from landschap.catalogue.reading.fields import Field, Fields
from landschap.catalogue.reading.operations import (
    Content,
    Operation,
    Parameter,
    Reply,
    every_operation,
    read_operation,
    read_schema,
)
from landschap.catalogue.reading.outline import Entry, Group, Outline, outline_of

__all__ = [
    "Content", "Entry", "Field", "Fields", "Group", "Operation", "Outline", "Parameter", "Reply",
    "every_operation", "outline_of", "read_operation", "read_schema",
]  # fmt: skip
