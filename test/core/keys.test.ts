import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { Keyring } from '../../core/records/keys';
import { isNpi, suggestNpi } from '../../core/records/npi';

const secret = (text: string, key_version: unknown = 1) => JSON.stringify({ key_version, secret: text });
const reference = (key: string, message: string) => createHmac('sha256', key).update(message).digest('hex');

describe('durable keys', () => {
  it('are HMAC-SHA-256 as the platform library makes it, for secrets and keys of any length', () => {
    const secretText = fc.string({ unit: 'grapheme', minLength: 16, maxLength: 120 });
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(secretText, part, (key, id) => {
        const keyring = Keyring.fromSecret(secret(key));
        expect(keyring.key('patient', 'ehr', [id])).toBe(reference(key, `patient\x1fehr\x1f${id}`).slice(0, 32));
        expect(keyring.key('clinic', 'ehr', [id])).toBe(reference(key, `clinic\x1fehr\x1f${id}`).slice(0, 32));
        expect(keyring.key('clinic', 'ehr', [id])).toBe(reference(key, `clinic\x1fehr\x1f${id}`).slice(0, 32));
        expect(keyring.fingerprint).toBe(reference(key, 'carelake-key-fingerprint-v1').slice(0, 16));
      }),
    );
  });

  it('keep source systems apart, except where a member names an entity everywhere', () => {
    const k = Keyring.fromSecret(secret('sixteen bytes ok'));
    expect(k.key('patient', 'a', ['1'])).not.toBe(k.key('patient', 'b', ['1']));
    expect(k.key('patient', 'a', ['1'])).not.toBe(k.key('appointment', 'a', ['1']));
    expect(k.key('provider', 'a', ['1'])).not.toBe(k.key('provider', 'b', ['1']));
    expect(k.everywhere('provider', '1234567893')).toBe(
      reference('sixteen bytes ok', 'provider\x1f\x1f1234567893').slice(0, 32),
    );
  });

  it('of an identifier are apart by source and system, and never the key of a member', () => {
    const k = Keyring.fromSecret(secret('sixteen bytes ok'));
    expect(k.identifier('patient', 'a', 'urn:oid:1', '7')).toBe(
      reference('sixteen bytes ok', 'patient\x1fa\x1furn:oid:1\x1f7').slice(0, 32),
    );
    const others = [
      k.identifier('patient', 'b', 'urn:oid:1', '7'),
      k.identifier('patient', 'a', 'urn:oid:2', '7'),
      k.identifier('provider', 'a', 'urn:oid:1', '7'),
      k.key('patient', 'a', ['7']),
      k.everywhere('patient', '7'),
    ];
    expect(others).not.toContain(k.identifier('patient', 'a', 'urn:oid:1', '7'));
    expect(new Set(others).size).toBe(others.length);
  });

  it('are the same after more members than are remembered', () => {
    const k = Keyring.fromSecret(secret('sixteen bytes ok'));
    const first = k.key('clinic', 'a', ['0']);
    for (let i = 0; i < 25_000; i++) k.key('clinic', 'a', [String(i)]);
    expect(k.key('clinic', 'a', ['0'])).toBe(first);
  });

  it('of no named member are the unknown member', () => {
    const k = Keyring.fromSecret(secret('sixteen bytes ok'));
    expect(k.reference('provider', 'a', null)).toBe('0'.repeat(32));
  });

  it.each([
    ['no JSON', 'sesame opens it', 'key secret: not JSON'],
    ['a short secret', secret('sesame'), 'key secret: secret is shorter than 16 bytes'],
    [
      'no version',
      JSON.stringify({ secret: 'sesame sesame sesame' }),
      'key secret: key_version is not a positive integer',
    ],
    ['null', 'null', 'key secret: key_version is not a positive integer'],
  ])('refuses %s and does not show the secret', (_name, json, message) => {
    let told = '';
    try {
      Keyring.fromSecret(json);
    } catch (error) {
      told = String((error as Error).stack);
    }
    expect(told).toContain(message);
    expect(told).not.toContain('sesame');
  });
});

describe('NPI', () => {
  it.each(['1234567893', '1993999998', '1992787402', '1396728754'])('%s is valid', (npi) =>
    expect(isNpi(npi)).toBe(true),
  );
  it.each(['1234567890', '139672875', '0000000000', '2000000006', '', '12345678931', '3234567893', '123456789x'])(
    '%p is not',
    (npi) => expect(isNpi(npi)).toBe(false),
  );

  it('suggests the known neighbour at edit distance one', () => {
    const known = new Set(['1396728754', '1234567893', '1993999998']);
    expect(suggestNpi('139672875', known)).toEqual(['1396728754']);
    expect(suggestNpi('1234567890', known)).toEqual(['1234567893']);
    expect(suggestNpi('12345678993', known)).toEqual(['1234567893']);
    expect(suggestNpi('1987654321', known)).toEqual([]);
  });

  it('suggests only valid ones where nobody is known', () => {
    const found = suggestNpi('139672875');
    expect(found).toContain('1396728754');
    expect(found.every(isNpi)).toBe(true);
    expect(suggestNpi('12')).toEqual([]);
  });
});
