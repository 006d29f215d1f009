import { setTimeout as sleep } from 'node:timers/promises';
import { loadsOnArrival } from '../../config';
import { keyId } from '../../core/lake/names';
import { readLoadCounts } from '../answers';
import type { Ask } from '../ask';
import { countSilverRows, type ZoneFolders } from '../conservation';
import { CliError, EXIT } from '../errors';
import { started } from '../executions';
import { storedFile, uploadFile, uploadProfile } from '../feed';
import { ignoredText } from '../feeding';
import { type Findings, findingsText, mostRejected, newFindings, readFindings } from '../findings';
import { servedFolder } from '../folder';
import { again } from '../hints';
import { knownReader } from '../known-readers';
import { zonesOf } from '../laptop';
import { count, print, printJson, Progress } from '../output';
import { filesOfSource, type SourceFile } from '../source';
import { queryServed } from '../sql';
import {
  ingestFile,
  type IngestOptions,
  landed,
  type Place,
  placeOf,
  type Read,
  refuseWithdrawn,
  untilRead,
} from './ingest';

/** What is known of a folder's findings: of a serving laptop all, of an account what the receipts of its files say. */
interface Lookout {
  readonly ask: Ask;
  readonly zones: ZoneFolders;
  /** Whether what is read is loaded at once, or by a schedule. */
  readonly loads: boolean;
}

/** A file of the folder, and how it came to be read. */
interface Landing {
  readonly file: SourceFile;
  /** Read again from landing by this execution, since the same bytes lie there. */
  readonly execution: string | undefined;
}

const POLL_MS = 500;
const WAIT_MS = 15 * 60_000;

/** `carelake ingest`: takes in a file, or with a source a folder, where a platform serves or in an account. */
export async function ingest(path: string, options: IngestOptions): Promise<number> {
  const { profile, source } = options;
  if (profile !== undefined && source !== undefined)
    throw new CliError('either a profile reads a file, or a source a folder', {
      where: `--profile ${profile} --source ${source}`,
      next: 'leave one of them out (docs/profiles.md)',
    });
  if (source !== undefined) return ingestFolder(path, source, options);
  if (profile !== undefined) return ingestFile(path, profile, options);
  const known = knownReader(path) ?? ['--profile', 'NAME'];
  throw new CliError('it needs a profile, or for a folder a source, that says how it is read', {
    where: path,
    next: again(...known),
  });
}

/** Lands the files of a folder, each read by the profile that its source has for it, and tells what a start tells. */
async function ingestFolder(folder: string, source: string, options: IngestOptions): Promise<number> {
  if (options.env === undefined && options.phiOk !== true)
    throw new CliError('files may hold data of real patients; nothing was read', {
      where: folder,
      rule: 'files are accepted only with --phi-ok',
      next: `if this machine may hold such data: ${again('--phi-ok')}`,
    });
  const ignored: string[] = [];
  const files = await filesOfSource(source, folder, ignored);
  const at = await placeOf(options);
  const progress = new Progress(options.json);
  try {
    if (ignored.length > 0) progress.line(ignoredText(ignored));
    const watch = options.env === undefined ? lookout(options.data) : undefined;
    const before = watch && (await readFindings(watch.zones, watch.ask));
    const landings = await progress.step(`land ${count(files.length)} files for ${files[0]!.state.profile}`, () =>
      landAll(at, files),
    );
    if (!options.wait) {
      if (options.json) printJson({ files: files.length });
      else print('They are read now, or as soon as the files before them have been read.');
      return EXIT.ok;
    }
    const reads = await progress.step('read them', () => readAll(at, landings));
    if (watch?.loads) await progress.step('load what was read', () => untilLoaded(watch));
    const found = watch && newFindings(await readFindings(watch.zones, watch.ask), before!);
    return report(reads, found, options);
  } finally {
    at.s3.destroy();
    at.sfn.destroy();
  }
}

function lookout(data: string | undefined): Lookout {
  const { dataDir, env, served, names } = servedFolder(data, 'nothing would read the files');
  const ask: Ask = async (sql) => {
    const { columns, rows } = await queryServed(served, names, sql);
    return rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
  };
  return { ask, zones: zonesOf(dataDir, names), loads: loadsOnArrival(env) };
}

