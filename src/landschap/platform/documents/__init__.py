# SPDX-License-Identifier: EUPL-1.2
"""A document (`vocabulary.documents`) as CSV, as ODS and as accessible PDF.

The same document gives the same bytes: a file that was handed over can be made again and compared.
"""
