/** PostgreSQL in a thread of its own: its package imports dynamically, which jest's module sandbox refuses. */
const { readFileSync, writeFileSync } = require('node:fs');
const { parentPort } = require('node:worker_threads');
const { PGlite } = require('@electric-sql/pglite');

const open = async (options) => {
  const db = await PGlite.create(options);
  await db.exec("SET TimeZone = 'UTC'");
  return db;
};
let opened;
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

async function answer({ statements, save, restore }) {
  if (restore) {
    await (await opened)?.close();
    opened = open({ loadDataDir: new Blob([readFileSync(restore)]) });
  }
  const db = await (opened ??= open());
  if (save) writeFileSync(save, Buffer.from(await (await db.dumpDataDir('none')).arrayBuffer()));
  return statements ? batch(db, statements) : [];
}

parentPort.on('message', async ({ id, ...request }) => {
  try {
    const rows = await answer(request);
    parentPort.postMessage({ id, rows: rows.map((row) => row.map(asText)) });
  } catch (error) {
    parentPort.postMessage({ id, error: error.message });
  }
});
