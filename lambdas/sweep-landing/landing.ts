import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { ExecutionAlreadyExists, StartExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';
import type { Stored } from '../../core/lake/archive';
import { marksFrom, markedHash, versionOf, type LandedObject } from '../../core/files/landed';
import { landingHash } from '../../core/records/hash';
import type { Log } from '../shared/log';
import { pages } from '../shared/s3';

/** Executions that are started at the same time. */
export const STARTS = 8;
/** Left of an invocation for its answer. */
export const RESERVE_MS = 60_000;
export const JSON_TYPE = 'application/json';

/** What the sweep works with. */
export interface Landing {
  readonly s3: S3Client;
  readonly states: SFNClient;
  readonly landingBucket: string;
  readonly controlBucket: string;
  readonly filesMachine: string;
}

export interface SweepContext extends Landing {
  readonly loadMachine: string;
  /** Age after which an object should have been read. */
  readonly unreadAfterMinutes: number;
  readonly now: () => number;
  readonly remainingMs: () => number;
  readonly log: Log;
}

/** A version of an object in landing. */
export type Version = LandedObject & Stored;
export type Cursor = { key: string; version?: string } | undefined;

export const hashOf = (l: Landing, o: Version): string => landingHash(l.landingBucket, o.key, versionOf(o));

/** One page of all versions in landing, and where the next one begins. */
export async function versions(l: Landing, cursor: Cursor): Promise<{ found: Version[]; next: Cursor }> {
  const page = await l.s3.send(
    new ListObjectVersionsCommand({
      Bucket: l.landingBucket,
      KeyMarker: cursor?.key,
      VersionIdMarker: cursor?.version,
      OptionalObjectAttributes: ['RestoreStatus'],
    }),
  );
  const found = (page.Versions ?? []).map((v) => ({
    key: v.Key!,
    versionId: v.VersionId,
    etag: v.ETag ?? '',
    size: v.Size ?? 0,
    landedMs: v.LastModified?.getTime() ?? 0,
    storageClass: v.StorageClass,
    restoring: v.RestoreStatus?.IsRestoreInProgress,
    restoredUntil: v.RestoreStatus?.RestoreExpiryDate?.getTime(),
  }));
  const next = page.IsTruncated ? { key: page.NextKeyMarker!, version: page.NextVersionIdMarker } : undefined;
  return { found, next };
}

/** Hashes of the objects that were read, of those that landed on a day or later. @param sinceMs only marks written from then on */
export async function readMarks(l: Landing, day: string, sinceMs = 0): Promise<Set<string>> {
  const marks = new Set<string>();
  for await (const { objects } of pages(l.s3, l.controlBucket, marksFrom(day)))
    for (const { key, writtenMs } of objects) if (writtenMs >= sinceMs) marks.add(markedHash(key));
  return marks;
}

/** Starts an object as its notification would have. @param name the same for the same attempt, so that a repeated call starts nothing twice */
export async function start(l: Landing, o: Version, name: string): Promise<void> {
  const input = {
    bucket: l.landingBucket,
    key: o.key,
    etag: o.etag.replaceAll('"', ''),
    size: o.size,
    ...(o.versionId && o.versionId !== 'null' ? { version_id: o.versionId } : {}),
  };
  try {
    await l.states.send(
      new StartExecutionCommand({ stateMachineArn: l.filesMachine, name, input: JSON.stringify(input) }),
    );
  } catch (error) {
    if (!(error instanceof ExecutionAlreadyExists)) throw error;
  }
}
