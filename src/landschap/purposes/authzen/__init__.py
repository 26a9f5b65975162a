# SPDX-License-Identifier: EUPL-1.2
"""Our decisions in the form of AuthZEN, and those of others in ours. Nothing here asks anybody.

    names       the URIs by which the national profile names subjects, actions and resources
    messages    what was asked, read with every mistake told
    evaluating  a question, decided and rendered; several of them on one snapshot
    searching   who may, what may be done, with which service
    voice       what another decision point is asked, and what its answer means here

Source: OpenID AuthZEN Authorization API 1.0; AuthZEN NLGov profile.
"""
