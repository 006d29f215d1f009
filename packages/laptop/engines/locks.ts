/** Exclusive locks by table name, granted in the order they are asked for, held until a transaction ends. */
export class TableLocks {
  private readonly queues = new Map<string, { owner: object; grant: () => void }[]>();

  /** Waits for the lock. Asking again for one that is held returns at once. */
  acquire(name: string, owner: object, signal?: AbortSignal): Promise<void> {
    const queue = this.queues.get(name) ?? [];
    this.queues.set(name, queue);
    if (queue[0]?.owner === owner) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const place = { owner, grant: resolve };
      queue.push(place);
      if (queue[0] === place) return resolve();
      signal?.addEventListener(
        'abort',
        () => {
          const at = queue.indexOf(place);
          if (at > 0) queue.splice(at, 1);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  /** Gives back everything an owner holds or waits for. */
  release(owner: object): void {
    for (const [name, queue] of this.queues) {
      const held = queue[0]?.owner === owner;
      const rest = queue.filter((p) => p.owner !== owner);
      queue.splice(0, queue.length, ...rest);
      if (rest.length === 0) this.queues.delete(name);
      else if (held) rest[0]?.grant();
    }
  }
}
