-- What ran: migration files with the digest they had, and releases in their order.
SELECT m.name, m.sha256 FROM ops.migration m ORDER BY m.name;
