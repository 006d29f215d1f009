import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { disk, makeFolder } from '../disk';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** An event as EventBridge carries it. */
export interface BusEvent {
  readonly id: string;
  readonly [key: string]: Json;
}

/** Where a rule's events go. */
export interface RuleTarget {
  readonly id: string;
  readonly arn: string;
  readonly roleArn?: string;
  /** Queue that keeps what could not be delivered. */
  readonly deadLetterArn?: string;
  /** How long and how often an event is delivered again that the target refuses. */
  readonly maxAgeSeconds?: number;
  readonly maxRetries?: number;
  /** Fixed text instead of the event. */
  readonly input?: string;
  readonly inputPath?: string;
  readonly inputTransformer?: { readonly paths: Readonly<Record<string, string>>; readonly template: string };
}

/** One enabled rule of the default bus. */
export interface Rule {
  readonly name: string;
  readonly pattern: JsonObject;
  readonly targets: readonly RuleTarget[];
}

/** An object that came into a bucket. */
export interface CreatedObject {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly reason: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time: number;
  readonly versionId?: string;
}

/** The event S3 sends for a new object. Its id depends on the object alone, so that seeing it twice is noticed. */
export function objectCreated(object: CreatedObject, place: { account: string; region: string }): BusEvent {
  const { bucket, key, size, etag, reason, time, versionId } = object;
  const hash = createHash('sha256')
    .update([bucket, key, etag, time, ...(versionId === undefined ? [] : [versionId])].join('/'))
    .digest('hex');
  const id = hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  return {
    version: '0',
    id,
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: place.account,
    time: new Date(time).toISOString().replace(/\.\d+Z$/, 'Z'),
    region: place.region,
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: {
        key,
        size,
        etag,
        ...(versionId === undefined ? {} : { 'version-id': versionId }),
        sequencer: hash.slice(0, 16).toUpperCase(),
      },
      'request-id': hash.slice(16, 32).toUpperCase(),
      requester: place.account,
      'source-ip-address': '127.0.0.1',
      reason,
    },
  };
}

const isObject = (v: Json | undefined): v is JsonObject => typeof v === 'object' && v !== null && !Array.isArray(v);
const text = (v: Json | undefined): string | undefined => (typeof v === 'string' ? v : undefined);

/** Content filters of patterns. A value that is absent only matches `exists: false`. */
const FILTERS: Record<string, (value: Json | undefined, operand: Json) => boolean> = {
  prefix: (v, p) => text(v)?.startsWith(String(p)) ?? false,
  suffix: (v, p) => text(v)?.endsWith(String(p)) ?? false,
  exists: (v, wanted) => (v !== undefined) === wanted,
  'equals-ignore-case': (v, p) => text(v)?.toLowerCase() === String(p).toLowerCase(),
  'anything-but': (v, p) =>
    v !== undefined &&
    (isObject(p) ? !(text(v)?.startsWith(String(p.prefix)) ?? false) : ![p].flat().includes(v as never)),
};

/** Checks a pattern. @throws Error naming the rule and what it uses that the laptop does not match. */
export function checkPattern(rule: string, pattern: Json): void {
  if (!isObject(pattern)) throw new Error(`rule ${rule}: a pattern is an object`);
  for (const [key, value] of Object.entries(pattern)) {
    if (key.startsWith('$')) throw new Error(`rule ${rule}: the laptop does not match ${key}`);
    if (!Array.isArray(value)) {
      checkPattern(rule, value);
      continue;
    }
    for (const filter of value.filter(isObject)) {
      const name = Object.keys(filter)[0]!;
      const odd = name === 'anything-but' && isObject(filter[name]) && !('prefix' in filter[name]);
      if (!FILTERS[name] || odd)
        throw new Error(`rule ${rule}: the laptop does not match by ${JSON.stringify(filter)}`);
    }
  }
}

/** Whether an event matches a pattern: every key of the pattern must find one of its values. */
export function matches(pattern: JsonObject, event: Json | undefined): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    const value = isObject(event) ? event[key] : undefined;
    if (!Array.isArray(wanted)) return matches(wanted as JsonObject, value);
    const values = Array.isArray(value) ? value : [value];
    return wanted.some((w) =>
      values.some((v) => (isObject(w) ? Object.entries(w).every(([f, operand]) => FILTERS[f]!(v, operand)) : v === w)),
    );
  });
}

const at = (event: Json, path: string): Json | undefined =>
  path
    .replace(/^\$\.?/, '')
    .split('.')
    .filter(Boolean)
    .reduce<Json | undefined>((v, step) => (isObject(v) ? v[step] : undefined), event);

/**
 * What a target receives, as JSON.
 * @throws Error when a transformer's template is no JSON after its places are filled.
 */
export function targetInput(event: BusEvent, target: RuleTarget): Json {
  if (target.input !== undefined) return JSON.parse(target.input) as Json;
  if (target.inputPath !== undefined) return at(event as JsonObject, target.inputPath) ?? null;
  if (!target.inputTransformer) return event as JsonObject;
  const { paths, template } = target.inputTransformer;
  let quoted = false;
  const filled = template.replace(/\\.|"|<([\w.-]+)>/g, (all, name: string | undefined) => {
    if (all === '"') quoted = !quoted;
    if (name === undefined) return all;
    const path = paths[name];
    if (path === undefined) throw new Error(`target ${target.id}: <${name}> is not among the input paths`);
    const value = at(event as JsonObject, path) ?? null;
    // Inside a text a value stands bare; elsewhere it is JSON.
    return quoted
      ? typeof value === 'string'
        ? JSON.stringify(value).slice(1, -1)
        : JSON.stringify(value)
      : JSON.stringify(value);
  });
  return JSON.parse(filled) as Json;
}

/** Remembers which events a rule has delivered, so that a crash between an object and its event loses nothing. */
export class Deliveries {
  private readonly path: string;
  private readonly seen: Set<string>;

  constructor(dir: string, rule: string) {
    makeFolder(dir);
    this.path = join(dir, `${rule}.log`);
    this.seen = new Set(readLines(this.path));
  }

  has(eventId: string): boolean {
    return this.seen.has(eventId);
  }

  /** Must be called after what the event starts is itself durable. */
  add(eventId: string): void {
    this.seen.add(eventId);
    disk.append(this.path, `${eventId}\n`);
  }
}

/** Whole lines of a file; a last line that a kill cut short is left out by its length. */
function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.length === 36);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
