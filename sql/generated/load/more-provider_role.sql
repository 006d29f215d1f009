-- Provider role: goes on with what reread-provider_role.sql begins, where one transaction does not hold the COPYs of all contract versions: it reads the
-- objects of further versions. The load function has made stage_provider_role and copied into it every object of these versions that stands. Rows
-- of the keys in question stay in the stage, and provider_role.sql adds them to what this load has written about these keys so far.
-- Parameter: :load_id. The load function fills in the contract versions.
-- Rows that nobody has counted since the keys were forgotten, which ops.conservation takes off, and events of theirs that this load has
-- written: provider_role.sql counts as repeats what is beyond one of each.
INSERT INTO ops.reread (load_id, entity, rows_before, events_before, recorded_to)
SELECT CAST(:load_id AS varchar(32)), 'provider_role', CASE WHEN s.possible = w.standing THEN s.n END, v.n, s.recorded_to
FROM (
  SELECT count(CASE WHEN e.effective_at >= timestamp '1900-01-01 00:00:00' AND e.effective_at < timestamp '2201-01-01 00:00:00'
      AND e.recorded_at >= timestamp '1900-01-01 00:00:00' AND e.recorded_at < timestamp '2201-01-01 00:00:00' THEN 1 END) AS possible,
    count(q.entity_key) AS n, max(e.recorded_at) AS recorded_to
  FROM stage_provider_role e LEFT JOIN (
    SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'provider_role' GROUP BY k.entity_key
  ) q ON q.entity_key = e.provider_role_key
) s
CROSS JOIN (
  SELECT coalesce(sum(CASE WHEN o.is_withdrawn THEN 0 ELSE o.row_count END), 0) AS standing
  FROM ops.loaded_object o WHERE o.entity = 'provider_role' AND o.schema_version IN ({{ versions }})
) w
CROSS JOIN (
  SELECT count(*) AS n FROM core.provider_role_log v
  WHERE v.load_id = :load_id AND v.provider_role_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'provider_role')
    AND EXISTS (
      SELECT 1 FROM stage_provider_role e
      WHERE e.provider_role_key = v.provider_role_key AND e.event_id = v.event_id AND e.payload_hash = v.payload_hash
        AND e.effective_at = v.effective_at AND e.recorded_at = v.recorded_at
    )
) v;
DELETE FROM stage_provider_role WHERE provider_role_key NOT IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'provider_role');
