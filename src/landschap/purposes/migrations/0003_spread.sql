-- SPDX-License-Identifier: EUPL-1.2
-- How the tables of 0002 are spread over several machines: each whole, on all of them. They are
-- small, and every decider and service reads them.
COMMENT ON TABLE standing IS 'reference: what was said of or about a person; read by person';
COMMENT ON TABLE case_state IS 'reference: which case was opened or closed; its last row holds';
COMMENT ON TABLE approval IS 'reference: who approved the use by whom, for what, until when';
