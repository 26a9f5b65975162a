# SPDX-License-Identifier: EUPL-1.2
"""The uses of someone's data at other organisations, asked live by the person: `logboek-inzage`.

    assertion   who logged in at which portal, signed by that portal's organisation
    question    what is asked, and its limits
    told        a use as it crosses, and read back
    store       the uses in our own log, for our own portal and for others
    api         the service, behind our Inway
    client      asking all others at once, within a time

Nothing is kept of what others tell, and no pseudonym crosses: each computes its own.
"""
