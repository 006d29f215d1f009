import { hash } from 'node:crypto';
import { ENTITIES, ENTITY_NAMES, UNKNOWN_KEY, type EntityName } from '../../contracts';

const FINGERPRINT_TEXT = 'carelake-key-fingerprint-v1';
const BLOCK = 64;
const UNIT = '\u001f';
/** Entities with few members that very many records name: their keys are worth remembering. */
const REMEMBERED: ReadonlySet<EntityName> = new Set(ENTITY_NAMES.filter((e) => ENTITIES[e].members === 'few'));
const MEMORY = 10_000;
/** A shorter secret could be found by trying, and with it every patient's key. */
const MIN_SECRET_BYTES = 16;

/**
 * HMAC-SHA-256 (RFC 2104) by two one-shot digests over buffers that already hold the padded key. Node's Hmac object
 * costs three times as much for messages of one block, and ingest makes several per record.
 */
class Hmac {
  private readonly inner: Buffer;
  private readonly outer = Buffer.alloc(BLOCK + 32);
  private static readonly ROOM = 4096;

  constructor(secret: Uint8Array) {
    const key = Buffer.alloc(BLOCK);
    key.set(secret.length > BLOCK ? (hash('sha256', secret, 'buffer') as Buffer) : secret);
    this.inner = Buffer.alloc(BLOCK + Hmac.ROOM);
    for (let i = 0; i < BLOCK; i++) {
      this.inner[i] = key[i] ^ 0x36;
      this.outer[i] = key[i] ^ 0x5c;
    }
  }

  /** 64 lower hex digits over the UTF-8 bytes of a message of at most 1,365 characters. */
  hex(message: string): string {
    if (message.length * 3 > Hmac.ROOM) throw new RangeError('message of a key is too long');
    const length = this.inner.write(message, BLOCK, 'utf8');
    this.outer.write(hash('sha256', this.inner.subarray(0, BLOCK + length), 'binary'), BLOCK, 'latin1');
    return hash('sha256', this.outer, 'hex');
  }
}

/** Makes the durable keys of all entities from one secret. */
export class Keyring {
  private readonly remembered = new Map<string, string>();

  private constructor(
    private readonly hmac: Hmac,
    readonly keyVersion: number,
    /** Tells one secret from another without giving it away: first 16 hex digits of the HMAC of a constant. */
    readonly fingerprint: string,
  ) {}

  /**
   * @param json the secret as it is stored: `{"key_version":1,"secret":"..."}`
   * @throws Error that names what is wrong with it and never shows it
   */
  static fromSecret(json: string): Keyring {
    let parsed: { key_version?: unknown; secret?: unknown } | null;
    try {
      parsed = JSON.parse(json) as typeof parsed;
    } catch {
      // JSON.parse quotes what it could not read, which here is the secret.
      throw new Error('key secret: not JSON');
    }
    const version = parsed?.key_version;
    const secret = parsed?.secret;
    if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
      throw new Error('key secret: key_version is not a positive integer');
    if (typeof secret !== 'string' || Buffer.byteLength(secret) < MIN_SECRET_BYTES)
      throw new Error(`key secret: secret is shorter than ${MIN_SECRET_BYTES} bytes`);
    const hmac = new Hmac(Buffer.from(secret, 'utf8'));
    return new Keyring(hmac, version, hmac.hex(FINGERPRINT_TEXT).slice(0, 16));
  }

  /**
   * Durable key of an entity: 32 lower hex digits (128 bits).
   * @param authority who assigned the id: the source of the record, unless it names somebody else; left out of the key where the natural key
   * holds everywhere (a code)
   * @param parts natural key in contract order
   */
  key(entity: EntityName, authority: string, parts: readonly string[]): string {
    return this.keyWithin(entity, ENTITIES[entity].keyScope === 'global' ? '' : authority, parts);
  }

  /** Durable key of an entity by a member that names it everywhere, whatever the source. */
  everywhere(entity: EntityName, part: string): string {
    return this.keyWithin(entity, '', [part]);
  }

  /** Key of an identifier that a member of an entity holds within a source, or among the ids of another authority: never equal to the durable key of a member. */
  identifier(entity: EntityName, authority: string, system: string, value: string): string {
    return this.keyWithin(entity, authority + UNIT + system, [value]);
  }

  private keyWithin(entity: EntityName, scope: string, parts: readonly string[]): string {
    const message = entity + UNIT + scope + UNIT + (parts.length === 1 ? parts[0] : parts.join(UNIT));
    if (!REMEMBERED.has(entity)) return this.hmac.hex(message).slice(0, 32);
    let key = this.remembered.get(message);
    if (key === undefined) {
      // Starting over is simpler than evicting one by one and costs as little at these sizes.
      if (this.remembered.size >= MEMORY) this.remembered.clear();
      key = this.hmac.hex(message).slice(0, 32);
      this.remembered.set(message, key);
    }
    return key;
  }

  /** Key of a named member of another entity, or of the unknown member where none is named. */
  reference(entity: EntityName, authority: string, part: string | null): string {
    return part === null ? UNKNOWN_KEY : this.key(entity, authority, [part]);
  }
}
