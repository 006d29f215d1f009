import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openFile } from '../core/files/open';
import type { ByteSource } from '../core/files/source';
import { checkProfile } from '../profiles/check';
import { CliError } from './errors';
import { PROJECT } from './synthesize';

/** A profile that reads its file's header without complaint. */
export interface ChosenProfile {
  name: string;
  /** The file as its author wrote it; it is put into the control bucket, where ingest finds it. */
  text: string;
}

const BUILT_IN = join(PROJECT, 'profiles');

/** Names of the profiles that come with the platform. */
export function builtInProfiles(): string[] {
  return readdirSync(BUILT_IN)
    .filter((name) => name.endsWith('.json'))
    .map((name) => basename(name, '.json'));
}

/**
 * Reads a profile, built-in by name or anybody's by path, and holds it against the file: every complaint is told by
 * line, before anything is booted or stored.
 */
export async function chooseProfile(nameOrPath: string, input: string): Promise<ChosenProfile> {
  const isPath = /[./\\]/.test(nameOrPath);
  const path = isPath ? nameOrPath : join(BUILT_IN, `${nameOrPath}.json`);
  if (!existsSync(path)) {
    throw new CliError(
      isPath ? 'no such profile' : `no built-in profile has this name; there are: ${builtInProfiles().join(', ')}`,
      {
        where: isPath ? path : `--profile ${nameOrPath}`,
        next: 'write one (docs/profiles.md) and give its path: --profile ./mine.json',
      },
    );
  }
  const text = readFileSync(path, 'utf8');
  const verdict = checkProfile(text);
  if (!verdict.ok) throw complaint('the profile is not valid; nothing was loaded', path, verdict.errors);
  const source = fileSource(input);
  try {
    const opened = await openFile(verdict.checked, source);
    if (!opened.ok)
      throw complaint(
        `the file does not fit the profile; nothing was loaded`,
        `${input}, read by ${path}`,
        opened.errors,
        path,
      );
  } finally {
    source.close();
  }
  return { name: verdict.checked.profile.profile, text };
}

function complaint(
  message: string,
  where: string,
  errors: readonly { rule: string; pointer: string; line?: number; message: string }[],
  profile = where,
): CliError {
  return new CliError(message, {
    where,
    rule: [...new Set(errors.map((error) => error.rule))].join(', '),
    lines: errors
      .slice(0, 20)
      .map((error) => `${profile}:${error.line ?? 1} ${error.pointer || '/'} ${error.rule}: ${error.message}`),
    next: 'mend the profile (docs/profiles.md) or the file, and start again',
  });
}

function fileSource(path: string): ByteSource & { close(): void } {
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
