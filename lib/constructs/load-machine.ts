import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';
import { allow, fixed, roleWith, useKeyOfMachine } from './grants';
import { encryptedLogGroup } from './log-group';

/** The longest that Step Functions keeps a data key: each new one is a request to KMS, which is billed. */
const KEY_REUSE = Duration.minutes(15);

/**
 * A state machine that calls functions and waits. Its log keeps the course of an execution but none of its data.
 */
export class Machine extends Construct {
  readonly machine: sfn.StateMachine;

  constructor(
    scope: Construct,
    id: string,
    props: {
      config: CarelakeConfig;
      /** Encrypts the log, and the history: what starts an execution names objects, and people name their files as they like. */
      key: kms.IKey;
      functions: lambda.IFunction[];
      definition: sfn.IChainable;
      timeout: Duration;
      comment: string;
    },
  ) {
    super(scope, id);
    const role = roleWith(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('states.amazonaws.com'),
      description: `Carelake ${id}: calls its functions`,
      statements: [
        allow(
          ['lambda:InvokeFunction'],
          props.functions.map((f) => f.functionArn),
        ),
        // Delivery of a state machine's log knows no resources.
        allow(
          [
            'logs:CreateLogDelivery',
            'logs:GetLogDelivery',
            'logs:UpdateLogDelivery',
            'logs:DeleteLogDelivery',
            'logs:ListLogDeliveries',
            'logs:PutResourcePolicy',
            'logs:DescribeResourcePolicies',
            'logs:DescribeLogGroups',
          ],
          ['*'],
        ),
        ...useKeyOfMachine(props.key),
      ],
    });
    this.machine = new sfn.StateMachine(this, 'Machine', {
      definitionBody: sfn.DefinitionBody.fromChainable(props.definition),
      comment: props.comment,
      timeout: props.timeout,
      role: fixed(role),
      encryptionConfiguration: new sfn.CustomerManagedEncryptionConfiguration(props.key, KEY_REUSE),
      logs: {
        destination: encryptedLogGroup(this, 'Logs', { config: props.config, key: props.key }),
        level: sfn.LogLevel.ALL,
        includeExecutionData: false,
      },
    });
  }
}

/** How long the tries of a failing function go on. */
interface Patience {
  readonly tries: number;
  readonly longestPause: Duration;
}
/** The next execution of a load starts by the clock or with the next object. */
const LOAD_PATIENCE: Patience = { tries: 3, longestPause: Duration.seconds(60) };
/** Nothing but the daily sweep would start a file again: an hour in which a store fails is waited through. */
const FILE_PATIENCE: Patience = { tries: 24, longestPause: Duration.minutes(10) };

/**
 * Calls a function with its reply as the result, retrying what the service or a passing fault of the function causes. Pauses are drawn
 * at random up to their bound, or all that failed together would fail together again.
 */
function call(
  scope: Construct,
  id: string,
  props: { fn: lambda.IFunction; payload?: Record<string, unknown>; resultPath?: string; patience: Patience },
): tasks.LambdaInvoke {
  const task = new tasks.LambdaInvoke(scope, id, {
    lambdaFunction: props.fn,
    payloadResponseOnly: true,
    payload: props.payload ? sfn.TaskInput.fromObject(props.payload) : undefined,
    resultPath: props.resultPath,
    retryOnServiceExceptions: false,
  });
  // Of what no later try can change, such as an object that is gone, none is made: whoever waits is told at once.
  task.addRetry({ errors: ['LastingError'], maxAttempts: 0 });
  const jitterStrategy = sfn.JitterType.FULL;
  // A hundred tries of two and a half minutes on average: an account that is at its concurrency is waited for, not given up on.
  task.addRetry({
    errors: [
      'Lambda.ServiceException',
      'Lambda.AWSLambdaException',
      'Lambda.SdkClientException',
      'Lambda.ClientExecutionTimeoutException',
      'Lambda.TooManyRequestsException',
    ],
    interval: Duration.seconds(2),
    maxAttempts: 100,
    backoffRate: 2,
    maxDelay: Duration.minutes(5),
    jitterStrategy,
  });
  // Every function may be called again: its effects are written once under fixed names, or guarded in the warehouse.
  task.addRetry({
    errors: ['States.TaskFailed'],
    interval: Duration.seconds(5),
    maxAttempts: props.patience.tries,
    backoffRate: 2,
    maxDelay: props.patience.longestPause,
    jitterStrategy,
  });
  return task;
}

