# SPDX-License-Identifier: EUPL-1.2
"""An existing register of processing activities, from somebody's sheet to files of the register."""
