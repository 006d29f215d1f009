import { ENTITY_NAMES, type EntityName } from '../../contracts';
import { sha256Hex } from '../records/hash';
import type { Phase } from './phases';
import type { Step } from './steps';

/** One silver object of a load. */
export interface LoadObject {
  /** Key in the silver bucket. */
  readonly object: string;
  readonly entity: EntityName;
  readonly version: number;
  readonly rows: number;
  readonly bytes: number;
  /** Of an object that is not new: whether it is withdrawn from now on, or stands. */
  readonly is_withdrawn?: boolean;
}

/** A load that brings no new objects: some are withdrawn or stand again, and what they say is read again from all that stand. */
export interface Reread {
  /** Keys in control of the marks that tell which decisions the warehouse has followed, once it has. */
  readonly done: readonly string[];
  /** Of the objects that stand, of entities of which there are such objects. */
  readonly standing: readonly CopyGroup[];
}

/** All that any execution needs to carry a load through: written once when it is selected, read by every step. */
export interface LoadPlan {
  readonly load_id: string;
  /** Counts up when the same objects are planned again, since the Data API would answer old tokens with old failures. */
  readonly revision: number;
  /** Revisions that ended because an object was not what the plan said. */
  readonly stale: number;
  /** A guard found something left over that the control state did not know of: this plan has every follow-up there is. */
  readonly complete: boolean;
  readonly key_fingerprint: string;
  /** Sorted by key. */
  readonly objects: readonly LoadObject[];
  readonly reread?: Reread;
  /** Phases of each transaction, in order. */
  readonly steps: readonly (readonly Phase[])[];
}

/** Load id of a set of objects: the same set is the same load, whoever selects it and whenever. */
export function loadIdOf(
  objects: readonly Pick<LoadObject, 'object' | 'is_withdrawn'>[],
  reread?: Pick<Reread, 'done'>,
): string {
  const keys = objects.map((o) => (reread ? `${o.object} ${String(o.is_withdrawn)}` : o.object)).sort();
  return sha256Hex([...(reread ? ['reread', ...reread.done] : []), ...keys].join('\n')).slice(0, 32);
}

/** Object names of a load in the control bucket. */
export const loadNames = (loadId: string) => ({
  plan: `loads/${loadId}/plan.json`,
  objects: `loads/${loadId}/objects.parquet`,
  manifest: (entity: EntityName, version: number) => `loads/${loadId}/manifest-${entity}-v${version}.json`,
  /** Of all objects that stand, for a load that reads them again. */
  standing: (entity: EntityName, version: number) => `loads/${loadId}/standing-${entity}-v${version}.json`,
  /** Proof that the last transaction was committed; without it no receipt is written. */
  committed: `loads/${loadId}/committed.json`,
  /** Names the execution that carries the load. */
  claim: `loads/${loadId}/claim.json`,
  /** Written again at every step and check: its age tells whether an execution carries the load. */
  heartbeat: `loads/${loadId}/heartbeat.json`,
  /** Written after the receipts: nothing is left to do. */
  done: `loads/${loadId}/done.json`,
  /** This revision is not tried again; says why. */
  failed: (revision: number) => `loads/${loadId}/failed-r${revision}.json`,
});

/** One COPY of a load. */
export interface CopyGroup {
  readonly entity: EntityName;
  readonly version: number;
}

/** Contract versions of one entity in one load; objects of more wait for the next, so that stage and COPYs fit into a transaction. */
export const MAX_VERSIONS = 3;

/** COPYs of a set of objects: one per entity and contract version, dimensions before facts, older versions first. */
export function copyGroups(objects: readonly CopyGroup[]): CopyGroup[] {
  const groups = new Map<string, CopyGroup>();
  for (const { entity, version } of objects) groups.set(`${entity}/${version}`, { entity, version });
  return [...groups.values()].sort(
    (a, b) => ENTITY_NAMES.indexOf(a.entity) - ENTITY_NAMES.indexOf(b.entity) || a.version - b.version,
  );
}

/** Objects that a failed COPY read. @param copy entity and version of the COPY; absent where it is not known: all of them */
export function objectsOfCopy<T extends CopyGroup>(objects: readonly T[], copy?: CopyGroup): T[] {
  return copy ? objects.filter((o) => o.entity === copy.entity && o.version === copy.version) : [...objects];
}

/**
 * COPY manifest of one entity and version. Redshift needs `content_length` for Parquet, and refuses the object when it was
 * rewritten since; `mandatory` makes a missing object an error instead of a silent loss.
 */
export function manifest(silverBucket: string, objects: readonly Pick<LoadObject, 'object' | 'bytes'>[]): string {
  const entries = objects.map((o) => ({
    url: `s3://${silverBucket}/${o.object}`,
    mandatory: true,
    meta: { content_length: o.bytes },
  }));
  return JSON.stringify({ entries });
}

/** Token of one attempt: the Data API runs a statement once per token, so that a repeated call and a second execution of the
 * same load share their statements. */
export function clientToken(plan: Pick<LoadPlan, 'load_id' | 'revision'>, step: Step, attempt: number): string {
  return sha256Hex(`${plan.load_id}/${plan.revision}/${step}/${attempt}`);
}

/** Checks a plan that was read back. @throws Error if it is none of this load */
export function readPlan(loadId: string, text: string): LoadPlan {
  const plan = JSON.parse(text) as LoadPlan;
  if (plan.load_id !== loadId || loadIdOf(plan.objects, plan.reread) !== loadId)
    throw new Error(`plan of load ${loadId} names another`);
  return plan;
}

/** The revision that was finished, from what `done` says; -1 where none was. */
export function doneRevision(text: string | undefined): number {
  if (text === undefined) return -1;
  const { revision } = JSON.parse(text) as { revision?: unknown };
  return typeof revision === 'number' ? revision : 0;
}