/** The course of a file: call the function until it says that nothing is left; where all slots are taken, wait as long as it says. */
export function ingestFileDefinition(scope: Construct, fn: lambda.IFunction): sfn.IChainable {
  const ingest = call(scope, 'Ingest', { fn, patience: FILE_PATIENCE });
  const wait = new sfn.Wait(scope, 'Wait for a slot', {
    time: sfn.WaitTime.secondsPath(sfn.JsonPath.stringAt('$.wait_seconds')),
  });
  wait.next(ingest);
  return ingest.next(
    new sfn.Choice(scope, 'Whole file read?')
      .when(sfn.Condition.booleanEquals('$.done', true), new sfn.Succeed(scope, 'File ingested'))
      .when(sfn.Condition.isPresent('$.wait_seconds'), wait)
      .otherwise(ingest),
  );
}

/** The course of a replay: call the function until it has looked at every batch that was given up. */
export function replayDefinition(scope: Construct, fn: lambda.IFunction): sfn.IChainable {
  const replay = call(scope, 'Replay', { fn, patience: LOAD_PATIENCE });
  const left = new sfn.Fail(scope, 'Objects left', {
    error: 'REPLAY-UNREADABLE',
    cause: 'Some objects do not contain a batch of the stream and stay; the log of replay-failed names them',
  });
  return replay.next(
    new sfn.Choice(scope, 'All looked at?')
      .when(sfn.Condition.booleanEquals('$.done', false), replay)
      .when(sfn.Condition.numberGreaterThan('$.unreadable', 0), left)
      .otherwise(new sfn.Succeed(scope, 'All taken in')),
  );
}

/**
 * The course of a rebuild up to the load, which whoever started it starts next: call the function until warehouse and receipts are empty. A load
 * that is under way is not waited for, since it may be the one that cannot end.
 */
export function rebuildDefinition(scope: Construct, migrate: lambda.IFunction): sfn.IChainable {
  const empty = call(scope, 'Empty', { fn: migrate, payload: { op: 'rebuild' }, patience: LOAD_PATIENCE });
  const busy = new sfn.Fail(scope, 'Load under way', {
    error: 'REBUILD-BUSY',
    cause: 'A load holds the lease of the warehouse: let it end, or start the load machine to have it finished',
  });
  const is = (state: string): sfn.Condition => sfn.Condition.stringEquals('$.state', state);
  return empty.next(
    new sfn.Choice(scope, 'Empty?')
      .when(is('EMPTY'), new sfn.Succeed(scope, 'Ready to load'))
      .when(is('AGAIN'), empty)
      .otherwise(busy),
  );
}

/**
 * The course of the sweep over landing: once through all of it. Of a backfill: start what landed in its days, make silver again from bronze,
 * then ask until all that was started is read.
 */
export function sweepDefinition(
  scope: Construct,
  props: { sweepLanding: lambda.IFunction; rebuildSilver: lambda.IFunction },
): sfn.IChainable {
  const sweep = call(scope, 'Sweep landing', { fn: props.sweepLanding, patience: FILE_PATIENCE });
  const rebuild = call(scope, 'Rebuild silver', { fn: props.rebuildSilver, patience: FILE_PATIENCE });
  const wait = new sfn.Wait(scope, 'Wait for the files', {
    time: sfn.WaitTime.secondsPath(sfn.JsonPath.stringAt('$.wait_seconds')),
  });
  wait.next(sweep);
  rebuild.next(
    new sfn.Choice(scope, 'Silver rebuilt?')
      .when(sfn.Condition.booleanEquals('$.rebuilt', true), sweep)
      .otherwise(rebuild),
  );
  return sweep.next(
    new sfn.Choice(scope, 'Landing swept?')
      .when(sfn.Condition.booleanEquals('$.done', true), new sfn.Succeed(scope, 'Nothing left'))
      .when(sfn.Condition.booleanEquals('$.listed', false), sweep)
      .when(sfn.Condition.isPresent('$.rebuilt'), wait)
      .otherwise(rebuild),
  );
}

