import { compareKeys } from './s3-keys';
import type { Listing, ListOptions, ObjectInfo } from './s3-types';

/** The objects of one bucket in the order of their keys. */
export class BucketIndex {
  private readonly objects = new Map<string, ObjectInfo>();
  private keys: string[] = [];
  private sorted = true;

  get size(): number {
    return this.objects.size;
  }

  get(key: string): ObjectInfo | undefined {
    return this.objects.get(key);
  }

  set(info: ObjectInfo): void {
    if (!this.objects.has(info.key)) {
      const last = this.keys.at(-1);
      if (last !== undefined && this.sorted && compareKeys(last, info.key) > 0) {
        // Most keys grow with time; one in the middle is inserted unless a boot is filling the index anyway.
        if (this.keys.length < 1000) this.sorted = false;
        else {
          this.keys.splice(this.firstAfter(info.key, 0), 0, info.key);
          this.objects.set(info.key, info);
          return;
        }
      }
      this.keys.push(info.key);
    }
    this.objects.set(info.key, info);
  }

  delete(key: string): boolean {
    if (!this.objects.delete(key)) return false;
    this.sort();
    const at = this.firstAfter(key, 0) - 1;
    if (this.keys[at] === key) this.keys.splice(at, 1);
    return true;
  }

  /** One page. A continuation is `k` + key or `p` + common prefix, the last that the page before returned. */
  list(options: ListOptions): Listing {
    const { prefix = '', delimiter, maxKeys = 1000, continuation } = options;
    this.sort();
    const objects: ObjectInfo[] = [];
    const commonPrefixes: string[] = [];
    let at = this.firstAt(prefix);
    if (options.startAfter !== undefined) at = Math.max(at, this.firstAfter(options.startAfter, at));
    if (continuation?.startsWith('k')) at = Math.max(at, this.firstAfter(continuation.slice(1), at));
    else if (continuation) at = Math.max(at, this.firstBeyond(continuation.slice(1)));
    let last = '';
    while (at < this.keys.length) {
      const key = this.keys[at] as string;
      if (!key.startsWith(prefix)) break;
      if (objects.length + commonPrefixes.length >= maxKeys)
        return { objects, commonPrefixes, next: maxKeys === 0 ? undefined : last };
      const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
      if (cut >= 0 && delimiter) {
        const common = key.slice(0, cut + delimiter.length);
        commonPrefixes.push(common);
        last = `p${common}`;
        at = this.firstBeyond(common);
      } else {
        objects.push(this.objects.get(key) as ObjectInfo);
        last = `k${key}`;
        at++;
      }
    }
    return { objects, commonPrefixes };
  }

  private sort(): void {
    if (!this.sorted) this.keys.sort(compareKeys);
    this.sorted = true;
  }

  private firstAt(key: string): number {
    return this.search(0, (k) => compareKeys(k, key) >= 0);
  }

  private firstAfter(key: string, from: number): number {
    return this.search(from, (k) => compareKeys(k, key) > 0);
  }

  /** First key after all that begin with a prefix. */
  private firstBeyond(prefix: string): number {
    return this.search(0, (k) => compareKeys(k, prefix) > 0 && !k.startsWith(prefix));
  }

  private search(from: number, reached: (key: string) => boolean): number {
    let low = from;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(this.keys[middle] as string)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
