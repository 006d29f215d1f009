import { join } from 'node:path';
import { disk } from '../disk';
import { RealClock, type Clock } from '../clock';
import { readOrNone } from '../endpoints/files';

/** How often a folder's time is noted, in milliseconds. */
const NOTE_MS = 5000;

/** The time of a data folder, over all processes that serve it. */
export interface FolderTime {
  readonly clock: Clock;
  /** When an earlier process was last seen; undefined in a new folder. */
  readonly lastSeen?: number;
  /** Begins to note that this process is there. */
  start(): void;
  stop(): void;
}

/** Goes on with the time of a folder: it never goes back, though the machine's may. */
export function folderTime(dataDir: string, wall?: () => number): FolderTime {
  const file = join(dataDir, 'clock.json');
  const lastSeen = readOrNone<{ at: number }>(file, ({ at }) => Number.isFinite(at))?.at;
  const clock = new RealClock(lastSeen, wall);
  const note = (): void => {
    try {
      disk.replace(file, JSON.stringify({ at: clock.now() }));
    } catch {
      // Then the next process knows a time some seconds older; a full disk is told by itself.
    }
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    clock,
    lastSeen,
    start() {
      note();
      timer = setInterval(note, NOTE_MS);
      timer.unref();
    },
    stop() {
      clearInterval(timer);
      note();
    },
  };
}
