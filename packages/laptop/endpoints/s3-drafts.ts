import { rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { disk, guardedAsync, refuseFull } from '../disk';
import { type Algorithm, hasher } from './checksums';
import type { Draft } from './s3-types';

/** Writes a body to a file that no key names yet, counting and hashing it on the way. */
export async function writeDraft(
  path: string,
  body: AsyncIterable<Uint8Array>,
  algorithms: readonly Algorithm[],
): Promise<Draft> {
  refuseFull(path);
  const md5 = hasher('md5');
  const hashers = algorithms.map((a) => [a, hasher(a)] as const);
  let size = 0;
  let file: FileHandle | undefined;
  try {
    file = await guardedAsync(path, () => open(path, 'wx', 0o600));
    for await (const chunk of body) {
      md5.update(chunk);
      for (const [, one] of hashers) one.update(chunk);
      size += chunk.length;
      disk.aboutTo('write', path);
      const into = file;
      await guardedAsync(path, () => into.appendFile(chunk));
    }
    await disk.sync(path, file.fd);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    await file?.close();
  }
  return {
    path,
    size,
    md5: md5.digest(),
    checksums: Object.fromEntries(hashers.map(([a, one]) => [a, one.digest().toString('base64')])),
  };
}
