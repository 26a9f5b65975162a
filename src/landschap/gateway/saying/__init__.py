# SPDX-License-Identifier: EUPL-1.2
"""What a person says in one portal about the use of their data, heard by every organisation.

    statement   what was said, signed by the organisation of the portal where it was said
    proof       what was written down of it, signed by who wrote it down
    question    what there is to say at another organisation, and how that stands
    store       what was heard, what is still to be brought, proofs and requests
    api         the service `zeggenschap`, behind our Inway
    client      asking all others, and bringing a statement to one
    worker      bringing again what could not be brought

A consent or its withdrawal works with the next question there. An objection, or the wish that data
are not used, is a request that the organisation decides on; meanwhile the use stops when the person
asked for that. Each computes its own pseudonym.
Source: AVG art. 7 lid 3, art. 18 lid 1, art. 21.
"""
