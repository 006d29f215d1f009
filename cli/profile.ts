import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { openFile } from '../core/files/open';
import type { ByteSource } from '../core/files/source';
import { BUILT_IN_PROFILES, builtInProfile, type CheckedProfile, checkOwnProfile } from '../profiles';
import { CliError } from './errors';
import { isFile } from './paths';

/** A profile that reads its file's header without complaint. */
export interface ChosenProfile {
  name: string;
  /** The file as its author wrote it, to be put where ingest finds it; undefined for a profile that ingest has built in. */
  text?: string;
  /** What names its readings. */
  digest: string;
}

/**
 * Reads a profile, built-in by name or anybody's by path, and holds it against the file: every complaint is told by
 * line, before anything is booted or stored.
 */
export async function chooseProfile(nameOrPath: string, input: string): Promise<ChosenProfile> {
  const { checked, text, path } = readProfile(nameOrPath);
  const source = fileSource(input);
  try {
    const opened = await openFile(checked, source);
    if (!opened.ok)
      throw complaint(
        `the file does not match the profile; nothing was loaded`,
        `${input}, read by ${path}`,
        opened.errors,
        path,
      );
  } finally {
    source.close();
  }
  return { name: checked.profile.profile, text, digest: checked.digest };
}

function readProfile(nameOrPath: string): { checked: CheckedProfile; text?: string; path: string } {
  const builtIn = builtInProfile(nameOrPath);
  if (builtIn) return { checked: builtIn, path: `profiles/${nameOrPath}.json` };
  const isPath = /[./\\]/.test(nameOrPath);
  if (!isPath || !isFile(nameOrPath)) {
    throw new CliError(
      isPath ? 'no such profile' : `no built-in profile has this name; there are: ${BUILT_IN_PROFILES.join(', ')}`,
      {
        where: isPath ? nameOrPath : `--profile ${nameOrPath}`,
        next: 'write one (docs/profiles.md) and give its path: --profile ./mine.json',
      },
    );
  }
  const text = readFileSync(nameOrPath, 'utf8');
  const verdict = checkOwnProfile(text);
  if (!verdict.ok) throw complaint('the profile is not valid; nothing was loaded', nameOrPath, verdict.errors);
  return { checked: verdict.checked, text, path: nameOrPath };
}

/** What is wrong with a profile, or between one and a file, by file and line. */
export function complaint(
  message: string,
  where: string,
  errors: readonly { rule: string; pointer: string; line?: number; message: string; file?: string }[],
  profile = where,
): CliError {
  return new CliError(message, {
    where,
    rule: [...new Set(errors.map((error) => error.rule))].join(', '),
    lines: errors
      .slice(0, 20)
      .map(
        (error) =>
          `${error.file ?? profile}:${error.line ?? 1} ${error.pointer || '/'} ${error.rule}: ${error.message}`,
      ),
    next: 'correct the profile (docs/profiles.md) or the file, and start again',
  });
}

export function fileSource(path: string): ByteSource & { close(): void } {
  const file = openSync(path, 'r');
  return {
    size: fstatSync(file).size,
    async read(offset, length) {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    },
    close: () => closeSync(file),
  };
}
