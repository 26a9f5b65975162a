# SPDX-License-Identifier: EUPL-1.2
"""Everything of a logical source at once: the same declaration, compiled to sets instead of keys.

    values        what a cell is: its kind, and how it is written down between two engines
    dialects      the few forms that engines write differently, one tested template each
    converting    the closed list of conversions, as expressions
    relational    a plan of fields as tables, joins and lists: a value
    compiling     that value as one SQL statement
    assembling    a row of the engine as the record that a question about one object gets
    extracts      what an extract is and what its manifest says
    anonymity     how many share what could point at one person

An answer about one object and a row of an extract come from one declaration along two ways; tests
hold them against each other for every object.
"""
