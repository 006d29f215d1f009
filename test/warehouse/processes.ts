import { execFileSync } from 'node:child_process';

/** Processes that a process started, by a word of their command lines. */
export function childrenOf(parent: number, word: string): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, ppid, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(ppid) === parent && args.includes(word) ? [Number(pid)] : [];
  });
}

/** Processes of warehouses that this one started. */
export const enginePids = (): number[] => childrenOf(process.pid, 'warehouse-host');
