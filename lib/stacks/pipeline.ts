import { CfnOutput, CustomResource, Duration } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { Alarms } from '../constructs/alarms';
import { sqlHash } from '../constructs/bundle';
import { CarelakeFunction, type CodeOf } from '../constructs/function';
import {
  allow,
  listObjects,
  readObjects,
  readVersions,
  redshiftData,
  reopenHours,
  removeObjects,
  useKey,
  writeObjects,
} from '../constructs/grants';
import { ingestStatements } from '../constructs/ingest-grants';
import { LandingSweep } from '../constructs/landing-sweep';
import { DailyCheck } from '../constructs/daily-check';
import { KeyWatch } from '../constructs/key-watch';
import {
  Machine,
  ingestFileDefinition,
  loadDefinition,
  rebuildDefinition,
  replayDefinition,
} from '../constructs/load-machine';
import { streamFunctions } from '../constructs/stream-functions';
import { Triggers } from '../constructs/triggers';
import { limitUsage } from '../constructs/usage-limit';
import { BaseStack, type BaseProps } from './base';
import type { KeysStack } from './keys';
import type { LakeStack } from './lake';
import type { StreamStack } from './stream';
import type { WarehouseStack } from './warehouse';

/** The stateful stacks that the pipeline stands on, and where its code comes from. */
export interface PipelineProps extends BaseProps {
  readonly keys: KeysStack;
  readonly lake: LakeStack;
  readonly stream: StreamStack;
  readonly warehouse: WarehouseStack;
  readonly code: CodeOf;
}

