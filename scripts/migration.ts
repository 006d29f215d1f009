import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SqlError } from '../core/warehouse/sql';
import { readTexts } from '../core/warehouse/sql-files';
import { generatedSql } from '../core/warehouse/generated-sql';
import { newMigrations } from '../core/warehouse/table-changes';

/** `npm run migration -- <words>`: writes the migrations that lead to the rendered tables. */
const SQL = join(__dirname, '..', 'sql');
const words = process.argv.slice(2).join('-').toLowerCase();
try {
  const tables = readFileSync(join(SQL, 'generated', 'tables.sql'), 'utf8');
  // Contracts may have changed since: a migration of yesterday's tables would say that there is nothing to do.
  if (tables !== generatedSql(join(SQL, '..'))['tables.sql'])
    throw new SqlError('sql/generated/tables.sql is not what the contracts say: npm run generate first');
  const made = newMigrations(readTexts(SQL, 'migrations'), tables, words);
  for (const { name, text } of made) {
    writeFileSync(join(SQL, 'migrations', `${name}.sql`), text, { flag: 'wx' });
    console.log(`sql/migrations/${name}.sql`);
  }
  if (made.length === 0) console.log('nothing to do: the migrations lead to the rendered tables');
} catch (error) {
  if (!(error instanceof SqlError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
