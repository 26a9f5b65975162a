# SPDX-License-Identifier: EUPL-1.2
"""StUF notices (Lk01): what another system tells is written in a register of ours."""
