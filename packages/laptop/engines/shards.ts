import type { KinesisStore } from '../endpoints/kinesis-store';
import type { Shard } from './event-source-mapping';

/** The shards of a stream, as mappings read them. */
export function shardsOf(kinesis: KinesisStore, stream: string): Shard[] {
  const listeners = new Map<string, Set<() => void>>();
  kinesis.onAppend((name, shardId) => {
    if (name === stream) for (const tell of listeners.get(shardId) ?? []) tell();
  });
  return kinesis.describe(stream)!.shards.map(({ shardId }) => {
    const waiting = new Set<() => void>();
    listeners.set(shardId, waiting);
    return {
      id: shardId,
      read: (from, limit) => kinesis.read(stream, shardId, from, limit),
      end: () => kinesis.end(stream, shardId),
      listen: () => {
        let tell!: () => void;
        const arrived = new Promise<void>((resolve) => (tell = resolve));
        waiting.add(tell);
        return { arrived, close: () => void waiting.delete(tell) };
      },
    };
  });
}
