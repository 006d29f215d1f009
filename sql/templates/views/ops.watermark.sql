-- One row: the watermark, which is the greatest recorded_at of the events of all finished loads. What takes effect later is known, and not in
-- effect yet. Nothing in the warehouse asks a clock.
CREATE VIEW ops.watermark AS
SELECT coalesce(max(recorded_to), timestamp '1900-01-01 00:00:00') AS recorded_to FROM ops.load_ledger;
