-- SPDX-License-Identifier: EUPL-1.2
-- Since when a delivery waits, and a notice when one is put back to be tried again later.

ALTER TABLE delivery ADD COLUMN waiting_since timestamptz;
UPDATE delivery SET waiting_since = updated_at;
ALTER TABLE delivery ALTER COLUMN waiting_since SET NOT NULL;

-- The trigger of the queue tells of new jobs; a worker that does not hear of a job that was put
-- back would have to look every second. OLD and NEW are empty in a trigger per statement, so this
-- one looks at the rows that changed.
CREATE FUNCTION job_put_back() RETURNS trigger AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM changed WHERE status = 'queued') THEN
        PERFORM pg_notify(
            'landschap_fsc',
            json_build_object(
                'channel', 'landschap_fsc',
                'operation', 'update',
                'sent_at', now(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;
    RETURN NULL;
END;
$$ LANGUAGE plpgsql;

CREATE TRIGGER job_put_back AFTER UPDATE ON pgqueuer
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION job_put_back();