/**
 * The course of a load: select what is pending, then submit, wait and check each step until the warehouse has committed it,
 * finish, and select again until nothing is pending. States carry ids, counts and statuses, never text of the warehouse.
 */
export function loadDefinition(
  scope: Construct,
  props: { config: CarelakeConfig; selectLoad: lambda.IFunction; load: lambda.IFunction },
): sfn.IChainable {
  const { config, selectLoad, load } = props;
  const seconds = (n: number): sfn.WaitTime => sfn.WaitTime.duration(Duration.seconds(n));
  const at = (path: string): string => sfn.JsonPath.stringAt(path);

  const select = call(scope, 'Select', {
    fn: selectLoad,
    payload: { window: at('$.window'), execution: at('$$.Execution.Name') },
    resultPath: '$.select',
    patience: LOAD_PATIENCE,
  });
  const begin = new sfn.Pass(scope, 'Begin', {
    parameters: { window: at('$.window'), load: { load_id: at('$.select.load.load_id'), step: 'apply-0', attempt: 0 } },
  });
  const step = { load_id: at('$.load.load_id'), step: at('$.load.step'), attempt: at('$.load.attempt') };
  const start = call(scope, 'Start', {
    fn: load,
    payload: { op: 'start', ...step },
    resultPath: '$.load',
    patience: LOAD_PATIENCE,
  });
  const check = call(scope, 'Check', {
    fn: load,
    payload: { op: 'check', ...step, statement_id: at('$.load.statement_id') },
    resultPath: '$.load',
    patience: LOAD_PATIENCE,
  });
  const finish = call(scope, 'Finish', {
    fn: load,
    payload: { op: 'finish', load_id: at('$.load.load_id') },
    resultPath: '$.finish',
    patience: LOAD_PATIENCE,
  });
  const poll = new sfn.Wait(scope, 'Poll', { time: seconds(config.load.pollSeconds) });
  const again = new sfn.Wait(scope, 'Wait before retry', { time: seconds(config.load.pollSeconds) });
  const busy = new sfn.Wait(scope, 'Warehouse busy', { time: seconds(config.load.busySeconds) });
  const failed = new sfn.Fail(scope, 'Load failed', {
    error: 'Carelake.LoadFailed',
    cause: 'The load reported a failure; see the log of the load function for the reason',
  });

  const is = (state: string): sfn.Condition => sfn.Condition.stringEquals('$.load.state', state);
  const outcome = new sfn.Choice(scope, 'What follows?')
    .when(is('RUNNING'), poll)
    .when(is('NEXT'), start)
    .when(is('RETRY'), again)
    .when(is('BUSY'), busy)
    .when(is('SELECT_AGAIN'), select)
    .when(is('DONE'), finish)
    .otherwise(failed);
  poll.next(check).next(outcome);
  again.next(start);
  start.next(new sfn.Choice(scope, 'Submitted?').when(is('RUNNING'), poll).otherwise(outcome));
  busy.next(select);
  finish.next(select);
  begin.next(start);
  select.next(
    new sfn.Choice(scope, 'Anything pending?')
      .when(sfn.Condition.booleanEquals('$.select.pending', true), begin)
      .otherwise(new sfn.Succeed(scope, 'Nothing pending')),
  );
  if (config.load.trigger.kind !== 'onArrival') return select;
  return new sfn.Wait(scope, 'Debounce', { time: seconds(config.load.trigger.debounceSeconds) }).next(select);
}
