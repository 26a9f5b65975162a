# SPDX-License-Identifier: EUPL-1.2
"""Open data: what of the registers anybody may see, without saying who they are.

A register is served here through its open view (`view`): a model in which closed types and closed
properties do not exist. What the model does not have can not be asked for, filtered by, sorted by,
expanded, counted, described or written to a file; and the store reads no other property.
Source: Wet hergebruik van overheidsinformatie; Regulation (EU) 2023/138.
"""
