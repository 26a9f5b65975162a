# SPDX-License-Identifier: EUPL-1.2
"""The console: pages for the municipality's own people.

Who looks at personal data here says what for and for which case, is decided upon like any other
asker, and stands in the log before the page is sent.
"""
