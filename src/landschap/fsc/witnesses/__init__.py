# SPDX-License-Identifier: EUPL-1.2
"""Witnesses: peers keep the signed ends of each other's log, so that none can be rewritten unseen.

Who holds both the database and the key of an organisation can write its whole log anew, anchors
included. It can not write anew what another organisation keeps. So Managers that agreed to it bring
each other their newest anchor (`landschap.logboek.anchors`), and a verification asks for them back.

An extension of our own, beyond the standard: announced in ``GET /peer`` and used only between peers
that name each other in their settings. Nothing about persons is in an anchor: names of lanes,
numbers and hashes.
"""

EXTENSION = "EXTENSION_LANDSCHAP_LOG_WITNESS"
VERSION = "1.0.0"
PATH = "/log-anchors"
