# SPDX-License-Identifier: EUPL-1.2
"""What was said of persons, which cases are open, and who approved a use."""
