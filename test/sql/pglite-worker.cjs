/** PostgreSQL in a thread of its own: its package imports dynamically, which jest's module sandbox refuses. */
const { parentPort } = require('node:worker_threads');
const { PGlite } = require('@electric-sql/pglite');

const opened = PGlite.create().then(async (db) => {
  await db.exec("SET TimeZone = 'UTC'");
  return db;
});

parentPort.on('message', async ({ id, sql, values }) => {
  try {
    const db = await opened;
    const result = await db.query(sql, values, { rowMode: 'array' });
    parentPort.postMessage({
      id,
      rows: result.rows.map((row) => row.map((v) => (v === null || v === undefined ? null : String(v)))),
    });
  } catch (error) {
    parentPort.postMessage({ id, error: error.message });
  }
});
