import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context } from 'aws-lambda';
import { hashOf, type Reading, refusalObjects, sameFileReceipt } from '../../core/files/objects';
import { openFile } from '../../core/files/open';
import { seriesOf } from '../../core/files/landed';
import { keyId } from '../../core/lake/names';
import { decide } from '../shared/decisions';
import { environment } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { faultCounter, makeMetrics, publishCounts } from '../shared/metrics';
import { keyringOnce } from '../shared/keyring';
import { reopen } from '../shared/reopen';
import { put } from '../shared/s3';
import { isAhead } from '../../core/records/conform';
import { isoHour } from '../../core/records/time';
import { keepFirst, nextCopy, noteWhole, stands, wayOf } from './copies';
import { readEvent, type IngestFileEvent, type IngestFileResult } from './event';
import { type LandedFile, lookAt, markRead, sourceOf } from './landing';
import { type FoundProfile, profileOf, type Rules } from './profile';
import { replaceReadings } from './readings';
import { freeSlot, takeSlot, waitSeconds } from './slots';
import { type Budget, ingestRows, store, type Zones } from './rows';
import { identify } from './same';
import { compareAround, finishSnapshot, takenAtOf } from './snapshots';

const logger = makeLogger();
const metrics = makeMetrics();
const s3 = new S3Client({});
const secrets = new SecretsManagerClient({});
const keyring = keyringOnce(() => ({
  s3,
  secrets,
  secretArn: environment('KEY_SECRET_ARN'),
  controlBucket: environment('CONTROL_BUCKET'),
}));

/** A chunk takes seconds; what is left of the invocation must hold one more, stored over a slow line. */
const RESERVE_MS = 120_000;
/** Longer than an invocation, which looks at the file's age once. */
const HOUR_MS = 3_600_000;
const DEFAULT_MAX_ROWS = 1_000_000;

/**
 * Reads a landed file by the profile that its first folder names: accepted rows to silver, the others to quarantine.
 * A file too long for one invocation answers where to go on. A file that does not fit its profile is refused as a
 * whole, which is an outcome and no error; only what the infrastructure gets wrong throws. Where too many files are being
 * read already, it answers how long to wait.
 */
export const handler = guarded<IngestFileEvent, IngestFileResult>(logger, async (event, context) => {
  const from = readEvent(event);
  const slots = { s3, bucket: environment('CONTROL_BUCKET'), count: Number(environment('FILE_SLOTS')) };
  const now = Date.now();
  const slot = await takeSlot(slots, now + context.getRemainingTimeInMillis(), now);
  const waits = from.waits ?? 0;
  if (!slot) return { ...from, waits: waits + 1, wait_seconds: waitSeconds(waits) };
  try {
    const result = await read({ ...from, waits: 0 }, context);
    if (result.done) await markRead(s3, slots.bucket, result);
    return result;
  } finally {
    await freeSlot(slots, slot);
  }
});

async function read(from: IngestFileResult, context: Context): Promise<IngestFileResult> {
  const zones: Zones = {
    silver: environment('SILVER_BUCKET'),
    quarantine: environment('QUARANTINE_BUCKET'),
    control: environment('CONTROL_BUCKET'),
  };
  const file = await lookAt(s3, from);
  Object.assign(from, {
    size: file.size,
    version: file.version,
    last_modified: new Date(file.lastModifiedMs).toISOString(),
  });
  await reopenIfLate(file, zones.control);
  if (file.size === 0 && file.key.endsWith('/')) return { ...from, done: true }; // what a console makes of "create folder"
  if (from.decide !== undefined) {
    await decide(s3, zones.control, hashOf(file), from.decide, file.lastModifiedMs);
    delete from.decide;
  }
  const profile = await profileOf(s3, file, zones.control);
  const { digest } = profile;
  const reading = { ...file, digest };
  if (!(await stands(s3, zones.control, hashOf(file)))) return leaveOut(from, reading, zones, profile);
  if ('rules' in profile && profile.isIgnored) {
    logger.info('file is known to its source and not read', { profile: profile.name, object: keyId(file.key) });
    return { ...from, done: true, ignored: true };
  }
  if ('rules' in profile) return refuse(from, reading, zones, profile.name, profile.rules);
  const opened = await openFile(profile.checked, sourceOf(s3, file));
  const name = profile.checked.profile.profile;
  if (!opened.ok) return refuse(from, reading, zones, name, opened.errors);
  const isSnapshot = opened.file.profile.mode === 'snapshot';
  const taken = isSnapshot ? takenAtOf(opened.file, file) : 0;
  if (taken === null || isAhead(taken * 1000, file.lastModifiedMs * 1000)) {
    // One without a time has no neighbours; one that is not due yet would be the last one until then.
    const rule = taken === null ? 'FIL-MAP-05' : 'ENV-AHEAD';
    return refuse(from, reading, zones, name, [{ rule, pointer: '/snapshot/taken_at' }]);
  }
  const budget = budgetOf(context);
  if (from.profile_digest !== undefined && from.profile_digest !== digest)
    Object.assign(from, {
      offset: 0,
      row: 0,
      received: 0,
      accepted: 0,
      quarantined: 0,
      unmapped: 0,
      file_time: undefined,
    });
  from.profile_digest = digest;
  const isKnown = from.file_time !== undefined;
  const id = isKnown ? (from.file_id ?? '') : await identify(s3, file, profile.checked);
  const inSeries = { id, series: seriesOf(file.key, name) };
  if (!isKnown) {
    const way = await wayOf(s3, zones.control, inSeries, reading);
    if ('sameAs' in way) return readBefore(from, reading, name, way.sameAs, zones);
    Object.assign(from, { file_id: id, file_time: way.time });
  }
  // A long file's digest took most of the invocation: rows begin in the next.
  if (!isKnown && context.getRemainingTimeInMillis() < budget.wholeMs / 2) return { ...from, done: false };
  const keys = await keyring();
  const result = await ingestRows(s3, zones, reading, opened.file, keys, from, budget, logger);
  publish(result, from);
  // Comparing keys wants a whole invocation: one that has read rows for long leaves it to the next, which reads none.
  if (result.done && isSnapshot && result.row > from.row && context.getRemainingTimeInMillis() < budget.wholeMs / 2)
    return { ...result, done: false };
  if (result.done) {
    const current = async () => (await profileOf(s3, file, zones.control)).digest;
    await replaceReadings(s3, zones.control, { own: reading, file: inSeries, current });
    await noteWhole(s3, zones.control, inSeries, reading);
    await keepFirst(s3, zones.control, inSeries, reading);
    if (isSnapshot)
      Object.assign(
        result,
        await finishSnapshot(
          { s3, zones, profile: opened.file.profile, series: inSeries.series, keys },
          reading,
          taken,
        ),
      );
  }
  logger.info('file read', {
    profile: name,
    object: keyId(file.key),
    row: result.row,
    done: result.done,
    received: result.received,
    accepted: result.accepted,
    quarantined: result.quarantined,
    unmapped: result.unmapped,
    tombstones: result.tombstones,
    held: result.held,
  });
  return result;
}

