# SPDX-License-Identifier: EUPL-1.2
"""What of the doors a watch (SIEM, SOC) must know.

kinds    which kind of security event a refusal, or a line of the access log, is
worker   reads the log for refusals, behind the deciders
"""
