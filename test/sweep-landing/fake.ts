import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { ExecutionAlreadyExists, StartExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { readMarkKey, versionOf } from '../../core/files/landed';
import { landingHash } from '../../core/records/hash';
import type { SweepContext } from '../../lambdas/sweep-landing/landing';

interface VersionOfKey {
  key: string;
  versionId: string;
  etag: string;
  landed: Date;
  storageClass: string;
  restore?: { IsRestoreInProgress?: boolean; RestoreExpiryDate?: Date };
}

class Refused extends Error {
  constructor(
    name: string,
    readonly $metadata: { httpStatusCode: number },
  ) {
    super(name);
    this.name = name;
  }
}

/** Landing with its versions, control, and the state machines, in memory. */
export class FakeLanding {
  versions: VersionOfKey[] = [];
  readonly control = new Map<string, { text: string; at: number }>();
  readonly started: { machine: string; name: string | undefined; input: Record<string, unknown> }[] = [];
  readonly restored: string[] = [];
  now = Date.UTC(2026, 2, 10, 3);
  remaining = 900_000;
  pageSize = 3;
  lists = 0;

  land(key: string, ageMinutes: number, more: Partial<VersionOfKey> = {}): VersionOfKey {
    const landed = new Date(this.now - ageMinutes * 60_000);
    const etag = createHash('md5').update(`${key}${ageMinutes}`).digest('hex');
    const version = { key, versionId: `v${this.versions.length}`, etag, landed, storageClass: 'STANDARD', ...more };
    this.versions.push(version);
    this.versions.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : b.landed.getTime() - a.landed.getTime()));
    return version;
  }

  hash(v: VersionOfKey): string {
    const version = versionOf({ versionId: v.versionId, etag: v.etag, landedMs: v.landed.getTime() });
    return landingHash('landing', v.key, version);
  }

  /** As ingest-file does at the end of an object. */
  read(v: VersionOfKey): void {
    this.control.set(readMarkKey(v.landed.getTime(), this.hash(v)), { text: '{}', at: this.now });
  }

  json<T>(key: string): T {
    return JSON.parse(this.control.get(key)?.text ?? 'null') as T;
  }

  context(more: Partial<SweepContext> = {}): SweepContext {
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    return {
      s3: { send: (c: unknown) => this.send(c) } as unknown as S3Client,
      states: { send: (c: unknown) => this.start(c) } as unknown as SFNClient,
      landingBucket: 'landing',
      controlBucket: 'control',
      filesMachine: 'files',
      loadMachine: 'loads',
      unreadAfterMinutes: 360,
      now: () => this.now,
      remainingMs: () => this.remaining,
      log,
      ...more,
    };
  }

  private async start(command: unknown): Promise<unknown> {
    const { stateMachineArn, name, input } = (command as StartExecutionCommand).input;
    if (name !== undefined && this.started.some((s) => s.name === name))
      throw new ExecutionAlreadyExists({ message: 'exists', $metadata: {} });
    this.started.push({ machine: stateMachineArn!, name, input: JSON.parse(input!) as Record<string, unknown> });
    return {};
  }

  private async send(command: unknown): Promise<unknown> {
    const { input, constructor } = command as { input: Record<string, never>; constructor: { name: string } };
    const key = input['Key'] as string;
    switch (constructor.name) {
      case 'ListObjectVersionsCommand':
        return this.listVersions(input['KeyMarker'], input['VersionIdMarker']);
      case 'ListObjectsV2Command':
        return this.list(input['Prefix'], input['StartAfter'] ?? '');
      case 'GetObjectCommand': {
        const found = this.control.get(key);
        if (!found) throw new Refused('NoSuchKey', { httpStatusCode: 404 });
        return { ETag: '"e"', Body: { transformToString: async () => found.text } };
      }
      case 'HeadObjectCommand':
        return { LastModified: new Date(Math.floor(this.control.get(key)!.at / 1000) * 1000) };
      case 'PutObjectCommand':
        this.control.set(key, { text: input['Body'], at: this.now });
        return {};
      case 'RestoreObjectCommand': {
        const version = this.versions.find((v) => v.key === key && v.versionId === input['VersionId'])!;
        if (version.restore?.IsRestoreInProgress)
          throw new Refused('RestoreAlreadyInProgress', { httpStatusCode: 409 });
        version.restore = { IsRestoreInProgress: true };
        this.restored.push(`${key} ${JSON.stringify(input['RestoreRequest'])}`);
        return {};
      }
      default:
        throw new Error(`the fake knows no ${constructor.name}`);
    }
  }

  private listVersions(key: string | undefined, version: string | undefined): unknown {
    this.lists++;
    const from = key === undefined ? 0 : this.versions.findIndex((v) => v.key === key && v.versionId === version) + 1;
    const page = this.versions.slice(from, from + this.pageSize);
    const last = page.at(-1);
    return {
      Versions: page.map((v) => ({
        Key: v.key,
        VersionId: v.versionId,
        ETag: `"${v.etag}"`,
        LastModified: v.landed,
        Size: 10,
        StorageClass: v.storageClass,
        RestoreStatus: v.restore,
      })),
      IsTruncated: from + page.length < this.versions.length,
      NextKeyMarker: last?.key,
      NextVersionIdMarker: last?.versionId,
    };
  }

  private list(prefix: string, after: string): unknown {
    const keys = [...this.control.keys()].filter((k) => k.startsWith(prefix) && k > after).sort();
    return { Contents: keys.map((Key) => ({ Key, Size: 2, LastModified: new Date(this.control.get(Key)!.at) })) };
  }
}