/** The same bytes again, under whatever name, are the same file: nothing is read, and that is said. */
async function readBefore(
  from: IngestFileResult,
  file: LandedFile & Reading,
  profile: string,
  sameAs: string,
  zones: Zones,
): Promise<IngestFileResult> {
  // Written again where it was a copy of another object before.
  const receipt = sameFileReceipt(file, sameAs);
  await put(s3, zones.control, receipt.key, receipt.body, 'application/json');
  logger.info('file was read before', { profile, object: keyId(file.key), same_as: sameAs });
  return { ...from, done: true, same_as: sameAs };
}

/**
 * A withdrawn object is not read; the snapshots that were compared with it are compared with others. A copy of it, which was not read while it
 * stood, is read by the next invocation.
 */
async function leaveOut(
  from: IngestFileResult,
  file: LandedFile & Reading,
  zones: Zones,
  profile: FoundProfile,
): Promise<IngestFileResult> {
  const own = 'checked' in profile ? profile.checked.profile : undefined;
  if (own?.mode === 'snapshot') {
    const place = { s3, zones, profile: own, series: seriesOf(file.key, own.profile), keys: await keyring() };
    await compareAround(place, hashOf(file));
  }
  const copy = await nextCopy(s3, zones.control, file);
  logger.info('file is withdrawn', { object: keyId(file.key), copy: copy && keyId(copy.key) });
  const result: IngestFileResult = { ...from, done: true, withdrawn: true };
  if (!copy) return result;
  await markRead(s3, zones.control, result);
  return readEvent(copy);
}

/**
 * A file that is read late, as after a redrive, goes into the hour in which it landed: one that the sweeps over silver may have settled,
 * where its rows would wait for the next full pass.
 */
async function reopenIfLate(file: LandedFile, control: string): Promise<void> {
  const settledAfterMs = Number(environment('SETTLE_AFTER_HOURS')) * 3_600_000;
  if (Date.now() - file.lastModifiedMs > settledAfterMs - HOUR_MS)
    await reopen(s3, control, isoHour(file.lastModifiedMs), Date.now());
}

function budgetOf(context: Context): Budget & { wholeMs: number } {
  const total = context.getRemainingTimeInMillis();
  return {
    wholeMs: total,
    remaining: () => context.getRemainingTimeInMillis(),
    reserveMs: Math.min(RESERVE_MS, total / 3),
    rows: Number(process.env.INGEST_FILE_MAX_ROWS) || DEFAULT_MAX_ROWS,
  };
}

async function refuse(
  from: IngestFileResult,
  file: LandedFile & Reading,
  zones: Zones,
  profile: string | null,
  rules: Rules,
): Promise<IngestFileResult> {
  await store(s3, zones, refusalObjects(file, profile, file.size, rules));
  const result = {
    ...from,
    done: true,
    received: 1,
    accepted: 0,
    quarantined: 1,
    refused: [...new Set(rules.map((r) => r.rule))],
  };
  publish(result, { ...from, received: 0, accepted: 0, quarantined: 0, unmapped: 0 });
  faultCounter(metrics)('RefusedFiles', 1);
  logger.warn('file refused', {
    // A folder that no profile is named after is the sender's own word.
    profile: rules.some(({ rule }) => rule === 'FIL-PRF-01') ? undefined : (profile ?? undefined),
    object: keyId(file.key),
    rules: rules.map((r) => `${r.rule} ${r.pointer}`),
  });
  return result;
}

function publish(result: IngestFileResult, before: IngestFileResult): void {
  publishCounts(metrics, {
    received: result.received - before.received,
    accepted: result.accepted - before.accepted,
    quarantined: result.quarantined - before.quarantined,
    unmapped: (result.unmapped ?? 0) - (before.unmapped ?? 0),
  });
}
