import { clientsFor } from '../clients';
import { CliError, EXIT } from '../errors';
import { again, quoted, runnable, withInstead } from '../hints';
import { servedFolder } from '../folder';
import { print, printJson, table } from '../output';
import { isFile } from '../paths';
import { putRecords } from '../put-records';
import { originalOf } from '../quarantine/original';
import {
  type Filter,
  isWhole,
  oneRejected,
  type Place,
  placeOf,
  readRejected,
  type Rejected,
  shown,
} from '../quarantine/rejected';
import { close, putFile, putRows, streamRecords, waysOf } from '../quarantine/replay';
import { knownRule, sentenceOf } from '../quarantine/rules';
import { unknownMembers } from '../quarantine/unknown-members';

interface Common {
  json?: boolean;
  data?: string;
}

export interface ListOptions extends Common {
  rule?: string;
  source?: string;
  entity?: string;
  since?: string;
  all?: boolean;
  limit: number;
}

const rulesOf = (record: Rejected): string[] => [...new Set(record.rule_ids.split(' '))];

/** Rules of a record, each once, with how often it was broken. */
function rulesText(record: Rejected): string {
  const ids = record.rule_ids.split(' ');
  return rulesOf(record)
    .map((rule) => [rule, ids.filter((id) => id === rule).length] as const)
    .map(([rule, n]) => (n === 1 ? rule : `${rule} ×${n}`))
    .join(' ');
}

const MOST_POINTERS = 3;
function pointersText(record: Rejected): string {
  const pointers = record.pointers.split(' ');
  return pointers.length <= MOST_POINTERS
    ? pointers.join(' ')
    : `${pointers.slice(0, MOST_POINTERS).join(' ')} … ${pointers.length - MOST_POINTERS} more`;
}

/** A rule that exists, if one was named. */
const ruleFilter = (rule: string | undefined): Filter => (rule === undefined ? {} : { rule: knownRule(rule) });

/** Counts by rule with what each asks, then where each record came from: what is still to be worked on, the newest first. */
export async function list(options: ListOptions): Promise<number> {
  const { source, entity, since } = options;
  const rule = ruleFilter(options.rule);
  const at = placeOf(options.data);
  const found = await readRejected(at, { ...rule, source, entity, since });
  const rejected = options.all ? found : found.filter(({ state }) => state === 'open');
  const closed = found.length - found.filter(({ state }) => state === 'open').length;
  const counts = new Map<string, number>();
  for (const record of rejected) for (const id of rulesOf(record)) counts.set(id, (counts.get(id) ?? 0) + 1);
  const byRule = [...counts]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([id, n]) => ({ rule: id, n, sentence: sentenceOf(id) }));
  const records = rejected.slice(0, options.limit).map((record) => shown(at, record));
  if (options.json) {
    printJson({ total: rejected.length, closed, byRule, records });
    return EXIT.ok;
  }
  if (rejected.length === 0) {
    const filtered = [options.rule, source, entity, since].some((one) => one !== undefined);
    print(filtered ? 'No rejected record matches.' : 'Nothing is in quarantine.');
  } else
    print(
      `${table(
        ['rule', 'records', 'requires'],
        byRule.map((r) => [r.rule, r.n, r.sentence]),
      )}\n\n${recordsTable(records)}`,
    );
  if (records.length < rejected.length)
    print(runnable(`… ${rejected.length - records.length} more: ${again('--limit', String(rejected.length))}`));
  if (closed > 0 && !options.all)
    print(runnable(`${closed} more were replayed, corrected or discarded: ${again('--all')}`));
  return EXIT.ok;
}

function recordsTable(records: readonly Rejected[]): string {
  return table(
    ['id', 'arrived', 'source', 'entity', 'rules', 'pointers', 'position', 'state'],
    records.map((r) => [
      r.quarantine_id,
      r.arrived_at,
      r.profile ?? r.record_source,
      r.entity,
      rulesText(r),
      pointersText(r),
      r.record_position,
      r.state,
    ]),
  );
}

