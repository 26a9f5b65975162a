# SPDX-License-Identifier: EUPL-1.2
"""For residents: who used my data, what, why and when.

    uses        a line of the log as the person it is about may see it
    filters     what the person wants to see
    twins       the same list as a table and for programs
    store       sessions
    pages       the routes; `routes(deps)` and `people_shape(deps)` for the people application

Looking is processing too: each look writes a line before the page is sent, and is in the list.
"""
