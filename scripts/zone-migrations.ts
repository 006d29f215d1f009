import { zone } from '../profiles/zones';

/** First years of the parts, each a migration that one call of the Data API holds, and the year after the last. */
const PARTS = [1970, 1996, 2040, 2101];
const QUARTER = 900_000;
const HOUR = 3_600_000;
/** Quarters of an hour since 1970, and of the offset east of -12:00: seven and three digits. */
const code = (at: number, offset: number): string =>
  `${String(at / QUARTER).padStart(7, '0')}${String(Math.round(offset / 15) + 48).padStart(3, '0')}`;

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

/** The statement that writes the years of a part. */
function insertion(names: readonly string[], from: number, until: number): string {
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
  return `INSERT INTO core.zone_offset (zone, from_utc, to_utc, offset_min)
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
) z`;
}

/**
 * The migrations that lead from what the written ones say of `core.zone_offset` to a release. They stay as they are, since they may have run
 * somewhere: a part that is other than before is replaced by a migration of the next number.
 * @param written texts of all migrations by name
 */
export function zoneMigrations(
  release: string,
  names: readonly string[],
  written: ReadonlyMap<string, string>,
): Map<string, string> {
  const before = [...written.keys()].sort();
  let number = Number(before.at(-1)?.slice(0, 3) ?? 0);
  const made = new Map<string, string>();
  for (const [i, from] of PARTS.slice(0, -1).entries()) {
    const until = PARTS[i + 1]!;
    const statement = insertion(names, from, until);
    const last = before.filter((name) => name.endsWith(`-zones-${from}`)).at(-1);
    if (last && written.get(last)!.includes(statement)) continue;
    made.set(
      `${String(++number).padStart(3, '0')}-zones-${from}`,
      `-- transactional: true
-- Written by npm run zones from release ${release} of the IANA time zone database, years ${from} to ${until - 1}: zones of one history share a
-- row. A change is ten digits: quarters of an hour since 1970, and of the offset east of -12:00.
DELETE FROM core.zone_offset WHERE from_utc >= timestamp '${from}-01-01 00:00:00' AND from_utc < timestamp '${until}-01-01 00:00:00';
${statement};
`,
    );
  }
  return made;
}
