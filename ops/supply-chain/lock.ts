export interface LockedPackage {
  version?: string;
  license?: string;
  dev?: boolean;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  inBundle?: boolean;
}

export interface Lock {
  packages: Record<string, LockedPackage>;
}

export interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  /** A version, or per package the versions of what it depends on; `$name` is the version that package.json names itself. */
  overrides?: Record<string, string | Record<string, string>>;
}

const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

/** Names of packages whose version in package.json is a range: two machines could then install different code. */
export function unpinned(manifest: Manifest): string[] {
  const direct = { ...manifest.dependencies, ...manifest.devDependencies };
  const overrides = Object.entries(manifest.overrides ?? {}).flatMap(([name, to]) =>
    typeof to === 'string' ? [[name, to]] : Object.entries(to),
  );
  return [...Object.entries(direct), ...overrides]
    .filter(([, version]) => !EXACT.test(version.startsWith('$') ? (direct[version.slice(1)] ?? '') : version))
    .map(([name, version]) => `${name}@${version}`);
}

/** Packages of others: not this repository's own (the root, its workspaces and the links to them). */
const foreign = (lock: Lock): [string, LockedPackage][] =>
  Object.entries(lock.packages).filter(
    ([path, entry]) => path.includes('node_modules/') && !(entry.link && lock.packages[entry.resolved ?? '']),
  );

/** Packages that ship or are installed for users (not `dev`) under a licence outside the list, as `name: licence`. */
export function refusedLicences(lock: Lock, allowed: string[]): string[] {
  return foreign(lock)
    .filter(([, entry]) => !entry.dev && !allowed.includes(entry.license ?? 'none stated'))
    .map(([path, entry]) => `${path.replace(/^.*node_modules\//, '')}: ${entry.license ?? 'none stated'}`);
}

/** Entries that cannot be verified on install: no integrity hash, or a download address of one machine's registry. */
export function unverifiable(lock: Lock): string[] {
  return foreign(lock)
    .filter(([, entry]) => entry.resolved !== undefined || (!entry.integrity && !entry.inBundle))
    .map(([path, entry]) => `${path}: ${entry.resolved ? 'download address' : 'no integrity'}`);
}
