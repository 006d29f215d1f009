import { parseSilverKey, receiptPrefix, receiptSubject, versionPath } from '../../core/lake/names';
import type { ControlState } from '../../core/load/control-state';
import { isFull, withoutReceipt, type Caps, type Listed } from '../../core/load/select';
import type { Seen } from '../../core/load/settled';
import { inParallel, pages } from '../shared/s3';
import { publishedVersions, type Lake } from './silver';

/** Listings under way at the same time. */
const LISTINGS = 16;
const HOUR = /^\d{4}-\d{2}-\d{2}T\d{2}$/;

/** Where to look. */
export interface Window {
  /** First arrival hour of a prefix `<entity>/v<k>`, `YYYY-MM-DDTHH`; undefined: the first there is. */
  from(prefix: string): string | undefined;
  /** Whether the time for looking has run out. */
  isOver(): boolean;
}

/** Objects without a receipt, and what was looked at. */
export interface Found {
  readonly pending: Listed[];
  /** Keys of objects that no load can take. */
  readonly unreadable: string[];
  /** The hour at which the time ran out, if it did. */
  readonly stoppedAt?: string;
  /** By prefix `<entity>/v<k>`. */
  readonly seen: Readonly<Record<string, Seen>>;
}

/** Objects of one entity version beside their receipts, in the order of their names and so of their hours, a thousand at a time. */
class Reader {
  /** Everything of earlier hours has been read. */
  hour: string;
  done = false;
  private found?: string;
  private readonly silver: AsyncGenerator<{ objects: { key: string; bytes: number }[]; last: boolean }>;
  private readonly ledger: AsyncGenerator<{ objects: { key: string }[] }>;
  private receipts = new Set<string>();
  private receiptsTo = '';

  constructor(
    lake: Lake,
    readonly prefix: string,
    private readonly from: string | undefined,
  ) {
    const hours = `${prefix}/arrival=`;
    const of = (bucket: string, path: string) =>
      // Greater than every key of the hours before, smaller than every key of the first hour.
      pages(lake.s3, bucket, { prefix: path, startAfter: from === undefined ? undefined : `${path}${from}` });
    this.silver = of(lake.silverBucket, hours);
    this.ledger = of(lake.controlBucket, receiptPrefix(hours));
    this.hour = from ?? '';
  }

  get seen(): Seen {
    return { from: this.from, found: this.found, to: this.done ? undefined : this.hour };
  }

  /** Reads one page on. */
  async next(): Promise<ReturnType<typeof withoutReceipt>> {
    const page = await this.silver.next();
    this.done = page.done === true || page.value.last;
    const objects = page.done ? [] : page.value.objects;
    const last = objects.at(-1)?.key;
    if (last === undefined) return { pending: [], unreadable: [] };
    await this.readReceipts(last);
    const open = withoutReceipt(
      objects.map((o) => ({ object: o.key, bytes: o.bytes })),
      this.receipts,
    );
    for (const key of [...open.pending.map((p) => p.object), ...open.unreadable]) {
      const hour = this.hourOf(key);
      if (HOUR.test(hour) && (this.found === undefined || hour < this.found)) this.found = hour;
    }
    this.receipts = new Set([...this.receipts].filter((subject) => subject > last));
    const hour = this.hourOf(last);
    // A name that is no hour may stand anywhere; it tells nothing of what was read.
    if (HOUR.test(hour) && hour > this.hour) this.hour = hour;
    return open;
  }

  /** Reads receipts on until they reach a silver key. */
  private async readReceipts(key: string): Promise<void> {
    while (this.receiptsTo <= key) {
      const page = await this.ledger.next();
      if (page.done) {
        this.receiptsTo = '\uffff';
        return;
      }
      for (const { key: receipt } of page.value.objects) {
        this.receiptsTo = receiptSubject(receipt) ?? this.receiptsTo;
        this.receipts.add(this.receiptsTo);
      }
    }
  }

  private hourOf(key: string): string {
    const start = this.prefix.length + '/arrival='.length;
    return key.slice(start, key.indexOf('/', start));
  }
}

/**
 * Pending objects, oldest hours first, until a load is full. Silver and receipts are listed side by side, so that a selection takes about
 * two calls per thousand objects of its window, and at least two per entity version.
 */
export async function pendingObjects(lake: Lake, state: ControlState, caps: Caps, window: Window): Promise<Found> {
  const readers = publishedVersions().map(({ entity, version }) => {
    const prefix = versionPath(entity, version);
    return new Reader(lake, prefix, window.from(prefix));
  });
  const begin = readers.map((r) => r.hour).sort()[0];
  const pending: Listed[] = [];
  const unreadable: string[] = [];
  const answer = (stoppedAt?: string): Found => ({
    pending,
    unreadable,
    seen: Object.fromEntries(readers.map((r) => [r.prefix, r.seen])),
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
  });
  for (;;) {
    const open = readers.filter((r) => !r.done);
    if (open.length === 0) return answer();
    const hour = open.map((r) => r.hour).sort()[0];
    // At least one hour is looked through, or a slow store would stop every attempt at the same place.
    if (hour > begin && window.isOver()) return answer(hour);
    // Full of what is older than all that was not read yet: that is younger, and left for the next load.
    const known = pending.filter((p) => parseSilverKey(p.object)!.arrivalHour < hour);
    if (isFull(known, state, caps)) return answer();
    const found = await inParallel(
      open.filter((r) => r.hour === hour),
      LISTINGS,
      (r) => r.next(),
    );
    pending.push(...found.flatMap((f) => f.pending));
    unreadable.push(...found.flatMap((f) => f.unreadable));
  }
}
