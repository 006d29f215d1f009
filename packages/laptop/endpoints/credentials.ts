import { createHash, createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readState, writeAtomically } from './files';
import type { Caller, Callers, Credentials, KnownCaller } from './types';

/** Credentials of the laptop's user: they may do everything, so they lie in the folder and nowhere else. */
export type UserCredentials = Pick<Credentials, 'accessKeyId' | 'secretAccessKey'>;

const pathIn = (dataDir: string): string => join(dataDir, 'credentials.json');

/** The credentials of a folder, or undefined where none was ever started. @throws DamagedState */
export function readCredentials(dataDir: string): UserCredentials | undefined {
  return readState<UserCredentials>(pathIn(dataDir), {
    what: 'the credentials of this folder',
    mend: 'remove this file; the next start makes new credentials, and `carelake env` prints them',
    valid: ({ accessKeyId, secretAccessKey }) => typeof accessKeyId === 'string' && typeof secretAccessKey === 'string',
  });
}

/** The credentials of a folder; made at random, readable by their owner alone, when it has none. @throws DamagedState */
export function openCredentials(dataDir: string): UserCredentials {
  const kept = readCredentials(dataDir);
  if (kept) return kept;
  const made = {
    accessKeyId: `LKUA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
  };
  writeAtomically(pathIn(dataDir), JSON.stringify(made));
  return made;
}

/**
 * The callers of one laptop: the user, and the roles of the template, whose credentials are derived from the user's. They stay the same
 * over restarts, and nobody can work them out who cannot read the folder.
 */
export function createCallers(account: string, user: UserCredentials): Callers {
  const roles = new Map<string, { caller: Caller; credentials: Credentials }>();
  const derive = (purpose: string, roleArn: string): string =>
    createHmac('sha256', user.secretAccessKey).update(`${purpose}\n${roleArn}`).digest('base64url');
  const self: KnownCaller = {
    caller: { kind: 'user', arn: `arn:aws:iam::${account}:user/carelake`, accessKeyId: user.accessKeyId },
    secretAccessKey: user.secretAccessKey,
  };
  return {
    user,
    registerRole(roleArn): Credentials {
      const digest = createHash('sha256').update(roleArn).digest('hex');
      const credentials = {
        accessKeyId: `LKIA${digest.slice(0, 16).toUpperCase()}`,
        secretAccessKey: derive('secret access key', roleArn).slice(0, 40),
        sessionToken: derive('session token', roleArn),
      };
      const caller: Caller = { kind: 'role', arn: roleArn, accessKeyId: credentials.accessKeyId };
      roles.set(credentials.accessKeyId, { caller, credentials });
      return credentials;
    },
    find(accessKeyId): KnownCaller | undefined {
      if (accessKeyId === user.accessKeyId) return self;
      const role = roles.get(accessKeyId);
      return role && { caller: role.caller, ...role.credentials };
    },
  };
}
