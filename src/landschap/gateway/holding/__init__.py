# SPDX-License-Identifier: EUPL-1.2
"""Services with personal data that do not know our Permit: trimmed and recorded at the door.

    model       what ``[hold]`` of a service says
    reading     the same, read from TOML, every mistake at once
    places      places in a question or an answer, and the tree that several of them make
    json_form   cutting JSON by such a tree
    xml_form    cutting XML by such a tree
    trimming    what of an answer may leave, for one Permit
    questions   what a question searches by, and whether that is permitted
    answers     statuses and refusals
    api         the application behind nginx, and the way to the service

The order is the rule: the question is understood, the service is asked, its whole answer is read
within limits and cut, the lines are durable, and only then something leaves.
Source: AVG art. 5 lid 1 sub c; house decision: recording per service (``hold``).
"""
