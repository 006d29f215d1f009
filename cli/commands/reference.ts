import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { builtInProfile, REFERENCE_NAMES, referenceProfile } from '../../profiles';
import SHIPPED from '../../reference/shipped.json';
import { CliError, EXIT } from '../errors';
import { runnable } from '../hints';
import { servedMeanwhile } from '../meanwhile';
import { count, print, printJson, Progress, table } from '../output';
import { isFile } from '../paths';
import { fileName, isHeld, landedVersions, type Version, type Zones } from '../reference-versions';
import {
  refuseClash as refuseSetClash,
  type StatedVersion,
  statedVersions,
  VALUE_SET,
  valueSetFile,
} from '../value-sets';
import { ingestFile, placeOf } from './ingest';
import { run } from './sql';

export interface AddOptions {
  version?: string;
  validFrom?: string;
  env?: string;
  region?: string;
  json?: boolean;
  data?: string;
}

interface Shipped {
  readonly file: string;
  readonly version: string;
  readonly valid_from: string;
}

const SHIPPED_FILES: Readonly<Record<string, Shipped | undefined>> = SHIPPED;
const FOLDER = join(__dirname, '..', '..', 'reference');

/** `carelake reference add`: lands a version where the profile of its code system reads it, once nothing speaks against it. */
export async function add(name: string, file: string | undefined, options: AddOptions): Promise<number> {
  if (!REFERENCE_NAMES.includes(name))
    throw new CliError('no reference file has this name', {
      where: name,
      next: `choose one of ${REFERENCE_NAMES.join(', ')}; codes of your own: a profile of your own (docs/reference.md)`,
    });
  const { path, version } = name === VALUE_SET ? askedSets(file, options) : asked(name, file, options);
  const bytes = bytesOf(path);
  const stated = version ? undefined : await statedVersions(bytes, path);
  const given: Given = { path, bytes, version, stated };
  if (options.env !== undefined) return land(name, given, options);
  return servedMeanwhile(options.data, new Progress(options.json), () => land(name, given, options));
}

/** A file that is to be added: of a code system with its version, of value sets with those that it states. */
interface Given extends Asked {
  readonly bytes: Buffer;
  readonly stated: readonly StatedVersion[] | undefined;
}

async function land(name: string, { path, bytes, version, stated }: Given, options: AddOptions): Promise<number> {
  const at = await placeOf(options);
  const folder = mkdtempSync(join(tmpdir(), 'carelake-reference-'));
  const named = join(folder, version ? fileName(version) : valueSetFile(bytes));
  try {
    if (version) await refuseClash(at, name, version, createHash('sha256').update(bytes).digest('hex'));
    else await refuseSetClash(at, stated!, bytes);
    writeFileSync(named, bytes);
    const code = await ingestFile(named, referenceProfile(name), { ...options, phiOk: true, wait: true });
    if (version && (await isHeld(at, name, version))) throw held(name, version);
    return code;
  } catch (error) {
    throw error instanceof CliError ? ofGiven(error, named, path) : error;
  } finally {
    at.s3.destroy();
    at.sfn.destroy();
    rmSync(folder, { recursive: true });
  }
}

/** A failure that names the file as it was given, not the copy that is landed. */
function ofGiven(error: CliError, copy: string, path: string): CliError {
  const { where, ...rest } = error.details;
  return new CliError(error.message, { ...rest, ...(where === undefined ? {} : { where: where.replace(copy, path) }) });
}

const held = (name: string, version: Version): CliError =>
  new CliError('this version lacks more than a fifth of the codes of the one before: no code was ended', {
    where: `${referenceProfile(name)}/${fileName(version)}`,
    rule: 'SNP-01',
    next: `if it is the wrong file: carelake withdraw ${referenceProfile(name)}/${fileName(version)}`,
    exitCode: EXIT.rejected,
  });

