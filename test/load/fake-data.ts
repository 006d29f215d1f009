import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { ServiceError } from './fake-s3';

/** What becomes of a submitted transaction. */
export type Outcome =
  | { status: 'FINISHED'; rows?: string[][]; /** Rows of each statement of a batch. */ each?: string[][][] }
  | { status: 'FAILED' | 'ABORTED'; /** Place of the statement that failed. */ at?: number; error: string };

export interface Submitted {
  id: string;
  sqls: string[];
  parameters: Record<string, string>;
  name: string;
  token?: string;
  /** Looked at before it tells its outcome. */
  looks: number;
  outcome: Outcome;
  secretArn?: string;
}

const TEXT = { stringValue: '' };

/** The Data API with scripted outcomes: asynchronous states, one statement per token, results by sub-statement. */
export class FakeData {
  readonly submitted: Submitted[] = [];
  /** Thrown, one by one, before the next calls of this name. */
  readonly faults: { call: 'submit' | 'describe'; error: Error }[] = [];
  /** Looks at which a statement is still running. */
  slowness = 1;
  private readonly byToken = new Map<string, Submitted>();

  constructor(public decide: (s: Pick<Submitted, 'sqls' | 'parameters' | 'name'>) => Outcome) {}

  get client(): RedshiftDataClient {
    return this as unknown as RedshiftDataClient;
  }

  async send(command: unknown): Promise<unknown> {
    if (command instanceof BatchExecuteStatementCommand) return this.submit(command.input.Sqls ?? [], command.input);
    if (command instanceof ExecuteStatementCommand) return this.submit([command.input.Sql ?? ''], command.input);
    if (command instanceof DescribeStatementCommand) return this.describe(command.input.Id!);
    if (command instanceof GetStatementResultCommand) return this.result(command.input.Id!);
    throw new Error(`no such call: ${(command as object).constructor.name}`);
  }

  private fault(call: 'submit' | 'describe'): void {
    const at = this.faults.findIndex((f) => f.call === call);
    if (at >= 0) throw this.faults.splice(at, 1)[0].error;
  }

  private submit(
    sqls: string[],
    input: BatchExecuteStatementCommand['input'] | ExecuteStatementCommand['input'],
  ): unknown {
    this.fault('submit');
    if (sqls.length > 40) throw new ServiceError('ValidationException', 400);
    const known = input.ClientToken ? this.byToken.get(input.ClientToken) : undefined;
    if (known) return { Id: known.id };
    const parameters = Object.fromEntries((input.Parameters ?? []).map((p) => [p.name!, p.value!]));
    const wanted = { sqls, parameters, name: input.StatementName ?? '' };
    const statement: Submitted = {
      ...wanted,
      id: `statement-${this.submitted.length}`,
      token: input.ClientToken,
      secretArn: input.SecretArn,
      looks: 0,
      outcome: this.decide(wanted),
    };
    this.submitted.push(statement);
    if (input.ClientToken) this.byToken.set(input.ClientToken, statement);
    return { Id: statement.id };
  }

  private describe(id: string): unknown {
    this.fault('describe');
    const s = this.submitted.find((x) => x.id === id);
    if (!s) throw new ServiceError('ResourceNotFoundException', 400);
    if (s.looks++ < this.slowness) return { Id: id, Status: 'STARTED' };
    const { outcome } = s;
    const failedAt = outcome.status === 'FINISHED' ? -1 : (outcome.at ?? 0);
    return {
      Id: id,
      Status: outcome.status,
      Error: outcome.status === 'FINISHED' ? undefined : outcome.error,
      QueryString: s.sqls.join(';'),
      SubStatements:
        s.sqls.length < 2 || (outcome.status !== 'FINISHED' && outcome.at === undefined)
          ? undefined
          : s.sqls.map((QueryString, i) => ({
              Id: `${id}:${i + 1}`,
              QueryString,
              HasResultSet: QueryString.startsWith('SELECT'),
              Status: failedAt < 0 || i < failedAt ? 'FINISHED' : i === failedAt ? outcome.status : 'ABORTED',
              Error: i === failedAt && outcome.status !== 'FINISHED' ? outcome.error : undefined,
            })),
    };
  }

  private result(id: string): unknown {
    const s = this.submitted.find((x) => x.id === id.split(':')[0]);
    if (!s || s.outcome.status !== 'FINISHED') throw new ServiceError('ResourceNotFoundException', 400);
    const part = s.outcome.each?.[Number(id.split(':')[1]) - 1];
    return { Records: (part ?? s.outcome.rows ?? []).map((row) => row.map((v) => ({ ...TEXT, stringValue: v }))) };
  }
}
