-- {Entity}: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.{entity} WHERE {entity}_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = '{entity}');
DELETE FROM core.{entity}_superseded WHERE {entity}_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = '{entity}');