/** What is to be added: a file, and of a code system the version that it is; a file of value sets names its versions itself. */
interface Asked {
  readonly path: string;
  readonly version?: Version;
}

function askedSets(file: string | undefined, { version, validFrom }: AddOptions): Asked {
  if (file === undefined)
    throw new CliError('no value set is shipped, and no file was given', {
      where: VALUE_SET,
      next: `carelake reference add ${VALUE_SET} FILE`,
    });
  if (version !== undefined || validFrom !== undefined)
    throw new CliError('a file of value sets states versions and days itself', {
      where: version === undefined ? `--valid-from ${validFrom}` : `--version ${version}`,
      next: 'give them in the columns version, valid_from and valid_to (docs/reference.md)',
    });
  return { path: file };
}

/** What the command line asks for; of a shipped file all is known. */
function asked(name: string, file: string | undefined, options: AddOptions): Asked {
  const shipped = SHIPPED_FILES[name];
  if (file === undefined && !shipped)
    throw new CliError('no version of this code system is shipped, and no file was given', {
      where: name,
      next: `carelake reference add ${name} FILE --version V --valid-from DAY`,
    });
  const known = file === undefined ? shipped : undefined;
  const version = options.version ?? known?.version;
  const validFrom = options.validFrom ?? known?.valid_from;
  if (version === undefined || validFrom === undefined)
    throw new CliError('a version needs its name and its first day', {
      where: file,
      next: 'add --version V --valid-from DAY, as its publisher states them',
    });
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$/.test(version))
    throw new CliError('a version is named by at most 32 letters, digits, dots and hyphens', {
      where: `--version ${version}`,
      next: 'choose another name, such as 2026 or 2026-04',
    });
  // Ingest rejects what a source claims to know long before it happens.
  if (validFrom > new Date().toISOString().slice(0, 10))
    throw new CliError('the first day of this version has not come yet', {
      where: `--valid-from ${validFrom}`,
      next: 'add it on that day or later: until then the version before describes all codes',
    });
  return { path: file ?? join(FOLDER, shipped!.file), version: { version, validFrom } };
}

function bytesOf(path: string): Buffer {
  if (!isFile(path))
    throw new CliError('no such file', { where: path, next: 'check the path; it is relative to the current folder' });
  const bytes = readFileSync(path);
  if (!path.endsWith('.gz')) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    throw new CliError('the file is no whole gzip', { where: path, next: 'fetch it again, or unpack it first' });
  }
}

/** Two versions of one name, or of one day, would contradict each other without anybody noticing. */
async function refuseClash(at: Zones, name: string, { version, validFrom }: Version, sha256: string): Promise<void> {
  for (const other of await landedVersions(at, name)) {
    const takeBack = `take that one back first: carelake withdraw ${other.key}`;
    const refused = (message: string, next: string): CliError => new CliError(message, { where: other.key, next });
    if (other.version === version && other.validFrom !== validFrom)
      throw refused(
        `version ${version} is there already, valid from ${other.validFrom}`,
        `check --valid-from, or name this version otherwise; or ${takeBack}`,
      );
    if (other.version !== version && other.validFrom === validFrom)
      throw refused(`version ${other.version} begins on this day already`, `check --valid-from; or ${takeBack}`);
    if (other.version === version && other.sha256 !== sha256)
      throw refused(
        `version ${version} is there already, with other bytes`,
        `name a corrected version otherwise and give the day of its correction; or ${takeBack}`,
      );
  }
}

/** A version that is loaded, and where it was landed. */
interface Loaded {
  readonly name: string | null;
  readonly entity: string;
  readonly code_system: string | null;
  readonly version: string;
  readonly valid_from: string;
  readonly codes: number;
  /** Hour in which it was landed, UTC. */
  readonly landed: string | null;
}

/** A version of a value set that is loaded. */
interface LoadedSet {
  readonly value_set: string;
  readonly name: string | null;
  readonly version: string;
  readonly valid_from: string;
  /** The first day on which it holds no more; null while none is known. */
  readonly valid_to: string | null;
  readonly codes: number;
}

