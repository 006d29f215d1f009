import { randomUUID } from 'node:crypto';
import { createReadStream, openSync, renameSync, rmSync, writeFileSync, type ReadStream } from 'node:fs';

/** Replaces a small file in one step: a process killed in between leaves the old content or the new, never half of it. */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${randomUUID()}.draft`;
  try {
    writeFileSync(draft, content, { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/**
 * Opens a file before anything else can happen and streams it. A stream that opens by path opens later: a writer in
 * between would send the new bytes under the old one's checksum and length.
 */
export function streamOf(path: string, range?: { start: number; end: number }): ReadStream {
  return createReadStream(path, { fd: openSync(path, 'r'), start: 0, ...range });
}
