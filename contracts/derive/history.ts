import { ENTITY_NAMES, PUBLISHED } from '../index';
import type { EntityName, Field } from '../types';
import { silverColumns } from './columns';

/** One published version as it was frozen: what objects of it look like, and what producers of it may send. */
export interface Frozen {
  /** Silver columns as `name type`, in order: objects of a version lie in the lake for good and are copied by position. */
  readonly columns: readonly string[];
  /** Members that an upsert has to carry. */
  readonly required: readonly string[];
  /** Closed sets of values by member. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

/** Frozen versions by entity and version, as `contracts/history/published.json` holds them. */
export type History = Readonly<Record<string, Readonly<Record<string, Frozen>>>>;

function freeze(entity: EntityName, version: number): Frozen {
  const fields: readonly Field[] = PUBLISHED[entity][version].fields;
  return {
    columns: silverColumns(entity, version).map((c) => `${c.name} ${c.redshift}`),
    required: fields.filter((f) => f.required).map((f) => f.name),
    values: Object.fromEntries(fields.flatMap((f) => (f.values ? [[f.name, f.values]] : []))),
  };
}

/** Every version as the contracts say it now. */
export function currentVersions(): History {
  return Object.fromEntries(
    ENTITY_NAMES.map((e) => [e, Object.fromEntries(Object.keys(PUBLISHED[e]).map((v) => [v, freeze(e, Number(v))]))]),
  );
}

/** What of `now` would break objects or producers of `before`. A wider set of values and a member less required break nothing. */
function breaks(before: Frozen, now: Frozen | undefined): string[] {
  if (!now) return ['is gone'];
  const found: string[] = [];
  if (JSON.stringify(now.columns) !== JSON.stringify(before.columns)) found.push('has other columns');
  const demanded = now.required.filter((m) => !before.required.includes(m));
  if (demanded.length) found.push(`now requires ${demanded.join(', ')}`);
  for (const [member, values] of Object.entries(now.values)) {
    const gone =
      before.values[member]?.filter((v) => !values.includes(v)) ??
      (before.columns.some((c) => c.startsWith(`${member} `)) ? ['a free value'] : []);
    if (gone.length) found.push(`no longer accepts ${gone.join(', ')} for ${member}`);
  }
  return found;
}

/**
 * What is wrong between the contracts and their history: published versions that changed, versions that nobody froze yet, and versions
 * that drop or change a column of the one before.
 */
export function historyMistakes(history: History, now: History = currentVersions()): string[] {
  const found: string[] = [];
  for (const [entity, versions] of Object.entries(history))
    for (const [version, before] of Object.entries(versions))
      for (const what of breaks(before, now[entity]?.[version]))
        found.push(`${entity} v${version} was published and ${what}`);
  for (const [entity, versions] of Object.entries(now))
    for (const [version, frozen] of Object.entries(versions)) {
      if (!history[entity]?.[version]) found.push(`${entity} v${version} is not recorded yet: npm run generate`);
      const before = versions[Number(version) - 1];
      if (before?.columns.some((c) => !frozen.columns.includes(c)))
        found.push(`${entity} v${version} drops or changes a column of v${Number(version) - 1}`);
    }
  return found;
}

/**
 * The history with the versions that are not frozen yet.
 * @throws Error where a published version changed: a change is a new version with appended members
 */
export function appendHistory(history: History): History {
  const now = currentVersions();
  const wrong = historyMistakes(history, now).filter((m) => !m.endsWith('npm run generate'));
  if (wrong.length)
    throw new Error(`${wrong.join('; ')}. Published versions never change: append members in a new version`);
  return Object.fromEntries(
    [...new Set([...Object.keys(history), ...Object.keys(now)])].sort().map((e) => [e, { ...now[e], ...history[e] }]),
  );
}
