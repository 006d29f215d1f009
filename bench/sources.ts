import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnswersDocument } from '../cli/answers';
import { PROJECT } from '../cli/synthesize';
import { builtInProfile } from '../profiles';
import { evalSqlOnFhir } from '../profiles/fhir/library';
import { run } from './command';
import { type BenchFile, fhirFiles, parseCsv, parseJson, readFiles, type ReadCounts, syntheaFiles } from './files';
import { type Found, type Line, n } from './line';
import { inTurn } from './measure';
import { resourcesNdjson } from './resources';

/** Medians of CPU seconds. */
export interface Reading extends ReadCounts {
  bytes: number;
  reps: number;
  platform: number;
  /** Parsing of the same bytes and nothing else. */
  parse: number;
  /** FHIR: parsing, and the same views by the library as it comes. */
  views?: number;
}

const REPS = 5;
const bytesOf = (files: readonly BenchFile[]): number => files.reduce((sum, { bytes }) => sum + bytes.length, 0);

type Resource = Record<string, unknown>;

/** Every view of the built-in profile over the resources of its type, as anybody would call the library. */
function bareViews(resources: readonly Resource[]): void {
  const { views = {}, entities } = builtInProfile('fhir-r4')!.profile;
  const used = new Set(entities.map(({ view }) => view));
  for (const [name, view] of Object.entries(views)) {
    if (!used.has(name)) continue;
    const ofType = resources.filter(({ resourceType }) => resourceType === view.resource);
    evalSqlOnFhir(...([view, ofType] as unknown as Parameters<typeof evalSqlOnFhir>));
  }
}

/** Entries of Bundles, and resources that stand by themselves. */
const resourcesIn = (parsed: readonly unknown[]): Resource[] =>
  (parsed as Resource[]).flatMap((one) =>
    one.resourceType === 'Bundle' ? (one.entry as { resource: Resource }[]).map(({ resource }) => resource) : [one],
  );

/** Resources to silver Parquet, against JSON.parse of the same bytes and against the same views by the bare library. */
export async function readFhir(files: readonly BenchFile[], reps = REPS): Promise<Reading> {
  const counts = await readFiles(files);
  const took = await inTurn(reps, {
    parse: () => files.forEach(parseJson),
    views: () => bareViews(resourcesIn(files.flatMap(parseJson))),
    platform: async () => void (await readFiles(files)),
  });
  return { ...counts, ...took, bytes: bytesOf(files), reps };
}

/** Rows to silver Parquet, against parsing of the same files. */
export async function readSynthea(files: readonly BenchFile[], reps = REPS): Promise<Reading> {
  const counts = await readFiles(files);
  const took = await inTurn(reps, {
    parse: () => files.forEach((file) => void parseCsv(file)),
    platform: async () => void (await readFiles(files)),
  });
  return { ...counts, ...took, bytes: bytesOf(files), reps };
}

/** A file of made-up resources, as the built-in profile reads it. */
export const generated = (resources: number): BenchFile[] => [
  { name: 'generated.ndjson', bytes: resourcesNdjson(resources), checked: builtInProfile('fhir-r4')! },
];

const rowsOf = ({ received, accepted, quarantined, unmapped, entities }: ReadCounts): string =>
  `${n(received)} received: ${n(accepted)} accepted, ${n(quarantined)} quarantined, ${n(unmapped)} unmapped; ${Object.entries(
    entities,
  )
    .map(([entity, rows]) => `${entity} ${n(rows)}`)
    .join(', ')}`;

/** The two lines of resources: against the library, and against parsing. */
export function fhirLines(what: string, r: Reading): Line[] {
  const perSecond = (seconds: number): string => `${n(r.received / seconds)} per CPU s`;
  return [
    {
      what: `FHIR, ${what}: resource → validated, keyed, silver Parquet (${rowsOf(r)})`,
      measured: `${perSecond(r.platform)} (${n(r.platform, 2)} s)`,
      against: `${perSecond(r.views!)} of the same views by the bare library, whose rows are left at that`,
      ratio: r.views! / r.platform,
      goal: '≥ 1: no slower than the views alone',
      reached: r.views! >= r.platform,
    },
    {
      what: `FHIR, ${what}: the same against its floor`,
      measured: perSecond(r.platform),
      against: `${perSecond(r.parse)} (JSON.parse of ${n(r.bytes / 1e6, 1)} MB)`,
      ratio: r.parse / r.platform,
      goal: '≥ 0.08 of the floor',
      reached: r.parse / r.platform >= 0.08,
    },
  ];
}

