/** PostgreSQL in a thread of its own: its package imports dynamically, which jest's module sandbox refuses. */
const { parentPort } = require('node:worker_threads');
const { PGlite } = require('@electric-sql/pglite');

const opened = PGlite.create().then(async (db) => {
  await db.exec("SET TimeZone = 'UTC'");
  return db;
});
const asText = (value) => (value === null || value === undefined ? null : String(value));

/** All statements in one transaction; the temporary tables go with it, as they go with a session. */
async function batch(db, statements) {
  await db.exec('BEGIN');
  try {
    let rows = [];
    for (const { sql, values } of statements) ({ rows } = await db.query(sql, values, { rowMode: 'array' }));
    await db.exec('COMMIT');
    return rows;
  } catch (error) {
    await db.exec('ROLLBACK');
    throw error;
  } finally {
    await db.exec('DISCARD TEMP');
  }
}

parentPort.on('message', async ({ id, statements }) => {
  try {
    const rows = await batch(await opened, statements);
    parentPort.postMessage({ id, rows: rows.map((row) => row.map(asText)) });
  } catch (error) {
    parentPort.postMessage({ id, error: error.message });
  }
});
