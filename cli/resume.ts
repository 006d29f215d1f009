import { readOrNone } from '@carelake/laptop/endpoints/files';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from '@carelake/laptop/runtime';
import { namesOver, readingOfKey } from '../core/files/readings';
import { decisionsOf, decisionsPrefix, doneKey, isObjectWithdrawn, type Decisions } from '../core/files/withdrawals';
import { RECEIPTS, receiptSubject } from '../core/lake/names';
import { folderDecisions } from './readings';
import type { Ask } from './ask';
import { checkFolderObjects, checkStores, type Difference } from './check';
import { unreadIn } from './check/records';
import { differencesText } from './commands/check';
import { CliError, EXIT } from './errors';
import type { Names } from './folder';
import { zonesOf } from './laptop';
import { QUIET_MS } from './waiting';

/** There while a process serves the folder and until it has stopped in order: its absence says that nothing can be half done. */
const SERVING = 'serving';

export const wasStoppedInOrder = (dataDir: string): boolean => !existsSync(join(dataDir, SERVING));
export const noteServing = (dataDir: string): void => writeFileSync(join(dataDir, SERVING), '', { mode: 0o600 });
export const noteStopped = (dataDir: string): void => rmSync(join(dataDir, SERVING), { force: true });

/**
 * Has the migrations looked through again at the next boot. After a stop out of order the warehouse may have lost the last of them, while the
 * note that they ran is there; they may run at any time, and do nothing that is done.
 */
export const migrateAgain = (dataDir: string): void =>
  rmSync(join(dataDir, 'custom-resources'), { recursive: true, force: true });

/**
 * Loads what silver holds and the warehouse does not, whoever believes it loaded: receipts of loads that the ledger does not know (the
 * warehouse went back to a time before them) are removed, and the load machine looks through all of silver.
 */
export async function resumeLoads(platform: Platform, names: Names, ask: Ask): Promise<void> {
  const { s3 } = platform.endpoints;
  const control = names.buckets.control!;
  const ledger = await ask(LEDGER);
  const known = new Set(ledger.map((row) => String(row.object)));
  followAgain(s3, control, ledger);
  for (const key of keysIn(s3, control, RECEIPTS)) {
    const subject = receiptSubject(key);
    if (subject === undefined || known.has(subject)) continue;
    // One that is damaged says nothing, and its object is loaded again.
    const receipt = readOrNone<{ status: string }>(s3.pathOf(control, key));
    if (receipt?.status !== 'refused') s3.delete(control, key);
  }
  await platform.execute('LoadMachine', { window: 'full' });
}

function* keysIn(s3: Platform['endpoints']['s3'], bucket: string, prefix: string): Generator<string> {
  let continuation: string | undefined;
  do {
    const page = s3.list(bucket, { prefix, continuation });
    for (const { key } of page.objects) yield key;
    continuation = page.next;
  } while (continuation !== undefined);
}

/** How many objects lie in landing and were neither read to their end nor refused. */
export const unreadFiles = (platform: Platform, names: Names, dataDir: string): number =>
  unreadOf(platform, names, dataDir).length;

const unreadOf = (platform: Platform, names: Names, dataDir: string) =>
  unreadIn(platform.endpoints.s3, names.buckets.landing!, zonesOf(dataDir, names).control);

/**
 * Reads them: an execution that failed is not tried again by anything but the daily sweep.
 * @returns how many were started
 */
export async function readLanded(platform: Platform, names: Names, dataDir: string): Promise<number> {
  const bucket = names.buckets.landing!;
  const unread = unreadOf(platform, names, dataDir);
  await Promise.all(
    unread.map(({ key, etag, size, versionId }) =>
      platform.execute('IngestFileMachine', { bucket, key, etag, size, ...(versionId && { version_id: versionId }) }),
    ),
  );
  await platform.idle({ quietMs: QUIET_MS });
  return unread.length;
}

const LEDGER = 'SELECT object, is_withdrawn FROM ops.loaded_object';
const isOtherwise = (decisions: Decisions, { object, is_withdrawn: isWithdrawn }: Record<string, unknown>): boolean =>
  isObjectWithdrawn(decisions, String(object)) !== (isWithdrawn === true);

/** Whether something was decided about landed objects that the warehouse has not followed. @param control folder of the zone */
export async function hasUnfollowed(control: string, ask: Ask): Promise<boolean> {
  const decisions = folderDecisions(control);
  if (decisions.size === 0) return false;
  return [...decisions.values()].some((d) => !d.done) || (await ask(LEDGER)).some((row) => isOtherwise(decisions, row));
}

/** Decisions about objects of which the ledger says otherwise, as a warehouse does that went back in time, are to be followed once more. */
function followAgain(
  s3: Platform['endpoints']['s3'],
  control: string,
  ledger: readonly Record<string, unknown>[],
): void {
  const decisions = decisionsOf(keysIn(s3, control, decisionsPrefix()));
  for (const row of ledger.filter((of) => isOtherwise(decisions, of)))
    for (const name of namesOver(readingOfKey(String(row.object)) ?? '')) {
      const decision = decisions.get(name);
      if (decision?.done) s3.delete(control, doneKey(decision));
    }
}

/** What is to be asked before the stores are opened, which take what they find for what is. */
export const checkBefore = (dataDir: string, names: Names | undefined): Promise<Difference[]> =>
  names ? checkFolderObjects(dataDir, names) : Promise.resolve([]);

/** @throws CliError naming all that does not agree, with what `checkBefore` found */
export async function checkAfter(
  dataDir: string,
  platform: Platform,
  names: Names,
  before: readonly Difference[],
  tell: (detail: string) => void,
): Promise<void> {
  const found = [...before, ...(await checkStores(dataDir, names, platform.endpoints, tell))];
  if (found.length === 0) return;
  throw new CliError(`stream, lake and warehouse disagree in ${found.length} places`, {
    where: dataDir,
    lines: differencesText(found).split('\n'),
    next: 'do what each line says; to see them again: carelake check',
    exitCode: EXIT.failed,
  });
}
