import { randomInt } from 'node:crypto';
import type { Resource } from '../template/intrinsics';
import { dig } from './catalog';

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** A value as Secrets Manager generates it from `GenerateSecretString`, or the template's own `SecretString`. */
export function secretValue(resource: Resource): string {
  const { SecretString, GenerateSecretString } = resource.properties;
  if (typeof SecretString === 'string') return SecretString;
  const how = (GenerateSecretString ?? {}) as Record<string, unknown>;
  const password = randomPassword(how);
  if (typeof how.SecretStringTemplate !== 'string') return password;
  const template = JSON.parse(how.SecretStringTemplate) as object;
  return JSON.stringify({ ...template, [String(how.GenerateStringKey)]: password });
}

function randomPassword(how: Record<string, unknown>): string {
  const off = (name: string): boolean => how[name] === true || how[name] === 'true';
  const excluded = new Set(String(how.ExcludeCharacters ?? ''));
  const groups = [
    off('ExcludeLowercase') ? '' : UPPER.toLowerCase(),
    off('ExcludeUppercase') ? '' : UPPER,
    off('ExcludeNumbers') ? '' : DIGITS,
    off('ExcludePunctuation') ? '' : PUNCTUATION,
    off('IncludeSpace') ? ' ' : '',
  ]
    .map((group) => [...group].filter((c) => !excluded.has(c)))
    .filter((group) => group.length);
  const all = groups.flat();
  const length = Number(how.PasswordLength ?? 32);
  const pick = (from: string[]): string => from[randomInt(from.length)]!;
  for (;;) {
    const password = Array.from({ length }, () => pick(all));
    // One character of each kind, unless the template says otherwise; drawing again keeps all positions equally likely.
    if (how.RequireEachIncludedType === false || groups.every((group) => group.some((c) => password.includes(c))))
      return password.join('');
  }
}

/** Whether a secret is the one of the durable keys: its template carries the version of the keys. */
export function isKeySecret(resource: Resource): boolean {
  const template = dig(resource.properties, 'GenerateSecretString', 'SecretStringTemplate');
  return typeof template === 'string' && 'key_version' in (JSON.parse(template) as object);
}

/**
 * Value of the key secret from a file that a person gives: the whole JSON value, or the bare secret of the template's key version.
 * @throws Error, without any part of the content, when it is neither.
 */
export function givenKeySecret(resource: Resource, path: string, content: string): string {
  const template = JSON.parse(
    String(dig(resource.properties, 'GenerateSecretString', 'SecretStringTemplate')),
  ) as object;
  const text = content.trim();
  if (text.startsWith('{')) {
    let value: { key_version?: unknown; secret?: unknown } = {};
    try {
      value = JSON.parse(text) as typeof value;
    } catch {
      // Told below; the parser's message would quote the secret.
    }
    if (typeof value.secret === 'string' && Number.isInteger(value.key_version)) return JSON.stringify(value);
  } else if (text.length >= 16) return JSON.stringify({ ...template, secret: text });
  throw new Error(`${path}: a key secret is {"key_version": 1, "secret": "…"}, or at least 16 characters alone`);
}
