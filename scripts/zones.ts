import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zone } from '../profiles/zones';

/**
 * `npm run zones -- [tzdata.zi]`: pins the IANA time zone database. Names come from the source file of a release (Debian, Alpine and macOS
 * ship one), offsets from this Node's own copy of the database. What it writes is committed, so that every machine and every
 * warehouse answers alike whatever release they carry: the names that ingest takes, and the migrations of `core.zone_offset`.
 */
const ROOT = join(__dirname, '..');
const SOURCE = process.argv[2] ?? '/usr/share/zoneinfo/tzdata.zi';
/** First years of the parts, each a migration that one call of the Data API holds, and the year after the last. */
const PARTS = [1970, 1996, 2040, 2101];
const QUARTER = 900_000;
const HOUR = 3_600_000;
/** Quarters of an hour since 1970, and of the offset east of -12:00: seven and three digits. */
const code = (at: number, offset: number): string =>
  `${String(at / QUARTER).padStart(7, '0')}${String(Math.round(offset / 15) + 48).padStart(3, '0')}`;

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

/** Where a zone's offset changes from `from` to before `to` (ms): the offset at the start, then each change. */
function changes(name: string, from: number, to: number): string {
  const z = zone(name);
  let offset = z.offsetAt(from);
  let text = code(from, offset);
  for (let at = from; at < to; at += 12 * 24 * HOUR) {
    const next = Math.min(at + 12 * 24 * HOUR, to - QUARTER);
    // The least change that is looked for lies a fortnight apart from the next one (Ramadan in Morocco: four weeks).
    if (z.offsetAt(next) === offset) continue;
    let [before, after] = [at, next];
    while (after - before > QUARTER) {
      const middle = before + Math.floor((after - before) / 2 / QUARTER) * QUARTER;
      if (z.offsetAt(middle) === offset) before = middle;
      else after = middle;
    }
    offset = z.offsetAt(after);
    text += code(after, offset);
  }
  return text;
}

const release = /^# version (\S+)/.exec(readFileSync(SOURCE, 'utf8'))?.[1];
if (release === undefined) throw new Error(`${SOURCE} does not say which release it is`);
const names = namesOf(readFileSync(SOURCE, 'utf8'));
writeFileSync(join(ROOT, 'contracts/zones.json'), `${JSON.stringify({ release, names }, null, 1)}\n`);

const HEAD = (from: number, until: number): string =>
  `-- transactional: true
-- Written by npm run zones from release ${release} of the IANA time zone database, years ${from} to ${until - 1}: zones of one history share a
-- row. A change is ten digits: quarters of an hour since 1970, and of the offset east of -12:00.
`;
const TABLE = `CREATE TABLE IF NOT EXISTS core.zone_offset (
  zone varchar(64) NOT NULL, -- Name of the zone in the IANA time zone database
  from_utc timestamp NOT NULL, -- First instant at which the offset holds
  to_utc timestamp NOT NULL, -- First instant at which it no longer holds
  offset_min integer NOT NULL -- Minutes that local time is ahead of UTC
) DISTSTYLE ALL SORTKEY (zone, from_utc);
`;

function migration(from: number, until: number): string {
  const histories = new Map<string, string[]>();
  for (const name of names) {
    const text = changes(name, Date.UTC(from, 0), Date.UTC(until, 0));
    histories.set(text, [...(histories.get(text) ?? []), name]);
  }
  const rows = [...histories].map(([text, of], i) =>
    i === 0
      ? `  SELECT CAST('${of.join(',')}' AS varchar(32767)) AS names, CAST('${text}' AS varchar(32767)) AS changes`
      : `  UNION ALL SELECT '${of.join(',')}', '${text}'`,
  );
  const most = Math.max(...[...histories.values()].map((of) => of.length));
  const longest = Math.max(...[...histories.keys()].map((t) => t.length / 10));
  if (most > 100 || longest > 1000) throw new Error('more zones or changes than the statement counts');
  return `${HEAD(from, until)}${from === PARTS[0] ? TABLE : ''}INSERT INTO core.zone_offset (zone, from_utc, to_utc, offset_min)
SELECT substring(z.name, 1, 64), timestamp '1970-01-01 00:00:00' + z.quarter * interval '15 minutes',
  coalesce(LEAD(timestamp '1970-01-01 00:00:00' + z.quarter * interval '15 minutes') OVER (PARTITION BY z.name ORDER BY z.quarter),
    timestamp '${until}-01-01 00:00:00'), z.offset_min
FROM (
  SELECT y.name, CAST(substring(y.changes, c.n * 10 + 1, 7) AS integer) AS quarter,
    CAST(substring(y.changes, c.n * 10 + 8, 3) AS integer) * 15 - 720 AS offset_min
  FROM (
    SELECT split_part(h.names, ',', n.n + 1) AS name, h.changes
    FROM (
${rows.join('\n')}
    ) h
    CROSS JOIN (SELECT a.n * 10 + b.n AS n FROM ops.digit a CROSS JOIN ops.digit b) n
    WHERE split_part(h.names, ',', n.n + 1) <> ''
  ) y
  CROSS JOIN (SELECT a.n * 100 + b.n * 10 + d.n AS n FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit d) c
  WHERE c.n < ${longest} AND substring(y.changes, c.n * 10 + 1, 1) <> ''
) z
WHERE NOT EXISTS (SELECT 1 FROM core.zone_offset WHERE from_utc >= timestamp '${from}-01-01 00:00:00');
`;
}

const FOLDER = join(ROOT, 'sql/migrations');
for (const old of readdirSync(FOLDER)) if (/^\d{3}-zones-\d{4}\.sql$/.test(old)) rmSync(join(FOLDER, old));
PARTS.slice(0, -1).forEach((from, i) => {
  const name = `${String(i + 5).padStart(3, '0')}-zones-${from}.sql`;
  const text = migration(from, PARTS[i + 1]);
  writeFileSync(join(FOLDER, name), text);
  console.log(`sql/migrations/${name}: ${text.length} bytes`);
});
