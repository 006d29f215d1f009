-- Gives up a load that cannot be finished as it was planned (COPY refuses one of its objects, or an object changed since). What it has
-- committed stays: its objects are selected again and change nothing twice. The members that it touched stay noted, so that the next load
-- to be finished brings the facts after them; which facts this one has brought after them is forgotten. Parameter: :load_id.
LOCK TABLE ops.load_lock;
DELETE FROM ops.restated WHERE load_id = :load_id;
UPDATE ops.load_lease SET load_id = NULL WHERE load_id = :load_id;
