import { GetObjectCommand } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { mapperOf } from '../core/files/mapper-of';
import { openFile, readerAt } from '../core/files/open';
import type { Row } from '../core/files/making';
import { builtInProfile, referenceProfile } from '../profiles';
import { CliError } from './errors';
import { complaint } from './profile';
import { landedKeys, type Zones } from './reference-versions';

/** Name under which value sets are added, beside the names of code systems. */
export const VALUE_SET = 'value-set';

/** A version of a value set, as a file states it. */
export interface StatedVersion {
  readonly id: string;
  readonly version: string;
  readonly from: string;
  /** Last day, where the file states one. */
  readonly to: string | undefined;
}

/** Name of the object of a file of value sets: its bytes, since a file may state any number of sets and versions. */
export const valueSetFile = (bytes: Uint8Array): string =>
  `value-sets-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.csv`;

/**
 * The versions that a file states, read as ingest reads it. Rows that cannot be read are ingest's to tell.
 * @param path as messages name the file
 * @throws CliError for a file of other columns, and for one that contradicts itself
 */
export async function statedVersions(bytes: Uint8Array, path: string): Promise<StatedVersion[]> {
  const checked = builtInProfile(referenceProfile(VALUE_SET))!;
  const source = { size: bytes.length, read: (at: number, n: number) => Promise.resolve(bytes.subarray(at, at + n)) };
  const opened = await openFile(checked, source);
  if (!opened.ok)
    throw complaint(
      'the file does not match the profile; nothing was loaded',
      `${path}, read by profiles/reference/${VALUE_SET}.json`,
      opened.errors,
    );
  const reader = readerAt(opened.file, opened.file.start);
  const mapper = mapperOf(opened.file, { objectKey: '', lastModifiedMs: 0, fileTime: 0 });
  const found = new Map<string, StatedVersion>();
  for (;;) {
    const record = reader.take();
    if (!record) {
      if (reader.done) return [...found.values()];
      await reader.fill();
    } else if (record.value) {
      const [member] = mapper.members(record.value as Row, []);
      const stated = versionIn(member?.mapped[0]?.envelope.payload as Record<string, unknown> | undefined);
      if (stated) note(stated, found, path);
    }
  }
}

function versionIn(payload: Record<string, unknown> | undefined): StatedVersion | undefined {
  const { value_set_id: id, value_set_version: version, version_from: from, version_to: to } = payload ?? {};
  if (typeof id !== 'string' || typeof version !== 'string' || typeof from !== 'string') return undefined;
  return { id, version, from, to: typeof to === 'string' ? to : undefined };
}

/** A version has one first and one last day, and no other version of its set begins with it. */
function note(stated: StatedVersion, found: Map<string, StatedVersion>, path: string): void {
  const { id, version, from, to } = stated;
  const key = `${id}\n${version}`;
  const before = found.get(key);
  const refused = (message: string): CliError =>
    new CliError(message, { where: `${path}: value set ${id}, version ${version}`, next: 'correct the file' });
  if (before && (before.from !== from || before.to !== to))
    throw refused('the file gives this version two first or last days');
  if (to !== undefined && to < from) throw refused('the version ends before it begins');
  if (before) return;
  if ([...found.values()].some((other) => other.id === id && other.from === from))
    throw refused('two versions of this value set begin on the same day');
  found.set(key, stated);
}

/** Refuses what would add to a version that is there, or give its day to another one: neither would be noticed. */
export async function refuseClash(at: Zones, stated: readonly StatedVersion[], bytes: Uint8Array): Promise<void> {
  const own = valueSetFile(bytes);
  for (const { key } of await landedKeys(at, VALUE_SET)) {
    if (key.endsWith(`/${own}`)) continue;
    const object = await at.s3.send(new GetObjectCommand({ Bucket: at.landing, Key: key }));
    const others = await statedVersions(await object.Body!.transformToByteArray(), key);
    for (const { id, version, from } of stated)
      for (const other of others.filter((one) => one.id === id)) {
        const takeBack = `take that file back first: carelake withdraw ${key}`;
        if (other.version === version)
          throw new CliError(`version ${version} of value set ${id} is there already, by another file`, {
            where: key,
            next: `name a corrected version otherwise and give the day of its correction; or ${takeBack}`,
          });
        if (other.from === from)
          throw new CliError(`version ${other.version} of value set ${id} begins on ${from} already`, {
            where: key,
            next: `check valid_from; or ${takeBack}`,
          });
      }
  }
}
