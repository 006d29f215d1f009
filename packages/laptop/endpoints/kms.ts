import { join } from 'node:path';
import type { Clock } from '../clock';
import { writeWhole } from '../engines/checkpoints';
import { EndpointError, unknownOperation } from './errors';
import { readState } from './files';
import { type Input, integer, readInput, required } from './json';
import type { EndpointCall, EndpointReply, KeyStore } from './types';

/** Opens the states of keys under a folder. */
export function openKeyStore(folder: string): KeyStore {
  const file = join(folder, 'deletions.json');
  const deletions =
    readState<Record<string, number>>(file, {
      what: 'the keys scheduled for deletion',
      mend: 'remove this file and start again: every key then counts as in use',
    }) ?? {};
  const known = new Set<string>();
  const check = (arn: string): void => {
    if (!known.has(arn)) throw new EndpointError('NotFoundException', `Key '${arn}' does not exist`);
  };
  return {
    ensure: (arn) => void known.add(arn),
    deletion(arn) {
      check(arn);
      return deletions[arn];
    },
    schedule(arn, at) {
      check(arn);
      if (at === undefined) delete deletions[arn];
      else deletions[arn] = at;
      writeWhole(file, JSON.stringify(deletions));
    },
  };
}

/** The KMS endpoint: how keys stand, and their deletion. */
export function kmsEndpoint(store: KeyStore, clock: Clock) {
  return async (call: EndpointCall, name: string): Promise<EndpointReply> => {
    const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
    if (!operation) throw unknownOperation('KMS', name);
    const input = await readInput(call);
    const arn = required(input, 'KeyId');
    call.allow(`kms:${name}`, arn);
    const output = operation({ store, clock, arn, input });
    return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(output) };
  };
}

interface Context {
  readonly store: KeyStore;
  readonly clock: Clock;
  readonly arn: string;
  readonly input: Input;
}

export const OPERATIONS: Readonly<Record<string, (c: Context) => Input>> = {
  DescribeKey({ store, arn }) {
    const at = store.deletion(arn);
    return {
      KeyMetadata: {
        Arn: arn,
        KeyId: arn.split('/').at(-1),
        Enabled: at === undefined,
        KeyState: at === undefined ? 'Enabled' : 'PendingDeletion',
        ...(at === undefined ? {} : { DeletionDate: at / 1000 }),
      },
    };
  },
  ScheduleKeyDeletion({ store, clock, arn, input }) {
    const days = integer(input, 'PendingWindowInDays', 30, 7, 30);
    const at = clock.now() + days * 86_400_000;
    store.schedule(arn, at);
    return { KeyId: arn, DeletionDate: at / 1000, KeyState: 'PendingDeletion', PendingWindowInDays: days };
  },
  CancelKeyDeletion({ store, arn }) {
    store.schedule(arn, undefined);
    return { KeyId: arn };
  },
};
