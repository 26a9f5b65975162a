# SPDX-License-Identifier: EUPL-1.2
"""A public form that is a client like any other: an environmental permit, for residents.

    application   the fields, what is wrong with what was typed, the number, what is registered
    fetched       what the door gave for the fields, and from which source each value is
    client        asks the own Outway, as the form, for the form's purpose
    pages         `routes(deps)`: start, choose, fill in, look over, receipt

It knows the published API of two services and no room of the data: what it may see and write is
what its contract, its purpose and its key allow.
"""
