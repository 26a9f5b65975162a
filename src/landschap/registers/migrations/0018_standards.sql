-- SPDX-License-Identifier: EUPL-1.2
-- How services stood to standards on each day. A day is measured anew while it lasts, so that its
-- rows may be replaced; nothing about a person stands here.

CREATE TABLE registers.standard_state (
    day            date NOT NULL,
    standard       text NOT NULL CHECK (standard <> ''),
    service        text NOT NULL CHECK (service <> ''),
    state          text NOT NULL CHECK (state IN ('voldoet', 'wijkt-af', 'nvt', 'onbekend')),
    basis          text NOT NULL CHECK (basis IN ('gemeten', 'verklaard', 'niets')),
    duty           text NOT NULL
        CHECK (duty IN ('geen', 'aanbevolen', 'pas-toe-of-leg-uit', 'verplicht')),
    explanation_nl text,
    explanation_en text,
    evidence_nl    text,
    evidence_en    text,
    PRIMARY KEY (day, standard, service)
);
COMMENT ON TABLE registers.standard_state IS
    'reference: some hundred rows a day, read by everybody';
GRANT SELECT, INSERT, DELETE ON registers.standard_state TO landschap_registers;