/** One record: its rules, what they ask, its pointers; its bytes only when the user says that this machine may show them. */
export async function show(id: string, options: Common & { phiOk?: boolean }): Promise<number> {
  const at = placeOf(options.data);
  const record = await oneRejected(at, id);
  const told = options.phiOk ? record : shown(at, record);
  const rules = rulesOf(record).map((rule) => ({ rule, sentence: sentenceOf(rule) }));
  const bytes = options.phiOk && !isWhole(record) ? await originalOf(at, record) : undefined;
  const data = bytes?.toString('utf8');
  const unknown = bytes && unknownMembers(bytes, record);
  if (options.json) {
    printJson({ ...told, rules, ...(data === undefined ? {} : { data, unknown_members: unknown }) });
    return EXIT.ok;
  }
  const lines = Object.entries(told).map(([name, value]) => [name, value ?? '-']);
  print(table(['', ''], lines).split('\n').slice(2).join('\n'));
  print(`\n${rules.map(({ rule, sentence }) => `${rule}: ${sentence}`).join('\n')}`);
  if (isWhole(record)) print('\nIt was refused as a whole: no row of it was read.');
  else if (data === undefined)
    print(
      runnable(`\nThe record itself may hold a patient, and so may the name of a file; both: ${again('--phi-ok')}`),
    );
  else print(`\n${unknown?.length ? `Members that no contract names: ${unknown.join(' ')}\n\n` : ''}${data}`);
  return EXIT.ok;
}

/** The records that a command names: by ids, or all open ones that broke a rule. */
async function chosen(at: Place, ids: string[], rule: string | undefined, command: string): Promise<Rejected[]> {
  if ((ids.length === 0) === (rule === undefined))
    throw new CliError('name the records to act on: their ids, or one rule', {
      next: `carelake quarantine list; then: carelake quarantine ${command} ID; or all of one rule: --rule RULE`,
    });
  if (rule === undefined) return Promise.all([...new Set(ids)].map((id) => oneRejected(at, id)));
  const found = await readRejected(at, ruleFilter(rule));
  return found.filter(({ state }) => state === 'open');
}

function served(at: Place): ReturnType<typeof clientsFor> {
  const { served: endpoint, names } = servedFolder(at.dataDir, 'nothing takes it');
  return clientsFor(endpoint, names.region);
}

/** Sends records again the way they came: the stream, or landing for a row of a file. */
export async function replay(ids: string[], options: Common & { rule?: string; with?: string }): Promise<number> {
  const mended = options.with;
  if (mended !== undefined && ids.length !== 1)
    throw new CliError('a corrected record replaces exactly one', {
      where: '--with',
      next: `carelake quarantine replay ID --with ${quoted(mended)}`,
    });
  if (mended !== undefined && !isFile(mended))
    throw new CliError('no such file', { where: mended, next: withInstead(mended, ['FILE']) });
  const at = placeOf(options.data);
  const records = await chosen(at, ids, options.rule, 'replay');
  const { stream, rows, files } = waysOf(at, records);
  const { kinesis, s3 } = served(at);
  const state = mended === undefined ? 'replayed' : 'mended';
  try {
    await putRecords(kinesis, at.names.stream, streamRecords(at, stream, mended));
    await close(s3, at, stream, state);
    await putRows(s3, at, rows, mended);
    await close(s3, at, rows, state);
    for (const file of files) await putFile(s3, at, file, mended);
    await close(s3, at, files, state);
  } finally {
    kinesis.destroy();
    s3.destroy();
  }
  const landing = rows.length + files.length;
  if (options.json) printJson({ stream: stream.length, landing });
  else
    print(
      runnable(
        `${stream.length} record(s) sent to the stream, ${landing} row(s) or file(s) to landing. Whatever is rejected again is listed as a new record: carelake quarantine list`,
      ),
    );
  return EXIT.ok;
}

/** Takes records off the open list that nobody will send again. Nothing is deleted: `--all` shows them. */
export async function discard(ids: string[], options: Common & { rule?: string }): Promise<number> {
  const at = placeOf(options.data);
  const records = await chosen(at, ids, options.rule, 'discard');
  const { kinesis, s3 } = served(at);
  try {
    await close(s3, at, records, 'discarded');
  } finally {
    kinesis.destroy();
    s3.destroy();
  }
  if (options.json) printJson({ discarded: records.length });
  else print(`${records.length} record(s) discarded; they stay in quarantine but are no longer listed.`);
  return EXIT.ok;
}
