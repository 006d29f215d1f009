-- Gives up a load that cannot be finished as it was planned (COPY refuses one of its objects, or an object changed since). What it has
-- committed stays: its objects are selected again and change nothing twice. Its facts are named as touched, so that the next load
-- to finish puts them into the one big table. Parameter: :load_id.
LOCK TABLE ops.load_lock;
INSERT INTO ops.touched (load_id, entity, touched_key)
SELECT CAST(:load_id AS varchar(32)), 'appointment', f.appointment_key FROM core.fact_appointment f
WHERE f.load_id = :load_id AND EXISTS (SELECT 1 FROM ops.load_lease l WHERE l.load_id = :load_id);
UPDATE ops.load_lease SET load_id = NULL WHERE load_id = :load_id;
