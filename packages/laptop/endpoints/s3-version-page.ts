import type { BucketIndex } from './s3-index';
import { compareKeys } from './s3-keys';
import { type KeptVersions, versionIdOf } from './s3-kept-versions';
import type { VersionListing, VersionListOptions } from './s3-types';

type Listed = VersionListing['versions'][number];

/** One page of the versions of a bucket: keys in their order, of each key the newest first. */
export function pageOfVersions(
  index: BucketIndex,
  kept: KeptVersions | undefined,
  { prefix = '', maxKeys = 1000, after }: VersionListOptions,
): VersionListing {
  const versions: Listed[] = [];
  for (const listed of versionsAfter(index, kept, prefix, maxKeys, after)) {
    const last = versions.at(-1);
    if (versions.length >= maxKeys) return { versions, next: last && { key: last.key, versionId: versionIdOf(last) } };
    versions.push(listed);
  }
  return { versions };
}

function* versionsAfter(
  index: BucketIndex,
  kept: KeptVersions | undefined,
  prefix: string,
  maxKeys: number,
  after: VersionListOptions['after'],
): Generator<Listed> {
  if (after?.versionId !== undefined && after.key.startsWith(prefix)) {
    const all = versionsOf(index, kept, after.key);
    yield* all.slice(all.findIndex((v) => versionIdOf(v) === after.versionId) + 1);
  }
  const start = after?.key ?? '';
  const removed = (kept?.keys() ?? [])
    .filter((key) => key.startsWith(prefix) && !index.get(key) && (!after || compareKeys(key, start) > 0))
    .sort(compareKeys);
  for (let continuation: string | undefined, more = true; more;) {
    const page = index.list({ prefix, maxKeys: maxKeys + 1, startAfter: after?.key, continuation });
    for (const { key } of page.objects) {
      while (removed[0] !== undefined && compareKeys(removed[0], key) < 0)
        yield* versionsOf(index, kept, removed.shift()!);
      yield* versionsOf(index, kept, key);
    }
    continuation = page.next;
    more = continuation !== undefined;
  }
  for (const key of removed) yield* versionsOf(index, kept, key);
}

function versionsOf(index: BucketIndex, kept: KeptVersions | undefined, key: string): Listed[] {
  const current = index.get(key);
  const older = [...(kept?.of(key) ?? [])].reverse();
  return [...(current ? [current] : []), ...older].map((info, i) => ({ ...info, isLatest: i === 0 }));
}
