import type { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Decision, State } from '../../core/load/decide';
import type { LoadSql } from '../../core/load/load-sql';
import { loadNames, readPlan, type LoadPlan } from '../../core/load/plan';
import type { Step } from '../../core/load/steps';
import { getText, put, putIfAbsent } from '../shared/s3';
import { SafeError } from '../shared/errors';
import type { CountFault } from '../shared/metrics';
import type { Log } from '../shared/log';

/** What the steps of a load work with. */
export interface LoadContext {
  readonly s3: S3Client;
  readonly data: RedshiftDataClient;
  readonly sql: LoadSql;
  readonly silverBucket: string;
  readonly controlBucket: string;
  readonly quarantineBucket: string;
  readonly workgroup: string;
  readonly database: string;
  sleep(ms: number): Promise<void>;
  readonly log: Log;
  /** Counts what wants a person. */
  readonly fault: CountFault;
}

/** One attempt of one step of a load. */
export interface Place {
  load_id: string;
  step: Step;
  attempt: number;
}
export type StartEvent = { op: 'start' } & Place;
export type CheckEvent = { op: 'check'; statement_id: string } & Place;
export type FinishEvent = { op: 'finish'; load_id: string };
export type LoadEvent = StartEvent | CheckEvent | FinishEvent;

/** Reply of `start` and `check`: ids, counts and codes, never a text of the warehouse. */
export interface StepReply extends Place {
  state: State;
  statement_id?: string;
  reason?: string;
  rule?: string;
}
export interface FinishReply {
  finished: true;
  load_id: string;
  objects: number;
  rows: number;
  /** This call was the first to finish the load, so that it is counted once. */
  first: boolean;
}
export type LoadReply = StepReply | FinishReply;

/** The plan of a load. @throws SafeError if it left none */
export async function planOf(c: LoadContext, loadId: string): Promise<LoadPlan> {
  if (!/^[0-9a-f]{32}$/.test(loadId)) throw new SafeError('LOAD-EVENT', 'load_id is not 32 hex digits');
  const found = await getText(c.s3, c.controlBucket, loadNames(loadId).plan);
  if (!found) throw new SafeError('LOAD-PLAN', `load ${loadId} has no plan`);
  return readPlan(loadId, found.text);
}

/** Records that a revision of a plan is not tried again. */
export const closeRevision = (c: LoadContext, plan: LoadPlan, reason: string): Promise<boolean> =>
  putIfAbsent(c.s3, c.controlBucket, loadNames(plan.load_id).failed(plan.revision), JSON.stringify({ reason }));

/** Keeps selections from giving this load to another execution. */
export const heartbeat = (c: LoadContext, loadId: string): Promise<void> =>
  put(c.s3, c.controlBucket, loadNames(loadId).heartbeat, '{}', 'application/json');

/** The reply that a decision is reported by. */
export function replyOf(loadId: string, d: Decision): StepReply {
  return {
    load_id: loadId,
    step: d.step,
    attempt: d.attempt,
    state: d.state,
    ...(d.reason ? { reason: d.reason } : {}),
    ...(d.rule ? { rule: d.rule } : {}),
  };
}
