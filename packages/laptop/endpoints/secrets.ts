import { EndpointError, unknownOperation } from './errors';
import { type Input, integer, readInput, required, seal, text, unseal } from './json';
import type { Secret, SecretStore } from './secret-store';
import type { EndpointCall, EndpointReply } from './types';

const notFound = (message: string): EndpointError => new EndpointError('ResourceNotFoundException', message);

/** The Secrets Manager endpoint: reading only, since values are made by the platform and never change. */
export function secretsEndpoint(store: SecretStore) {
  return async (call: EndpointCall, name: string): Promise<EndpointReply> => {
    const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
    if (!operation) throw unknownOperation('Secrets Manager', name);
    const output = operation(store, call, await readInput(call));
    return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(output) };
  };
}

function secretOf(store: SecretStore, call: EndpointCall, input: Input, action: string): Secret {
  const id = required(input, 'SecretId');
  const secret = store.get(id);
  call.allow(`secretsmanager:${action}`, secret?.arn ?? id);
  if (!secret) throw notFound("Secrets Manager can't find the specified secret.");
  return secret;
}

function getSecretValue(store: SecretStore, call: EndpointCall, input: Input): Input {
  const secret = secretOf(store, call, input, 'GetSecretValue');
  const version = text(input, 'VersionId');
  const stage = text(input, 'VersionStage');
  if ((version !== undefined && version !== secret.versionId) || (stage !== undefined && stage !== 'AWSCURRENT'))
    throw notFound("Secrets Manager can't find the specified secret value.");
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: secret.versionId,
    SecretString: secret.secretString,
    VersionStages: ['AWSCURRENT'],
    CreatedDate: secret.createdAt / 1000,
  };
}

const entry = (s: Secret): Input => ({
  ARN: s.arn,
  Name: s.name,
  ...(s.description === undefined ? {} : { Description: s.description }),
  CreatedDate: s.createdAt / 1000,
  LastChangedDate: s.createdAt / 1000,
});

function listSecrets(store: SecretStore, call: EndpointCall, input: Input): Input {
  call.allow('secretsmanager:ListSecrets', '*');
  const token = text(input, 'NextToken');
  const from = token === undefined ? 0 : Number(unseal(token, 'InvalidNextTokenException'));
  const limit = integer(input, 'MaxResults', 100, 1, 100);
  const all = store.list();
  const page = all
    .slice(from, from + limit)
    .map((s) => ({ ...entry(s), SecretVersionsToStages: { [s.versionId]: ['AWSCURRENT'] } }));
  return { SecretList: page, ...(from + limit < all.length ? { NextToken: seal(from + limit) } : {}) };
}

export const OPERATIONS: Readonly<Record<string, (store: SecretStore, call: EndpointCall, input: Input) => Input>> = {
  GetSecretValue: getSecretValue,
  DescribeSecret: (store, call, input) => {
    const secret = secretOf(store, call, input, 'DescribeSecret');
    return { ...entry(secret), VersionIdsToStages: { [secret.versionId]: ['AWSCURRENT'] } };
  },
  ListSecrets: listSecrets,
};
