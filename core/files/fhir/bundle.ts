import { isList, isObject, type MemberRange, type Range, scanList, scanObject, skipBlanks, textIn } from './scan';

/** Types of Bundles whose entries are resources of their own. A document or message says something as a whole. */
const TYPES = new Set(['batch', 'transaction', 'searchset', 'collection']);

/** What the entries of a Bundle may refer to. */
export interface Neighbours {
  /** `Type/id` of the entry that has a fullUrl. */
  target(fullUrl: string): string | undefined;
  /** A resource of the Bundle by `Type/id`. */
  resource(reference: string): Record<string, unknown> | undefined;
}

/** A resource by itself has none. */
export const ALONE: Neighbours = { target: () => undefined, resource: () => undefined };

/** `Type/id` of an entry: a resource that is still to get its id is known by the uuid of its fullUrl. */
export function identityOf(
  type: string | undefined,
  id: string | undefined,
  fullUrl: string | undefined,
): string | undefined {
  const known = id ?? /^urn:uuid:([0-9a-fA-F-]{36})$/.exec(fullUrl ?? '')?.[1];
  return type !== undefined && known !== undefined ? `${type}/${known}` : undefined;
}

/** A Bundle in bytes: where its entries lie, and what their full URLs stand for. */
export class Bundle implements Neighbours {
  readonly type: string | undefined;
  readonly timestamp: string | undefined;
  readonly entries: Range[] = [];
  private readonly targets = new Map<string, string>();
  private readonly places = new Map<string, Range>();

  constructor(
    private readonly bytes: Buffer,
    members: readonly MemberRange[],
    end: number,
  ) {
    const own = byName(members);
    this.type = textIn(bytes, own.get('type'));
    this.timestamp = textIn(bytes, own.get('timestamp'));
    const list = own.get('entry');
    if (!isList(bytes, list)) return;
    const { items, broken } = scanList(bytes, list!.start);
    this.entries.push(...items);
    // What cannot be followed any further is one record, so that it is missing nowhere.
    const last = items.at(-1)?.end ?? 0;
    if (broken !== undefined && broken >= last && skipBlanks(bytes, broken) < end)
      this.entries.push({ start: broken, end });
    for (const entry of items) this.note(entry);
  }

  get isRead(): boolean {
    return this.type !== undefined && TYPES.has(this.type);
  }

  target(fullUrl: string): string | undefined {
    return this.targets.get(fullUrl);
  }

  resource(reference: string): Record<string, unknown> | undefined {
    const range = this.places.get(reference);
    if (!range) return undefined;
    try {
      return JSON.parse(this.bytes.toString('utf8', range.start, range.end)) as Record<string, unknown>;
    } catch {
      // The entry is a record of its own, and is rejected there.
      return undefined;
    }
  }

  private note(entry: Range): void {
    if (!isObject(this.bytes, entry)) return;
    const members = byName(scanObject(this.bytes, entry.start).items);
    const resource = members.get('resource');
    if (!resource || !isObject(this.bytes, resource)) return;
    const own = byName(scanObject(this.bytes, resource.start).items);
    const text = (name: string): string | undefined => textIn(this.bytes, own.get(name));
    const fullUrl = textIn(this.bytes, members.get('fullUrl'));
    const identity = identityOf(text('resourceType'), text('id'), fullUrl);
    if (identity === undefined) return;
    if (fullUrl !== undefined) this.targets.set(fullUrl, identity);
    this.places.set(identity, resource);
  }
}

const byName = (members: readonly MemberRange[]): Map<string, Range> => new Map(members.map((m) => [m.name, m]));

/** The Bundle that begins at a byte; undefined for any other resource. */
export function bundleAt(bytes: Buffer, at: number): { bundle: Bundle; isBroken: boolean } | undefined {
  const { items, broken } = scanObject(bytes, at);
  if (textIn(bytes, byName(items).get('resourceType')) !== 'Bundle') return undefined;
  return { bundle: new Bundle(bytes, items, bytes.length), isBroken: broken !== undefined };
}