/** Everything that moves data and keeps none: functions, state machines, triggers, alarms. */
export class PipelineStack extends BaseStack {
  private readonly lakeKey: kms.IKey;
  private readonly platformKey: kms.IKey;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: PipelineProps,
  ) {
    super(scope, id, 'ingest, load, triggers and alarms', props.config, false);
    const { config, keys } = props;
    this.lakeKey = keys.use(this, 'lake');
    this.platformKey = keys.use(this, 'platform');

    const { migrate, migrations } = this.makeMigrate();
    limitUsage(this, { config, code: props.code, logKey: this.platformKey, workgroupArn: this.workgroupArn });
    const { ingestStream, replayFailed } = this.makeStreamFunctions();
    const ingestFile = this.makeIngestFile();
    const selectLoad = this.makeSelectLoad();
    const load = this.makeLoad();

    const files = new Machine(this, 'IngestFileMachine', {
      config,
      key: this.platformKey,
      functions: [ingestFile],
      definition: ingestFileDefinition(this, ingestFile),
      // Long enough for the last of many that landed together; the wait for a slot costs nothing.
      timeout: Duration.hours(48),
      comment: 'Reads one landed file, piece by piece, into silver and quarantine',
    }).machine;
    const replays = new Machine(this, 'ReplayFailedMachine', {
      config,
      key: this.platformKey,
      functions: [replayFailed],
      definition: replayDefinition(this, replayFailed),
      timeout: Duration.hours(12),
      comment: 'Ingests the batches of the stream that were given up; started by carelake replay-failed',
    }).machine;
    const loads = new Machine(this, 'LoadMachine', {
      config,
      key: this.platformKey,
      functions: [selectLoad, load],
      definition: loadDefinition(this, { config, selectLoad, load }),
      timeout: Duration.minutes(config.load.timeoutMinutes),
      comment: 'Loads pending silver objects into the warehouse, one writer at a time',
    }).machine;
    // No load may meet a schema that is not there yet.
    loads.node.addDependency(migrations);
    const rebuilds = new Machine(this, 'RebuildMachine', {
      config,
      key: this.platformKey,
      functions: [migrate],
      definition: rebuildDefinition(this, migrate),
      timeout: Duration.hours(12),
      comment: 'Empties the warehouse for a rebuild from silver; started by carelake rebuild',
    }).machine;

    const sweep = new LandingSweep(this, 'Landing', {
      config,
      code: props.code,
      keys,
      lake: props.lake,
      lakeKey: this.lakeKey,
      logKey: this.platformKey,
      ingestStatements: () => this.ingestStatements(),
      files,
      loads,
    });
    const alarms = new Alarms(this, 'Alarms', { config, key: this.platformKey });
    const triggers = new Triggers(this, 'Triggers', {
      config,
      key: this.platformKey,
      landing: props.lake.buckets.landing,
      silver: props.lake.buckets.silver,
      files,
      loads,
      sweep: sweep.machine,
    });
    const { fn: watchKeys } = new KeyWatch(this, 'KeyWatch', {
      config,
      code: props.code,
      key: this.platformKey,
      keyArns: keys.arns,
      secretArns: [...keys.secretArns, props.warehouse.adminSecret.secretArn],
      undelivered: triggers.undelivered,
    });
    const { fn: check } = new DailyCheck(this, 'DailyCheck', {
      config,
      code: props.code,
      key: this.platformKey,
      lakeKey: this.lakeKey,
      lake: props.lake,
      workgroupArn: this.workgroupArn,
      warehouseEnvironment: this.warehouseEnvironment(),
      undelivered: triggers.undelivered,
    });
    alarms.watch({
      stream: props.stream.stream,
      ingestStream,
      functions: [ingestStream, ingestFile, selectLoad, load],
      watchKeys,
      check,
      files,
      loads,
      sweeps: [sweep.machine, replays],
      undelivered: triggers.undelivered,
      failed: props.lake.buckets.failed,
    });

    new CfnOutput(this, 'LoadMachineArn', { value: loads.stateMachineArn, description: 'Start it to load now' });
    new CfnOutput(this, 'IngestFileMachineArn', {
      value: files.stateMachineArn,
      description: 'Runs for each landed file',
    });
    new CfnOutput(this, 'ReplayFailedMachineArn', {
      value: replays.stateMachineArn,
      description: 'Start it to ingest the batches of the stream that were given up',
    });
    new CfnOutput(this, 'RebuildMachineArn', {
      value: rebuilds.stateMachineArn,
      description:
        'Empties the warehouse, which a load with {"window":"full"} then fills again; carelake rebuild does both',
    });
    new CfnOutput(this, 'AlarmTopicArn', { value: alarms.topic.topicArn, description: 'Subscribe to hear of alarms' });
  }

  private makeStreamFunctions() {
    const { config, code, keys, lake, stream } = this.props;
    const statements = this.ingestStatements();
    return streamFunctions(this, { config, code, keys, lake, stream, statements, logKey: this.platformKey });
  }

  /** Landed files into silver and quarantine, by profile. */
  private makeIngestFile(): lambda.Function {
    const { config, keys, lake } = this.props;
    const { landing, silver, quarantine, control } = lake.buckets;
    return new CarelakeFunction(this, 'IngestFile', {
      ...this.common('ingest-file', 'Reads a landed file by its profile into silver or quarantine'),
      memoryMb: 1769,
      timeoutSeconds: 900,
      environment: {
        LANDING_BUCKET: landing.bucketName,
        SILVER_BUCKET: silver.bucketName,
        QUARANTINE_BUCKET: quarantine.bucketName,
        CONTROL_BUCKET: control.bucketName,
        KEY_SECRET_ARN: keys.keySecret.secretArn,
        FILE_SLOTS: String(config.files.concurrency),
        SETTLE_AFTER_HOURS: this.settleAfterHours,
      },
      statements: [
        ...this.ingestStatements(),
        readVersions(landing),
        listObjects(landing),
        listObjects(quarantine),
        // Profiles of the users, receipts of chunks, what became of snapshots; slots of files that are being read, marks of those
        // that were, what tells the same bytes again, and which readings others took the place of.
        readObjects(control, 'profiles/', 'ingest/', 'files/slots/', 'files/same/'),
        writeObjects(control, 'ingest/', 'files/slots/', 'files/read/', 'files/same/', 'withdrawals/'),
        // A file that is read late goes into hours that a sweep over silver may have settled.
        reopenHours(control),
        listObjects(control),
      ],
    }).fn;
  }

  /** The stream writes into an hour for as long as it keeps the hour's records; two days more for files that wait. */
  private get settleAfterHours(): string {
    return String(this.props.config.stream.retentionHours + 48);
  }

  private ingestStatements() {
    const { keys, lake } = this.props;
    return ingestStatements({ lake, keySecret: keys.keySecret, lakeKey: this.lakeKey, platformKey: this.platformKey });
  }

  /** Finds silver objects that no load has taken; never asks the warehouse. */
  private makeSelectLoad(): lambda.Function {
    const { config, lake } = this.props;
    const { silver, control } = lake.buckets;
    return new CarelakeFunction(this, 'SelectLoad', {
      ...this.common('select-load', 'Finds pending silver objects and plans the next load'),
      memoryMb: 1024,
      timeoutSeconds: 300,
      environment: {
        SILVER_BUCKET: silver.bucketName,
        CONTROL_BUCKET: control.bucketName,
        MAX_OBJECTS_PER_LOAD: String(config.load.maxObjects),
        OPEN_WINDOW_HOURS: String(config.load.openWindowHours),
        SETTLE_AFTER_HOURS: this.settleAfterHours,
      },
      statements: [
        listObjects(silver),
        readObjects(silver),
        listObjects(control),
        readObjects(control, '_ledger/', 'loads/', '_key/', 'withdrawals/'),
        writeObjects(control, 'loads/', 'withdrawals/'),
        useKey(this.lakeKey, 's3', 'readWrite'),
      ],
    }).fn;
  }

  /** Submits the steps of a load and checks them; the warehouse does the work. */
  private makeLoad(): lambda.Function {
    const { lake } = this.props;
    const { silver, quarantine, control } = lake.buckets;
    return new CarelakeFunction(this, 'Load', {
      ...this.common('load', 'Submits and checks the steps of a load, then writes its receipts'),
      memoryMb: 512,
      timeoutSeconds: 300,
      environment: {
        SILVER_BUCKET: silver.bucketName,
        QUARANTINE_BUCKET: quarantine.bucketName,
        CONTROL_BUCKET: control.bucketName,
        ...this.warehouseEnvironment(),
      },
      databaseRoles: ['loader'],
      statements: [
        readObjects(control, 'loads/'),
        writeObjects(control, 'loads/', '_ledger/', 'withdrawals/'),
        listObjects(control),
        // An object that the warehouse cannot read is noted in quarantine, once.
        readObjects(quarantine, 'arrival='),
        writeObjects(quarantine, 'arrival='),
        useKey(this.lakeKey, 's3', 'readWrite'),
        ...this.warehouseStatements(),
        allow(['redshift-serverless:GetCredentials'], [this.workgroupArn]),
      ],
    }).fn;
  }

  /** Applies the SQL of this release, called by CloudFormation whenever the SQL changed; empties the warehouse for a rebuild. */
  private makeMigrate(): { migrate: lambda.Function; migrations: CustomResource } {
    const { warehouse, lake } = this.props;
    const { control } = lake.buckets;
    const { fn } = new CarelakeFunction(this, 'Migrate', {
      ...this.common('migrate', 'Applies the migrations and views of this release to the warehouse'),
      memoryMb: 512,
      timeoutSeconds: 900,
      environment: {
        ...this.warehouseEnvironment(),
        ADMIN_SECRET_ARN: warehouse.adminSecret.secretArn,
        CONTROL_BUCKET: control.bucketName,
      },
      statements: [
        ...this.warehouseStatements(),
        allow(['secretsmanager:GetSecretValue'], [warehouse.adminSecret.secretArn]),
        useKey(this.platformKey, 'secretsmanager', 'read'),
        // What says that silver is loaded goes with what was loaded; plans and all else stay.
        listObjects(control),
        removeObjects(control, '_ledger/'),
        allow(
          ['s3:DeleteObject'],
          ['loads/_settled.json', 'loads/_sweep.json'].map((mark) => control.arnForObjects(mark)),
        ),
      ],
    });
    const migrations = new CustomResource(this, 'Migrations', {
      resourceType: 'Custom::CarelakeMigrations',
      serviceToken: fn.functionArn,
      serviceTimeout: Duration.minutes(20),
      properties: { SqlHash: sqlHash() },
    });
    return { migrate: fn, migrations };
  }

  private common(name: Parameters<CodeOf>[0], description: string) {
    const { config, code } = this.props;
    return { name, config, code, description, logKey: this.platformKey };
  }

  private get workgroupArn(): string {
    return this.props.warehouse.workgroup.attrWorkgroupWorkgroupArn;
  }

  private warehouseStatements() {
    return redshiftData(this.workgroupArn);
  }

  private warehouseEnvironment(): Record<string, string> {
    const { warehouse } = this.props;
    return { REDSHIFT_WORKGROUP: warehouse.workgroup.ref, REDSHIFT_DATABASE: warehouse.database };
  }
}
