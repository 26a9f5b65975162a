# SPDX-License-Identifier: EUPL-1.2
"""Many sources, one logical source.

A declaration (one YAML file) says where each field comes from. From the permitted fields a plan
is made, a value that can be printed; the plan is asked in parallel within a time budget; what came
back is merged by key, with the provenance of each field, and what did not come is named.

    declaration   what the file says           plan    which source, by which key, which columns
    conversions   the closed list              merge   rows to one answer, pure
    connectors    the only doors to sources    api     POST /{bron}/v1/_zoek
"""
