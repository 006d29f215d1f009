-- The views that the release before made, with the text that they have.
SELECT v.view_name, v.sha256, v.definition FROM ops.view v ORDER BY v.view_name;
