-- Forgets what loads noted about themselves. The fingerprint of the keys is that of what is loaded next.
DELETE FROM ops.loaded_object;
DELETE FROM ops.load_ledger;
DELETE FROM ops.load_count;
DELETE FROM ops.reread;
DELETE FROM ops.reread_key;
DELETE FROM ops.touched_member;
DELETE FROM ops.restated;
DELETE FROM ops.unreferenced;
DELETE FROM ops.key_fingerprint;
