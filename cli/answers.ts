import type { Ask } from './ask';
import { checkLoad, IngestCounts, LoadCounts } from './conservation';
import type { Findings } from './findings';
import { runnable } from './hints';
import { count, percent, table } from './output';

/** One answer, as `docs/answers.md` promises it. */
export interface Answer {
  kpi: string;
  by: string;
  key: string;
  numerator: number;
  denominator: number;
  n: number;
  value: number | null;
}

/** The document that `start --json` prints. */
export interface AnswersDocument {
  ingest: IngestCounts;
  load: LoadCounts;
  run: { ingest: IngestCounts; load: LoadCounts } & Findings;
  answers: Answer[];
}

/** What the loads made of what they read, over all entities. */
export async function readLoadCounts(ask: Ask): Promise<LoadCounts> {
  const rows = await ask(
    'SELECT entity, "read" AS read_count, applied, superseded, duplicate, withdrawn FROM ops.conservation',
  );
  const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0);
  return {
    read: sum('read_count'),
    applied: sum('applied'),
    superseded: sum('superseded'),
    duplicate: sum('duplicate'),
    withdrawn: sum('withdrawn'),
  };
}

/** The published answers, in the order by dimension, then key. */
export async function readAnswers(ask: Ask): Promise<Answer[]> {
  const rows = await ask(
    'SELECT kpi, by_dimension, group_key, numerator, denominator, n, value FROM gold_phi.no_show_rate',
  );
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return rows
    .map((row) => ({
      kpi: String(row.kpi),
      by: String(row.by_dimension),
      key: String(row.group_key),
      numerator: Number(row.numerator),
      denominator: Number(row.denominator),
      n: Number(row.n),
      value: row.value === null ? null : Number(row.value),
    }))
    .sort((a, b) => order(a.kpi, b.kpi) || order(a.by, b.by) || order(a.key, b.key));
}

/** Conservation as the console shows it. */
export function conservationText(document: AnswersDocument): string {
  const { ingest, load } = document;
  checkLoad(load, 'ops.conservation');
  return [
    'Conservation',
    `  ingest  ${count(ingest.received)} received = ${count(ingest.accepted)} accepted + ${count(ingest.quarantined)} quarantined${ingest.unmapped > 0 ? ` + ${count(ingest.unmapped)} unmapped` : ''}${ingest.held > 0 ? ` + ${count(ingest.held)} held` : ''}`,
    `  load    ${count(load.read)} read = ${count(load.applied)} applied + ${count(load.superseded)} superseded + ${count(load.duplicate)} duplicate${load.withdrawn > 0 ? ` + ${count(load.withdrawn)} withdrawn` : ''}`,
  ].join('\n');
}

/** The first answers as the console shows them: counts and rates, nobody's data. */
export function answersText(answers: Answer[]): string {
  const all = answers.find((answer) => answer.by === 'all');
  if (!all || all.n === 0)
    return runnable(
      'No appointments yet: push some records, or start the synthetic network in a folder of its own: npm start -- --data DIR',
    );
  const clinics = answers.filter((answer) => answer.by === 'clinic').sort((a, b) => (b.value ?? -1) - (a.value ?? -1));
  const shown = clinics.length > 12 ? [...clinics.slice(0, 6), ...clinics.slice(-6)] : clinics;
  const rows = [all, ...shown].map((answer) => [
    answer.by === 'all' ? 'all clinics' : answer.key,
    percent(answer.value),
    answer.numerator,
    answer.denominator,
    answer.n,
  ]);
  const left = clinics.length - shown.length;
  return [
    'No-show rate: no-shows / (attended + no-shows); n counts every appointment that is not void',
    indent(table(['clinic', 'rate', 'no-shows', 'counted', 'n'], rows)),
    ...(left > 0 ? [`  … the six highest and six lowest of ${clinics.length} clinics`] : []),
  ].join('\n');
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
