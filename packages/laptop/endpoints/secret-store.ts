import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock';
import { readState, type StateKind, writeAtomically } from './files';

export interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly versionId: string;
  readonly secretString: string;
  readonly description?: string;
}

/** Secrets of this data folder, in files of mode 0600. */
export interface SecretStore {
  /** Makes the secret by `generate` unless it exists: a value is made once and never again. */
  ensure(arn: string, name: string, generate: () => string, description?: string): Secret;
  /** By name or arn. */
  get(id: string): Secret | undefined;
  list(): Secret[];
}

const SECRET: StateKind<Secret> = {
  what: 'a secret of this folder',
  mend:
    'restore this file from a copy. Another key secret would give every person another key, so without a copy the folder is lost: ' +
    'carelake wipe, or start another with --data DIR',
  valid: ({ arn, name, secretString }) => [arn, name, secretString].every((text) => typeof text === 'string'),
};

/** Opens the secrets under a folder. */
export function openSecretStore(folder: string, clock: Clock): SecretStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const secrets = new Map<string, Secret>();
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.json'))) {
    const secret = readState<Secret>(join(folder, file), SECRET);
    if (secret) secrets.set(secret.arn, secret);
  }
  return {
    ensure(arn, name, generate, description) {
      const existing = secrets.get(arn);
      if (existing) return existing;
      const secret: Secret = {
        name,
        arn,
        createdAt: clock.now(),
        versionId: randomUUID(),
        secretString: generate(),
        description,
      };
      writeAtomically(
        join(folder, `${createHash('sha256').update(arn).digest('hex').slice(0, 32)}.json`),
        JSON.stringify(secret),
      );
      secrets.set(arn, secret);
      return secret;
    },
    // An arn without its six random characters is accepted too, as the service does.
    get: (id) =>
      secrets.get(id) ?? [...secrets.values()].find((s) => s.name === id || s.arn.replace(/-[^-]{6}$/, '') === id),
    list: () => [...secrets.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
