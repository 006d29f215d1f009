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

/** A journal below this is not written anew. */
const MIN_JOURNAL_BYTES = 8 * 1024 * 1024;
/** How much longer than what it tells a journal may become. */
const JOURNAL_FACTOR = 4;
const MAX_RESULTS = 500;
const MAX_RESULT_BYTES = 256 * 1024 * 1024;
const LIFE_MS = 24 * 3_600_000;
const TOKEN_LIFE_MS = 8 * 3_600_000;
const ENDED: readonly Status[] = ['FINISHED', 'FAILED', 'ABORTED'];
export const hasEnded = (s: { status: Status }): boolean => ENDED.includes(s.status);

/**
 * Statements of the last 24 hours. Every change of state is appended to a journal, so that a restart knows tokens and outcomes; what
 * was under way when the process was killed is ABORTED. Results are not kept across a restart. A platform that serves for days submits the
 * same texts again and again: each is held once, and the journal is written anew when it has become long.
 */
export class StatementStore {
  private readonly statements = new Map<string, Statement>();
  private readonly results = new Map<string, { result: QueryResult; bytes: number }>();
  private resultBytes = 0;
  private readonly texts = new Map<string, string>();
  /** Bytes of the journal, and what it had when it was last written anew. */
  private written = 0;
  private compact = 0;
  private readonly waiters = new Map<string, Set<() => void>>();

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
  ) {
    makeFolder(dirname(path));
    if (existsSync(path)) for (const line of readFileSync(path, 'utf8').split('\n')) this.replay(line);
    for (const statement of this.statements.values())
      if (!hasEnded(statement)) {
        statement.status = 'ABORTED';
        statement.error = 'ERROR: the warehouse was stopped while the statement ran';
        statement.updatedAt = clock.now();
        for (const sub of statement.subs) if (!hasEnded(sub)) sub.status = 'ABORTED';
      }
    this.expire();
    this.rewrite();
  }

  /** @returns the statement as it is kept */
  add(asked: Statement): Statement {
    this.expire();
    const statement = { ...asked, sqls: asked.sqls.map((sql) => this.once(sql)), updatedAt: this.clock.now() };
    this.statements.set(statement.id, statement);
    try {
      this.append(statement);
    } catch (error) {
      // One that cannot be written was never begun.
      this.statements.delete(statement.id);
      throw error;
    }
    return statement;
  }

  /** Texts of SQL that are held. */
  get textCount(): number {
    return this.texts.size;
  }

  /** Writes a change of state and wakes those who wait for it, also where it cannot be written: the state is what it is. */
  save(statement: Statement): void {
    statement.updatedAt = this.clock.now();
    if (hasEnded(statement)) {
      for (const wake of this.waiters.get(statement.id) ?? []) wake();
      this.waiters.delete(statement.id);
    }
    const { id, status, error, subs, updatedAt } = statement;
    this.append({ id, status, error, subs, updatedAt } satisfies Change);
  }

  private append(entry: Statement | Change): void {
    const line = `${JSON.stringify(entry)}\n`;
    disk.append(this.path, line);
    this.written += Buffer.byteLength(line);
    if (this.written > Math.max(MIN_JOURNAL_BYTES, JOURNAL_FACTOR * this.compact)) this.rewrite();
  }

  /** Writes the journal anew: what stands, once each. */
  private rewrite(): void {
    const text = [...this.statements.values()].map((s) => `${JSON.stringify(s)}\n`).join('');
    writeAtomically(this.path, text);
    this.written = this.compact = Buffer.byteLength(text);
  }

  private replay(line: string): void {
    const entry = parse(line);
    if (!entry) return;
    const known = this.statements.get(entry.id);
    if (known) Object.assign(known, entry);
    else if ('sqls' in entry)
      this.statements.set(entry.id, { ...entry, sqls: entry.sqls.map((sql) => this.once(sql)) });
  }

  private once(sql: string): string {
    const held = this.texts.get(sql);
    if (held === undefined) this.texts.set(sql, sql);
    return held ?? sql;
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
    let expired = 0;
    // In the order of their beginning: the first that is younger ends the look.
    for (const s of this.statements.values()) {
      if (s.createdAt >= before) break;
      if (!hasEnded(s)) continue;
      this.statements.delete(s.id);
      this.dropResults(s.id);
      expired++;
    }
    if (expired === 0) return;
    this.texts.clear();
    for (const s of this.statements.values()) for (const sql of s.sqls) this.texts.set(sql, sql);
  }
}

/** How a statement that the journal knows stands. */
type Change = Pick<Statement, 'id' | 'status' | 'error' | 'subs' | 'updatedAt'>;

/** A line of the journal; the last one may be torn. */
function parse(line: string): Statement | Change | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as Statement | Change);
  } catch {
    return undefined;
  }
}
