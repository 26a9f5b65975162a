# SPDX-License-Identifier: EUPL-1.2
"""Open data over HTTP; `app` puts it together."""
