# SPDX-License-Identifier: EUPL-1.2
"""Security events for a watch (SIEM, SOC): kept in the database, formed as OCSF, brought in order.

    kinds      what can happen, and how severe it is
    ocsf       one event in the form of the Open Cybersecurity Schema Framework
    outbox     what waits, and how far each receiver is
    syslog     RFC 5424 over TLS (RFC 5425)
    otlp       OpenTelemetry logs over HTTP
    delivery   the loop of the worker
    noting     events of the web process

Where something happens in a transaction, that transaction notes it (`note_security_event`).
"""
