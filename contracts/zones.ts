import zones from './zones.json';

const NAMES: ReadonlySet<string> = new Set(zones.names);

/** Whether a name is one of a zone. Pinned: the zones that a runtime knows change with its release, and what is accepted must not. */
export const isZone = (name: string): boolean => NAMES.has(name);
