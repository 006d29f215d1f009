import { parquetWriteBuffer } from 'hyparquet-writer';
import { BOARD_KEY, readBoard, withOpen, withSuspects, withoutObjects, type Board } from '../../core/load/board';
import {
  copyGroups,
  doneRevision,
  loadIdOf,
  loadNames,
  manifest,
  readPlan,
  type LoadObject,
  type LoadPlan,
} from '../../core/load/plan';
import { nextBatch, nextSuspects, windowStart, type Caps, type Listed } from '../../core/load/select';
import { packSteps, readLoadSql } from '../../core/load/statements';
import { FINGERPRINT_KEY, receiptKey } from '../../core/lake/names';
import { exists, getText, inParallel, put, update, writtenAt } from '../shared/control';
import { SafeError } from '../shared/errors';
import { describeObjects, pendingObjects, type Lake } from './silver';

/** What a selection works with. */
export interface SelectContext extends Lake {
  /** Folder that holds `load/*.sql`. */
  readonly sqlDir: string;
  readonly caps: Caps;
  readonly windowHours: number;
  readonly now: () => number;
  /** Milliseconds until the function's time ends. */
  readonly remainingMs: () => number;
}

/**
 * A load that was looked after within this time has an execution, which selects again when it is done. Younger executions leave it
 * alone: on-arrival triggers start one per object.
 */
const ALIVE_MS = 30_000;

/** Left for planning when listing takes too long. */
const RESERVE_MS = 90_000;
/** Where a sweep over all of silver goes on that ran out of time. */
const SWEEP_KEY = 'loads/_sweep.json';

/** Reply of select-load. */
export type Selection =
  { pending: false } | { pending: true; load: { load_id: string; steps: number; objects: number; plan_uri: string } };

/**
 * Chooses the next load: the one that is under way, if nobody looks after it; else the oldest pending objects; else a part of the
 * suspects. Writes its plan, its list of objects and its COPY manifests, all of which are the same for the same objects.
 * @param execution name of the execution that asks; without it a load is chosen but not claimed
 */
export async function selectLoad(
  context: SelectContext,
  window: 'open' | 'full',
  execution?: string,
): Promise<Selection> {
  for (;;) {
    const board = readBoard((await getText(context.s3, context.controlBucket, BOARD_KEY))?.text);
    const left = board.open ? await openLoad(context, board.open, execution) : undefined;
    if (left === 'alive') return { pending: false };
    const plan = left ?? (await newLoad(context, board, window));
    if (!plan) return { pending: false };
    if (!execution || (await claim(context, plan, board.open, execution))) return reply(context, plan);
    // Another execution claimed a load in between: look at the board again.
  }
}

/** Plans pending objects. Each further round has set something aside, so that the loop ends. */
async function newLoad(c: SelectContext, before: Board, window: 'open' | 'full'): Promise<LoadPlan | undefined> {
  let board = before;
  for (;;) {
    const chosen = await choose(c, board, window);
    if (chosen.length === 0) return undefined;
    const { objects, gone, unreadable } = await describeObjects(c, chosen);
    if (gone.length) board = await note(c, (b) => withoutObjects(b, new Set(gone)));
    if (unreadable.length && chosen.length > 1) board = await note(c, (b) => alone(b, unreadable));
    else if (objects.length) return writePlan(c, objects);
  }
}

/**
 * Makes this execution the one that looks after the load, unless another load came onto the board since it was read. Should it die
 * before the sign of life is written, the next one takes the load up at once.
 */
async function claim(c: SelectContext, plan: LoadPlan, seen: string | null, execution: string): Promise<boolean> {
  const names = loadNames(plan.load_id);
  const json = 'application/json';
  let isMine = false;
  await note(c, (b) => {
    isMine = b.open === seen;
    return isMine ? withOpen(b, plan.load_id) : b;
  });
  if (!isMine) return false;
  await put(c.s3, c.controlBucket, names.claim, JSON.stringify({ execution }), json);
  await put(c.s3, c.controlBucket, names.alive, '{}', json);
  return true;
}

/** Each of these objects is tried by itself. */
const alone = (board: Board, objects: readonly string[]): Board =>
  objects.reduce((b, o) => withSuspects(b, { reason: 'unreadable', objects: [o] }), board);

const note = (c: SelectContext, change: (b: Board) => Board): Promise<Board> =>
  update(c.s3, { bucket: c.controlBucket, key: BOARD_KEY }, readBoard, change);

/** The plan of a load that is under way, unless it is finished, left none, or is in the hands of another live execution. */
async function openLoad(
  c: SelectContext,
  loadId: string,
  execution: string | undefined,
): Promise<LoadPlan | 'alive' | undefined> {
  const names = loadNames(loadId);
  const [plan, done, alive, claimed] = await Promise.all([
    getText(c.s3, c.controlBucket, names.plan),
    getText(c.s3, c.controlBucket, names.done),
    writtenAt(c.s3, c.controlBucket, names.alive),
    getText(c.s3, c.controlBucket, names.claim),
  ]);
  if (!plan) return undefined;
  const open = readPlan(loadId, plan.text);
  if (doneRevision(done?.text) >= open.revision) return undefined;
  const failed = await exists(c.s3, c.controlBucket, names.failed(open.revision));
  // A call that is repeated finds its own claim, and goes on.
  const isOwn = execution !== undefined && claimed?.text === JSON.stringify({ execution });
  const isAlive = alive !== undefined && Math.abs(c.now() - alive.getTime()) < ALIVE_MS;
  if (!failed) return isAlive && !isOwn ? 'alive' : open;
  // Planned again from what stands in the lake now, under a new revision. What is gone from the lake is for the load to find.
  const keys = open.objects.map((o) => o.object);
  const described = await describeObjects(c, keys);
  const whole = described.gone.length === 0 && described.unreadable.length === 0;
  return writePlan(c, whole ? described.objects : open.objects);
}

