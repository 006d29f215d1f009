import { totalmem } from 'node:os';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const UNITS: Readonly<Record<string, number>> = { MB: 1e6, MIB: MIB, GB: 1e9, GIB: GIB };

/** Memory that the engine is told to keep to: more made the largest load no faster. */
export const defaultMemory = (): string => `${Math.floor(Math.min(3 * GIB, totalmem() / 3) / MIB)}MiB`;

/** Bytes of a size such as `512MB`. */
function bytesOf(size: string): number {
  const [, number, unit = ''] = /^([\d.]+)\s*([A-Za-z]+)$/.exec(size) ?? [];
  const factor = UNITS[unit.toUpperCase()];
  if (factor === undefined) throw new Error(`${size} is not a memory size such as 512MB or 3GiB`);
  return Number(number) * factor;
}

/**
 * What the engine's process may have resident. The engine counts its buffers and not all that strings and its allocator take, so that its
 * own limit holds only roughly; above this it is out of hand.
 */
export const residentLimit = (memory: string): number => Math.round(bytesOf(memory) * 1.5 + 512 * MIB);

export const inGib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
