import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { objectOf } from '@carelake/laptop/endpoints/files';
import { ENTITIES, ENTITY_NAMES } from '../contracts';
import type { Ask } from './ask';
import { isReplaced } from '../core/files/withdrawals';
import { type IngestCounts, unmappedOfStream, type ZoneFolders } from './conservation';
import { again, isTyped, runnable } from './hints';
import { filesUnder, withEngine } from './lake-files';
import { count, table } from './output';
import { sentenceOf } from './quarantine/rules';
import { folderDecisions, readingRows, readingSql } from './readings';

/** What did not go as a sender meant it. */
export interface Findings {
  /** Rejected records by rule; one that broke two rules counts for both. */
  rejected: Record<string, number>;
  /** Accepted events that bear the flag of a rule, and rows of files of which a rule has something to tell. */
  warnings: Record<string, number>;
  /** Records of kinds that nothing in their profiles reads, by kind. */
  unmapped: Record<string, number>;
  /** Snapshots whose absences were not acted on, by profile and moment, with the rule that held them. */
  held_snapshots: { snapshot: string; rule: string }[];
}

const OUTCOME = '.outcome.json';

/** What was found at one time, of which `newFindings` makes what was found in between. */
export interface Found {
  /** By the reading that rejected them and the rule; without a reading those of the stream. */
  readonly rejected: Record<string, number>;
  readonly flags: Record<string, number>;
  /** By reading and rule. */
  readonly notes: Record<string, number>;
  /** By reading and kind; without a reading those of the stream. */
  readonly unmapped: Record<string, number>;
  readonly held_snapshots: Findings['held_snapshots'];
}

const keyOf = (reading: string, rule: string): string => `${reading} ${rule}`;

/** Looks for them in what the folder holds. What a reading found that another one took the place of is found no more. */
export async function readFindings(zones: ZoneFolders, ask: Ask): Promise<Found> {
  return {
    rejected: await rejectedByRule(zones),
    flags: await flagCounts(ask),
    notes: toldOf(zones.control, 'notes'),
    unmapped: {
      ...toldOf(zones.control, 'unmapped'),
      ...Object.fromEntries(Object.entries(await unmappedOfStream(zones)).map(([type, n]) => [keyOf('', type), n])),
    },
    held_snapshots: heldSnapshots(zones.control),
  };
}

async function rejectedByRule({ quarantine, control }: ZoneFolders): Promise<Found['rejected']> {
  if (filesUnder(quarantine, '.parquet').next().done) return {};
  const decisions = folderDecisions(control);
  const rows = await withEngine((query) =>
    query(
      `SELECT reading, rule, count(DISTINCT quarantine_id) AS n FROM
         (SELECT ${readingSql('parse_filename(filename)')} AS reading, quarantine_id, unnest(string_split(rule_ids, ' ')) AS rule
          FROM read_parquet($files, union_by_name = true, hive_partitioning = false, filename = true))
       GROUP BY reading, rule ORDER BY rule, reading`,
      { files: `${quarantine}/**/*.parquet` },
    ),
  );
  return Object.fromEntries(
    rows
      .filter(({ reading }) => !isReplaced(decisions, String(reading)))
      .map(({ reading, rule, n }) => [keyOf(String(reading), String(rule)), Number(n)]),
  );
}

async function flagCounts(ask: Ask): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const entity of ENTITY_NAMES) {
    const view = ENTITIES[entity].kind === 'fact' ? `core.fact_${entity}` : `core.${entity}_log`;
    const rows = await ask(`SELECT dq_flags, count(*) AS n FROM ${view} WHERE dq_flags IS NOT NULL GROUP BY dq_flags`);
    for (const { dq_flags, n } of rows)
      for (const flag of String(dq_flags).split(' ').filter(Boolean)) counts[flag] = (counts[flag] ?? 0) + Number(n);
  }
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What the receipts of files tell besides their counts: of rows that were read all the same, and of what nothing maps. */
const toldOf = (control: string, what: 'notes' | 'unmapped'): Record<string, number> =>
  Object.fromEntries(
    [...readingRows(control)].flatMap(([reading, rows]) =>
      Object.entries(rows[what]).map(([name, n]) => [keyOf(reading, name), n]),
    ),
  );