async function choose(c: SelectContext, board: Board, window: 'open' | 'full'): Promise<string[]> {
  const pending = window === 'full' ? await sweep(c, board) : await look(c, board);
  const batch = nextBatch(pending, board, c.caps);
  if (batch.length) return batch.map((b) => b.object);
  if (board.suspects.length === 0) return [];
  // Suspects may have left the window: whether they are settled is asked one by one.
  const suspects = [...new Set(board.suspects.flatMap((s) => s.objects))];
  const settled = await inParallel(suspects, 32, (o) => exists(c.s3, c.controlBucket, receiptKey(o)));
  const open = await note(c, (b) => withoutObjects(b, new Set(suspects.filter((_, i) => settled[i]))));
  return nextSuspects(open);
}

/** Pending objects of the open window. */
async function look(c: SelectContext, board: Board): Promise<Listed[]> {
  const from = windowStart(c.now(), c.windowHours);
  return (await pendingObjects(c, board, c.caps, { from, isOver: () => false })).pending;
}

/** Pending objects of all hours; after years it takes more than one sweep to see them all, each going on where the last one stopped. */
async function sweep(c: SelectContext, board: Board): Promise<Listed[]> {
  const note = await getText(c.s3, c.controlBucket, SWEEP_KEY);
  const { from } = JSON.parse(note?.text ?? '{}') as { from?: string };
  const found = await pendingObjects(c, board, c.caps, { from, isOver: () => c.remainingMs() < RESERVE_MS });
  if (found.stoppedAt !== from)
    await put(c.s3, c.controlBucket, SWEEP_KEY, JSON.stringify({ from: found.stoppedAt }), 'application/json');
  return found.pending;
}

/** Writes what a load needs. The plan comes last: who finds it finds all of it. */
async function writePlan(c: SelectContext, objects: readonly LoadObject[]): Promise<LoadPlan> {
  const sorted = [...objects].sort((a, b) => (a.object < b.object ? -1 : 1));
  const loadId = loadIdOf(sorted);
  const names = loadNames(loadId);
  const plan: LoadPlan = {
    load_id: loadId,
    ...(await revisionOf(c, loadId)),
    key_fingerprint: await fingerprint(c),
    objects: sorted,
    steps: packSteps(readLoadSql(c.sqlDir), sorted),
  };
  const json = 'application/json';
  await Promise.all([
    put(c.s3, c.controlBucket, names.objects, objectList(sorted), 'application/vnd.apache.parquet'),
    ...copyGroups(sorted).map(({ entity, version }) => {
      const members = sorted.filter((o) => o.entity === entity && o.version === version);
      return put(c.s3, c.controlBucket, names.manifest(entity, version), manifest(c.silverBucket, members), json);
    }),
  ]);
  await put(c.s3, c.controlBucket, names.plan, JSON.stringify(plan), json);
  return plan;
}

/**
 * The revision of a plan of these objects: one more than one that is not tried again, or that was finished before (whoever removed the
 * receipts wants the warehouse asked, and the Data API would answer old tokens with the old success).
 */
async function revisionOf(c: SelectContext, loadId: string): Promise<Pick<LoadPlan, 'revision' | 'stale'>> {
  const before = await getText(c.s3, c.controlBucket, loadNames(loadId).plan);
  if (!before) return { revision: 0, stale: 0 };
  const { revision, stale } = readPlan(loadId, before.text);
  const failed = await getText(c.s3, c.controlBucket, loadNames(loadId).failed(revision));
  if (!failed && !(await isDone(c, loadId, revision))) return { revision, stale };
  const { reason } = JSON.parse(failed?.text ?? '{}') as { reason?: string };
  return { revision: revision + 1, stale: stale + (reason === 'PLAN_STALE' ? 1 : 0) };
}

/** Whether this revision of a load is finished, receipts included. */
async function isDone(c: SelectContext, loadId: string, revision: number): Promise<boolean> {
  const done = await getText(c.s3, c.controlBucket, loadNames(loadId).done);
  return doneRevision(done?.text) >= revision;
}

async function fingerprint(c: SelectContext): Promise<string> {
  const found = await getText(c.s3, c.controlBucket, FINGERPRINT_KEY);
  const value = found && (JSON.parse(found.text) as { fingerprint?: unknown }).fingerprint;
  if (typeof value !== 'string' || !value)
    throw new SafeError('KEY-FINGERPRINT', `no fingerprint stands in ${c.controlBucket}/${FINGERPRINT_KEY}`);
  return value;
}

/** The batch as a small Parquet file, which the load copies into a table and joins: no statement grows with the batch. */
function objectList(objects: readonly LoadObject[]): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'object', data: objects.map((o) => o.object), type: 'STRING' },
        { name: 'entity', data: objects.map((o) => o.entity), type: 'STRING' },
        { name: 'schema_version', data: objects.map((o) => o.version), type: 'INT32' },
        { name: 'row_count', data: objects.map((o) => BigInt(o.rows)), type: 'INT64' },
      ],
    }),
  );
}

function reply(c: SelectContext, plan: LoadPlan): Selection {
  return {
    pending: true,
    load: {
      load_id: plan.load_id,
      steps: plan.steps.length,
      objects: plan.objects.length,
      plan_uri: `s3://${c.controlBucket}/${loadNames(plan.load_id).plan}`,
    },
  };
}
