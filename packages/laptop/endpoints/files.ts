import { createReadStream, openSync, readFileSync, type ReadStream } from 'node:fs';
import { disk } from '../disk';

/** Replaces a small file in one step: a process killed in between leaves the old content or the new, never half of it. */
export const writeAtomically = (path: string, content: string | Uint8Array): void => disk.replace(path, content);

/** A file of the platform's own state that cannot be read as what it is: which, and how to go on. Its content is never quoted. */
export class DamagedState extends Error {
  constructor(
    readonly path: string,
    readonly what: string,
    readonly mend: string,
  ) {
    super(`${path} is damaged: it should hold ${what}, but cannot be read. To continue: ${mend}`);
    this.name = 'DamagedState';
  }
}

/** What a file of state holds, and what to do when it is damaged. */
export interface StateKind<T> {
  readonly what: string;
  readonly mend: string;
  /** Whether a JSON object has the members that its reader needs. */
  readonly valid?: (state: Partial<T>) => boolean;
}

/**
 * Reads a JSON object of the platform's own state: the one way to do so, since the parser's own message names no file and quotes secrets.
 * @returns undefined where the file is absent
 * @throws DamagedState for a file that is empty, torn or something else
 */
export function readState<T extends object>(path: string, { what, mend, valid }: StateKind<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const state = objectOf<T>(text);
  if (state === undefined || valid?.(state) === false) throw new DamagedState(path, what, mend);
  return state;
}

/** The same of state that can be had again: a damaged file counts as an absent one. */
export function readOrNone<T extends object>(path: string, valid?: (state: Partial<T>) => boolean): T | undefined {
  try {
    return readState<T>(path, { what: '', mend: '', valid });
  } catch (error) {
    if (error instanceof DamagedState) return undefined;
    throw error;
  }
}

/** A JSON object, or undefined for any other text. */
export function objectOf<T extends object>(text: string): T | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed !== null && typeof parsed === 'object' ? (parsed as T) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Opens a file before anything else can happen and streams it. A stream that opens by path opens later: a writer in
 * between would send the new bytes under the old one's checksum and length.
 */
export function streamOf(path: string, range?: { start: number; end: number }): ReadStream {
  return createReadStream(path, { fd: openSync(path, 'r'), start: 0, ...range });
}
