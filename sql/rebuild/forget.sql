-- Has a view that is gone made again. Parameter: :name.
DELETE FROM ops.view WHERE view_name = :name;