const LOADED = `select r.entity, r.code_system, r.reference_version, cast(r.reference_from as varchar(10)), r.codes, min(o.object)
from gold_phi.reference_version r
left join ops.loaded_object o on o.load_id = r.load_id and o.entity = r.entity
group by 1, 2, 3, 4, 5 order by 2, 4, 1`;
const SETS = `select value_set_id, value_set_name, value_set_version, cast(valid_from as varchar(10)),
  case when valid_to < date '9999-12-31' then cast(valid_to as varchar(10)) end, codes
from gold_phi.value_set_version order by 1, 4`;

/** `carelake reference list`: what the warehouse knows, and what is shipped besides. */
export async function list({ json, data }: { json?: boolean; data?: string }): Promise<number> {
  const [result, sets] = await run([LOADED, SETS], data);
  const systems = new Map(REFERENCE_NAMES.filter((name) => name !== VALUE_SET).map((name) => [systemOf(name), name]));
  const versions = result!.rows.map((row): Loaded => {
    const [entity, code_system, version, valid_from, codes, object] = row as [
      string,
      string | null,
      string,
      string,
      number,
      string | null,
    ];
    const hour = /\/arrival=([^/]+)\//.exec(String(object))?.[1] ?? null;
    return {
      name: systems.get(code_system) ?? null,
      entity,
      code_system,
      version,
      valid_from,
      codes: Number(codes),
      landed: hour,
    };
  });
  const value_sets = sets!.rows.map(([value_set, name, version, valid_from, valid_to, codes]): LoadedSet => {
    const text = { value_set: String(value_set), version: String(version), valid_from: String(valid_from) };
    return { ...text, name: orNone(name), valid_to: orNone(valid_to), codes: Number(codes) };
  });
  const shipped = Object.entries(SHIPPED_FILES).flatMap(([name, file]) => {
    const { version, valid_from } = file!;
    const is_loaded = versions.some((one) => one.name === name && one.version === version);
    return [{ name, version, valid_from, is_loaded }];
  });
  if (json) printJson({ versions, value_sets, shipped, names: REFERENCE_NAMES });
  else print(listText(versions, value_sets, shipped));
  return EXIT.ok;
}

const orNone = (cell: unknown): string | null => (typeof cell === 'string' ? cell : null);

/** The code system that the profile of a name states; null for units, which need none. */
function systemOf(name: string): string | null {
  const { code_system } = builtInProfile(referenceProfile(name))!.profile.entities[0]!.fields;
  return (code_system as { constant: string } | undefined)?.constant ?? null;
}

function listText(
  versions: readonly Loaded[],
  sets: readonly LoadedSet[],
  shipped: readonly (Omit<Shipped, 'file'> & { name: string; is_loaded: boolean })[],
): string {
  const lines: string[] = [];
  if (versions.length > 0)
    lines.push(
      table(
        ['name', 'describes', 'version', 'valid from', 'codes', 'landed'],
        versions.map((v) => [v.name ?? v.code_system, v.entity, v.version, v.valid_from, count(v.codes), v.landed]),
      ),
    );
  else lines.push('No version of a code system is loaded.');
  if (sets.length > 0)
    lines.push(
      table(
        ['value set', 'name', 'version', 'valid from', 'no more from', 'codes'],
        sets.map((v) => [v.value_set, v.name, v.version, v.valid_from, v.valid_to, count(v.codes)]),
      ),
    );
  for (const { name, version, valid_from } of shipped.filter((one) => !one.is_loaded))
    lines.push(
      runnable(`Shipped, and not loaded: ${name} ${version}, valid from ${valid_from}: carelake reference add ${name}`),
    );
  lines.push(`Others by a file of yours: ${REFERENCE_NAMES.join(', ')} (docs/reference.md).`);
  return lines.join('\n');
}