export function syntheaLines(r: Reading): Line[] {
  return [
    {
      what: `Synthea: row → validated, keyed, silver Parquet (${rowsOf(r)})`,
      measured: `${n(r.received / r.platform)} rows per CPU s (${n(r.platform, 2)} s)`,
      against: `${n(r.received / r.parse)} (csv-parse of ${n(r.bytes / 1e6, 1)} MB)`,
      ratio: r.parse / r.platform,
      goal: '≥ 0.12 of the floor',
      reached: r.parse / r.platform >= 0.12,
    },
  ];
}

/** Seconds and counts of one start, from nothing to the answers. */
async function start(args: readonly string[]): Promise<{ seconds: number; document: AnswersDocument }> {
  const data = mkdtempSync(join(tmpdir(), 'carelake-bench-'));
  try {
    const command = ['--no-install', 'tsx', 'cli/run.ts', 'start', '--once', '--json', '--data', data, ...args];
    const { seconds, stdout } = await run('npx', command, PROJECT);
    return { seconds, document: JSON.parse(stdout) as AnswersDocument };
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

/** A folder by one command to the answers, beside a start with next to nothing to load. */
async function toAnswers(source: string, folder: string): Promise<{ line: Line; details: unknown }> {
  const small = await start(['--patients', '20', '--events', '400']);
  const whole = await start(['--phi-ok', '--source', source, '--input', folder]);
  const { ingest, load } = whole.document;
  return {
    details: { seconds: whole.seconds, seconds_of_small_start: small.seconds, ingest, load },
    line: {
      what: `${source}: folder → answers, with synthesis and boot (${n(ingest.received)} received, ${n(load.applied)} events applied)`,
      measured: `${n(whole.seconds, 1)} s`,
      against: `${n(small.seconds, 1)} s of a start with 400 events`,
      ratio: whole.seconds / small.seconds,
      goal: '≤ 3 ×',
      reached: whole.seconds <= 3 * small.seconds,
    },
  };
}

/** Folders that are read where they lie beside the project and no other is named. */
const BESIDE = {
  fhir: join(PROJECT, '../shared/data/fhir/bulk/10-patients'),
  synthea: join(PROJECT, '../shared/data/synthea_csv/small27'),
};

/** The folder that is named, or the one beside; undefined where there is none. */
const folderOf = (kind: keyof typeof BESIDE, named: string | undefined): string | undefined =>
  named ?? (existsSync(BESIDE[kind]) ? BESIDE[kind] : undefined);

export async function fhir(full: boolean, log: (line: string) => void, named?: string): Promise<Found> {
  const made = await readFhir(generated(full ? 50_000 : 10_000));
  const folder = folderOf('fhir', named);
  if (folder === undefined) {
    log('no export of FHIR: name one with --fhir DIR');
    return { lines: fhirLines('generated', made), details: { generated: made } };
  }
  const read = await readFhir(fhirFiles(folder));
  const answers = await toAnswers('fhir-r4', folder);
  return {
    lines: [...fhirLines('generated', made), ...fhirLines('export', read), answers.line],
    details: { generated: made, export: read, answers: answers.details },
  };
}

/** @throws Error where there is no export */
export async function synthea(named?: string): Promise<Found> {
  const folder = folderOf('synthea', named);
  if (folder === undefined) throw new Error('no export of Synthea: name one with --synthea DIR');
  const read = await readSynthea(syntheaFiles(folder));
  const answers = await toAnswers('synthea', folder);
  return { lines: [...syntheaLines(read), answers.line], details: { export: read, answers: answers.details } };
}