/** Lands every file before any is waited for: which of them is read first means nothing. */
async function landAll(at: Place, files: readonly SourceFile[]): Promise<Landing[]> {
  const landings: Landing[] = [];
  for (const file of files) {
    const { path, control, key, state, madeMs } = file;
    if (control) await uploadProfile(at.s3, at.control, control.key, control.text);
    const stored = await storedFile(at.s3, at.landing, key, state.sha256);
    if (stored) await refuseWithdrawn(at, (await landed(at, key)).hash);
    else await uploadFile(at.s3, at.landing, key, path, state.size, state.sha256, madeMs);
    landings.push({ file, execution: stored && (await started(at.sfn, at.files, stored)) });
  }
  return landings;
}

/** @returns what became of each file; undefined for one that is not read in time, or whose reading may not be seen */
async function readAll(at: Place, landings: readonly Landing[]): Promise<{ id: string; read: Read | undefined }[]> {
  const reads: { id: string; read: Read | undefined }[] = [];
  for (const { file, execution } of landings) {
    const reading = { ...(await landed(at, file.key)), digest: file.digest };
    reads.push({ id: keyId(file.key), read: await untilRead(at, reading, execution) });
  }
  return reads;
}

/** Waits until the warehouse has read all of silver: only then are the flags of facts known. */
async function untilLoaded({ ask, zones }: Lookout): Promise<void> {
  for (const deadline = Date.now() + WAIT_MS; Date.now() < deadline; await sleep(POLL_MS))
    if ((await readLoadCounts(ask)).read >= (await countSilverRows(zones))) return;
}

const NOTHING: Findings = { rejected: {}, warnings: {}, unmapped: {}, held_snapshots: [] };

function report(
  reads: readonly { id: string; read: Read | undefined }[],
  found: Findings | undefined,
  options: IngestOptions,
): number {
  const done = reads.flatMap(({ read }) => read ?? []);
  const sum = (name: 'received' | 'accepted' | 'quarantined'): number =>
    done.reduce((total, read) => total + read[name], 0);
  const unmapped: Record<string, number> = {};
  for (const read of done)
    for (const [kind, n] of Object.entries(read.unmapped ?? {})) unmapped[kind] = (unmapped[kind] ?? 0) + n;
  const counts = { received: sum('received'), accepted: sum('accepted'), quarantined: sum('quarantined') };
  const findings = { ...(found ?? NOTHING), unmapped };
  const same = done.filter((read) => read.same_as !== undefined).length;
  const told = { files: reads.length, read: done.length, same_bytes: same, ...counts };
  const { rejected, warnings, held_snapshots } = findings;
  if (options.json) printJson({ ...told, unmapped, ...(found ? { rejected, warnings, held_snapshots } : {}) });
  else {
    const all = Object.values(unmapped).reduce((total, n) => total + n, 0);
    const ingest = { ...counts, unmapped: all, held: 0 };
    print(`${sentence(told, all)}${found ? findingsText({ ingest, ...findings }, false) : ''}`);
  }
  const isRefused = mostRejected(counts.accepted, counts.quarantined) || held_snapshots.length > 0;
  return isRefused ? EXIT.rejected : EXIT.ok;
}

function sentence(
  told: Record<'files' | 'read' | 'same_bytes' | 'received' | 'accepted' | 'quarantined', number>,
  unmapped: number,
): string {
  const { files, read, same_bytes, received, accepted, quarantined } = told;
  return [
    `${count(read)} of ${count(files)} files read: ${count(received)} records, of which ${count(accepted)} accepted, ${count(quarantined)} rejected, ${count(unmapped)} of kinds that nothing in the profile reads.`,
    ...(read < files ? ['The others are read as soon as the files before them have been read.'] : []),
    ...(same_bytes > 0
      ? [`${count(same_bytes)} have the same bytes as files that were read before: nothing was ingested from them.`]
      : []),
  ].join('\n');
}
