import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTexts } from '../core/warehouse/sql-files';
import { zone } from '../profiles/zones';
import { zoneMigrations } from './zone-migrations';

/**
 * `npm run zones -- [tzdata.zi]`: pins the IANA time zone database. Names come from the source file of a release (Debian, Alpine and macOS
 * ship one), offsets from this Node's own copy of the database. What it writes is committed, so that every machine and every
 * warehouse answers alike whatever release they carry: the names that ingest takes, and the migrations of `core.zone_offset`.
 */
const ROOT = join(__dirname, '..');
const SOURCE = process.argv[2] ?? '/usr/share/zoneinfo/tzdata.zi';

/** Whether this Node knows a zone, and so its offsets. */
function isKnown(name: string): boolean {
  try {
    zone(name);
    return true;
  } catch {
    return false;
  }
}

function namesOf(source: string): string[] {
  const words = source.split('\n').map((line) => line.split(' '));
  const names = words.flatMap(([kind, first, second]) => (kind === 'Z' ? [first] : kind === 'L' ? [second] : []));
  return [...new Set(names)].filter(isKnown).sort();
}

const release = /^# version (\S+)/.exec(readFileSync(SOURCE, 'utf8'))?.[1];
if (release === undefined) throw new Error(`${SOURCE} does not say which release it is`);
const names = namesOf(readFileSync(SOURCE, 'utf8'));
writeFileSync(join(ROOT, 'contracts/zones.json'), `${JSON.stringify({ release, names }, null, 2)}\n`);

const made = zoneMigrations(release, names, readTexts(join(ROOT, 'sql'), 'migrations'));
for (const [name, text] of made) {
  writeFileSync(join(ROOT, 'sql/migrations', `${name}.sql`), text, { flag: 'wx' });
  console.log(`sql/migrations/${name}.sql: ${text.length} bytes`);
}
if (made.size === 0) console.log('nothing to do: the migrations write these offsets');
