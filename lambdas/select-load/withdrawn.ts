import type { EntityName } from '../../contracts';
import {
  decisionKey,
  doneKey,
  isDecidedOn,
  isObjectWithdrawn,
  type Decision,
  type DecisionBody,
  type Decisions,
} from '../../core/files/withdrawals';
import {
  isLoadable,
  receiptKey,
  receiptPrefix,
  receiptSubject,
  REFUSED,
  refusedKey,
  silverPrefix,
  versionPath,
} from '../../core/lake/names';
import type { CopyGroup } from '../../core/load/plan';
import { withinVersions, type Listed } from '../../core/load/select';
import { getText, inParallel, list, pages, put } from '../shared/s3';
import { publishedVersions, type Lake } from './silver';

/** Requests under way at the same time. */
const REQUESTS = 32;

/** Objects of silver that are withdrawn, or stand again, from now on. */
export interface Changes {
  /** Marks to leave once the warehouse has followed. */
  readonly done: readonly string[];
  /** By key: whether it is withdrawn. */
  readonly objects: ReadonlyMap<string, boolean>;
}

/** What the warehouse knows of an object, as its receipt tells. */
type Status = 'loaded' | 'withdrawn' | 'refused' | undefined;

async function statusOf(lake: Lake, object: string): Promise<Status> {
  const found = await getText(lake.s3, lake.controlBucket, receiptKey(object));
  return found && (JSON.parse(found.text) as { status?: Status }).status;
}

/**
 * Decisions that no load has followed, as many as a load may hold objects of, and the objects that they are about. Those that are neither
 * loaded nor withdrawn are none of them. A decision about nothing in the warehouse is done at once.
 */
export async function openChanges(lake: Lake, decisions: Decisions, most: number): Promise<Changes | undefined> {
  const open = [...decisions.values()].filter((d) => !d.done).sort((a, b) => (a.name < b.name ? -1 : 1));
  const done: string[] = [];
  const objects = new Map<string, boolean>();
  for (let at = 0; at < open.length && objects.size < most; at += REQUESTS) {
    const some = open.slice(at, at + REQUESTS);
    const found = await inParallel(some, REQUESTS, (d) => objectsOf(lake, decisions, d));
    for (const [i, of] of found.entries()) {
      // What does not fit beside the others waits for the next load.
      const all = [...objects.keys(), ...of];
      if (of.length > 0 && objects.size > 0 && withinVersions(all).length < all.length) continue;
      if (of.length === 0) await put(lake.s3, lake.controlBucket, doneKey(some[i]), '{}', 'application/json');
      else done.push(doneKey(some[i]));
      for (const object of of) objects.set(object, isObjectWithdrawn(decisions, object));
    }
  }
  return objects.size > 0 ? { done, objects } : undefined;
}

async function objectsOf(lake: Lake, decisions: Decisions, decision: Decision): Promise<string[]> {
  const body = await getText(lake.s3, lake.controlBucket, decisionKey(decision));
  if (!body) return [];
  const { arrival_hour: hour } = JSON.parse(body.text) as DecisionBody;
  const found: string[] = [];
  for (const { entity, version } of publishedVersions()) {
    const prefix = `${silverPrefix(entity, version, hour)}file-${decision.name}`;
    for (const { key } of (await list(lake.s3, lake.silverBucket, { prefix })).objects) {
      const status = isLoadable(key) ? await statusOf(lake, key) : 'refused';
      // What is pending and stands is loaded as everything else is.
      if (status === 'refused' || (status === undefined && !isObjectWithdrawn(decisions, key))) continue;
      found.push(key);
    }
  }
  return found;
}

/** An object that stands. */
export type Standing = Listed & CopyGroup;

/** All objects of entities that are loaded, and stand once the changes are made. It lists the silver of these entities as a whole. */
export async function standingObjects(
  lake: Lake,
  entities: ReadonlySet<EntityName>,
  decisions: Decisions,
  changes: Changes,
): Promise<Standing[]> {
  const refused = new Set<string>();
  for await (const { objects } of pages(lake.s3, lake.controlBucket, { prefix: REFUSED }))
    for (const { key } of objects) refused.add(key);
  const found: Standing[] = [];
  for (const group of publishedVersions().filter(({ entity }) => entities.has(entity))) {
    const prefix = `${versionPath(group.entity, group.version)}/`;
    const receipts = new Set<string>();
    for await (const { objects } of pages(lake.s3, lake.controlBucket, { prefix: receiptPrefix(prefix) }))
      for (const { key } of objects) receipts.add(receiptSubject(key) ?? '');
    const doubtful: Standing[] = [];
    for await (const { objects } of pages(lake.s3, lake.silverBucket, { prefix }))
      for (const { key, bytes } of objects) {
        if (!receipts.has(key) || !isLoadable(key) || changes.objects.get(key) === true) continue;
        const one = { object: key, bytes, ...group };
        const isAsked = !changes.objects.has(key) && (isDecidedOn(decisions, key) || refused.has(refusedKey(key)));
        (isAsked ? doubtful : found).push(one);
      }
    const status = await inParallel(doubtful, REQUESTS, (o) => statusOf(lake, o.object));
    found.push(...doubtful.filter((_, i) => status[i] === 'loaded'));
  }
  return found;
}