function heldSnapshots(control: string): Findings['held_snapshots'] {
  const folder = join(control, 'ingest', 'snapshots');
  return [...filesUnder(folder, OUTCOME)].sort().flatMap((file) => {
    const { held } = objectOf<{ held?: string }>(readFileSync(file, 'utf8')) ?? {};
    return held ? [{ snapshot: file.slice(folder.length + 1, -OUTCOME.length), rule: held }] : [];
  });
}

/** How much more there is of each rule, over all readings. */
function grown(now: Record<string, number>, then: Record<string, number>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [key, n] of Object.entries(now)) {
    const rule = key.slice(key.indexOf(' ') + 1);
    const more = n - (then[key] ?? 0);
    if (more > 0) counts[rule] = (counts[rule] ?? 0) + more;
  }
  return counts;
}

/** What was found since: counts that grew, snapshots that were held. */
export function newFindings(after: Found, before: Found): Findings {
  return {
    rejected: grown(after.rejected, before.rejected),
    warnings: { ...grown(after.flags, before.flags), ...grown(after.notes, before.notes) },
    unmapped: grown(after.unmapped, before.unmapped),
    held_snapshots: after.held_snapshots.filter(
      ({ snapshot, rule }) => !before.held_snapshots.some((one) => one.snapshot === snapshot && one.rule === rule),
    ),
  };
}

/** How files are read by a profile that was mended: as they were, or one by one where an earlier start named them. */
const readAgain = (): string =>
  isTyped('--input')
    ? `stop whatever serves the folder, and: ${again()}`
    : 'while the folder is served: carelake ingest --phi-ok --profile PROFILE FILE';

type Run = { ingest: IngestCounts } & Findings;

/** Whether more of what came in was rejected than accepted. */
export const mostRejected = (accepted: number, rejected: number): boolean => rejected > accepted;
const mostOf = ({ ingest }: Pick<Run, 'ingest'>): boolean => mostRejected(ingest.accepted, ingest.quarantined);

/** Whether somebody should look before anything is made of the answers. */
export const wentWrong = (run: Run): boolean => mostOf(run) || run.held_snapshots.length > 0;

const byRule = (counts: Record<string, number>): string =>
  table(
    ['rule', 'records', 'requires'],
    Object.entries(counts)
      .sort((a, b) => b[1] - a[1])
      .map(([rule, n]) => [rule, n, sentenceOf(rule)]),
  ).replace(/^/gm, '  ');

/** Records of kinds that nothing maps, by kind. */
export const unmappedText = (unmapped: Record<string, number>): string =>
  `Nothing in the profile reads these; they are kept as they came:\n${table(
    ['type', 'records'],
    Object.entries(unmapped).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)),
  ).replace(/^/gm, '  ')}`;

/** Findings as the console shows them; empty where there are none. */
export function findingsText(run: Run, areDefectsPlanted: boolean): string {
  const { ingest, rejected, warnings, unmapped, held_snapshots } = run;
  const parts: string[] = [];
  if (ingest.quarantined > 0) {
    const head = mostOf(run)
      ? `MOST RECORDS WERE REJECTED: ${count(ingest.quarantined)} of ${count(ingest.received)} records broke a rule and are missing from the answers:`
      : `${count(ingest.quarantined)} of ${count(ingest.received)} records broke a rule and are in quarantine${areDefectsPlanted ? ' (the synthetic network plants them)' : ''}:`;
    parts.push(`${head}\n${byRule(rejected)}\n${runnable('  next: carelake quarantine list')}`);
  }
  if (Object.keys(warnings).length > 0) parts.push(`Accepted with a warning:\n${byRule(warnings)}`);
  if (Object.keys(unmapped).length > 0) parts.push(unmappedText(unmapped));
  for (const { snapshot, rule } of held_snapshots)
    parts.push(
      [
        `A SNAPSHOT WAS HELD BACK (${rule}): ${sentenceOf(rule)}`,
        `  where: ${snapshot}`,
        runnable(
          `  next: if the absences are correct, raise brake_percent in the profile (docs/profiles.md, "Modes"); then ${readAgain()}`,
        ),
      ].join('\n'),
    );
  return parts.length === 0 ? '' : `\n${parts.join('\n\n')}\n`;
}
