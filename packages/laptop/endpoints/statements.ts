import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../clock';
import { disk, makeFolder } from '../disk';
import type { QueryResult } from '../engines/values';
import type { SqlParameter } from '../engines/warehouse';
import { writeAtomically } from './files';

export type Status = 'SUBMITTED' | 'PICKED' | 'STARTED' | 'FINISHED' | 'FAILED' | 'ABORTED';

export interface SubStatement {
  status: Status;
  error?: string;
  startedAt?: number;
  endedAt?: number;
  rows?: number;
  bytes?: number;
  hasResult?: boolean;
}

/** A statement or a batch, as the Data API describes it. Times in milliseconds since 1970-01-01 UTC. */
export interface Statement {
  readonly id: string;
  readonly name?: string;
  readonly sqls: readonly string[];
  readonly isBatch: boolean;
  readonly autoCommit: boolean;
  readonly parameters: readonly SqlParameter[];
  readonly database: string;
  readonly workgroup: string;
  readonly clientToken?: string;
  readonly createdAt: number;
  readonly callerArn: string;
  updatedAt: number;
  status: Status;
  error?: string;
  subs: SubStatement[];
}

const MAX_RESULTS = 500;
const MAX_RESULT_BYTES = 256 * 1024 * 1024;
const LIFE_MS = 24 * 3_600_000;
const TOKEN_LIFE_MS = 8 * 3_600_000;
const ENDED: readonly Status[] = ['FINISHED', 'FAILED', 'ABORTED'];
export const hasEnded = (s: { status: Status }): boolean => ENDED.includes(s.status);

/**
 * Statements of the last 24 hours. Every change of state is appended to a journal, so that a restart knows tokens and outcomes; what
 * was under way when the process was killed is ABORTED. Results are not kept across a restart.
 */
export class StatementStore {
  private readonly statements = new Map<string, Statement>();
  private readonly results = new Map<string, { result: QueryResult; bytes: number }>();
  private resultBytes = 0;
  private readonly waiters = new Map<string, Set<() => void>>();

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
  ) {
    makeFolder(dirname(path));
    if (existsSync(path))
      for (const line of readFileSync(path, 'utf8').split('\n')) {
        const statement = parse(line);
        if (statement) this.statements.set(statement.id, statement);
      }
    for (const statement of this.statements.values())
      if (!hasEnded(statement)) {
        statement.status = 'ABORTED';
        statement.error = 'ERROR: the warehouse was stopped while the statement ran';
        statement.updatedAt = clock.now();
        for (const sub of statement.subs) if (!hasEnded(sub)) sub.status = 'ABORTED';
      }
    this.expire();
    writeAtomically(path, [...this.statements.values()].map((s) => `${JSON.stringify(s)}\n`).join(''));
  }

  add(statement: Statement): void {
    this.expire();
    // First: one that cannot be written was never begun.
    this.save(statement);
    this.statements.set(statement.id, statement);
  }

  /** Writes a change of state and wakes those who wait for it, also where it cannot be written: the state is what it is. */
  save(statement: Statement): void {
    statement.updatedAt = this.clock.now();
    if (hasEnded(statement)) {
      for (const wake of this.waiters.get(statement.id) ?? []) wake();
      this.waiters.delete(statement.id);
    }
    disk.append(this.path, `${JSON.stringify(statement)}\n`);
  }

  get(id: string): Statement | undefined {
    return this.statements.get(id);
  }

  byToken(callerArn: string, token: string): Statement | undefined {
    const since = this.clock.now() - TOKEN_LIFE_MS;
    return [...this.statements.values()].find(
      (s) => s.clientToken === token && s.callerArn === callerArn && s.createdAt >= since,
    );
  }

  /** Newest first. */
  all(): Statement[] {
    return [...this.statements.values()].reverse();
  }

  get underWay(): number {
    let count = 0;
    for (const s of this.statements.values()) if (!hasEnded(s)) count++;
    return count;
  }

  /** Resolves when the statement has ended or after so many milliseconds of real time: it is a client's connection that waits. */
  wait(statement: Statement, ms: number): Promise<void> {
    if (hasEnded(statement) || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const set = this.waiters.get(statement.id) ?? new Set();
      this.waiters.set(statement.id, set);
      const done = (): void => {
        clearTimeout(timer);
        set.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      set.add(done);
    });
  }

  /** @param bytes size of the result's values. */
  keepResult(id: string, at: number, result: QueryResult, bytes: number): void {
    this.results.set(`${id}:${at + 1}`, { result, bytes });
    this.resultBytes += bytes;
    // Results live in memory; the oldest go first when clients never fetch theirs. The newest stays, whatever its size.
    for (const key of this.results.keys()) {
      if (this.results.size === 1 || (this.results.size <= MAX_RESULTS && this.resultBytes <= MAX_RESULT_BYTES)) break;
      this.forget(key);
    }
  }

  result(id: string, at: number): QueryResult | undefined {
    return this.results.get(`${id}:${at + 1}`)?.result;
  }

  dropResults(id: string): void {
    for (const key of this.results.keys()) if (key.startsWith(`${id}:`)) this.forget(key);
  }

  private forget(key: string): void {
    this.resultBytes -= this.results.get(key)?.bytes ?? 0;
    this.results.delete(key);
  }

  private expire(): void {
    const before = this.clock.now() - LIFE_MS;
    for (const s of this.statements.values())
      if (s.createdAt < before && hasEnded(s)) {
        this.statements.delete(s.id);
        this.dropResults(s.id);
      }
  }
}

/** A line of the journal; the last one may be torn. */
function parse(line: string): Statement | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as Statement);
  } catch {
    return undefined;
  }
}
