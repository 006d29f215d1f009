import { CfnOutput, Duration } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';
import type { KeysStack } from '../stacks/keys';
import type { LakeStack } from '../stacks/lake';
import { fhirOf } from './stream-functions';
import { CarelakeFunction, type CodeOf } from './function';
import {
  allow,
  listObjects,
  listVersions,
  readObjects,
  reopenHours,
  restoreObjects,
  useKey,
  writeObjects,
} from './grants';
import { Machine, sweepDefinition } from './load-machine';

/** What the sweep stands on. */
export interface LandingSweepProps {
  readonly config: CarelakeConfig;
  readonly code: CodeOf;
  readonly keys: KeysStack;
  readonly lake: LakeStack;
  readonly lakeKey: kms.IKey;
  readonly logKey: kms.IKey;
  /** What every function may do that writes silver and quarantine from records. */
  readonly ingestStatements: () => iam.PolicyStatement[];
  readonly files: sfn.StateMachine;
  readonly loads: sfn.StateMachine;
}

/** Finds landed objects that nobody has read, daily; and starts again what arrived in a range of days, by hand. */
export class LandingSweep extends Construct {
  readonly machine: sfn.StateMachine;

  constructor(scope: Construct, id: string, props: LandingSweepProps) {
    super(scope, id);
    const { config, logKey } = props;
    const [sweepLanding, rebuildSilver] = [this.sweepLanding(props), this.rebuildSilver(props)];
    this.machine = new Machine(this, 'SweepMachine', {
      config,
      key: logKey,
      functions: [sweepLanding, rebuildSilver],
      definition: sweepDefinition(this, { sweepLanding, rebuildSilver }),
      timeout: Duration.hours(48),
      comment: 'Looks through landing for unread files; reads again what arrived in a range of days',
    }).machine;
    new CfnOutput(scope, 'SweepMachineArn', {
      value: this.machine.stateMachineArn,
      description: 'Start it with {"from","to","id"} to read again what arrived in these days',
    });
  }

  private sweepLanding({ config, code, lake, lakeKey, logKey, files, loads }: LandingSweepProps) {
    const { landing, control } = lake.buckets;
    return new CarelakeFunction(this, 'SweepLanding', {
      name: 'sweep-landing',
      config,
      code,
      logKey,
      description:
        'Finds unread objects in landing and starts reading them; reads again what landed in a range of days',
      memoryMb: 1024,
      timeoutSeconds: 900,
      environment: {
        LANDING_BUCKET: landing.bucketName,
        CONTROL_BUCKET: control.bucketName,
        FILES_MACHINE_ARN: files.stateMachineArn,
        LOAD_MACHINE_ARN: loads.stateMachineArn,
        UNREAD_AFTER_MINUTES: String(config.files.unreadAfterMinutes),
      },
      statements: [
        listVersions(landing),
        ...restoring(config, () => restoreObjects(landing)),
        listObjects(control),
        // How far a backfill or a sweep is, what was started how often, and up to where landing is settled.
        readObjects(control, 'files/backfill/', 'files/sweep/'),
        writeObjects(control, 'files/backfill/', 'files/sweep/'),
        allow(['s3:GetObject', 's3:PutObject'], [control.arnForObjects('files/settled.json')]),
        reopenHours(control),
        useKey(lakeKey, 's3', 'readWrite'),
        allow(['states:StartExecution'], [files.stateMachineArn, loads.stateMachineArn]),
      ],
    }).fn;
  }

  private rebuildSilver({ config, code, keys, lake, logKey, ingestStatements }: LandingSweepProps) {
    const { bronze, silver, quarantine, control } = lake.buckets;
    return new CarelakeFunction(this, 'RebuildSilver', {
      name: 'rebuild-silver',
      config,
      code,
      logKey,
      description: 'Regenerates silver and quarantine from the records in bronze of a range of days',
      memoryMb: 1769,
      timeoutSeconds: 900,
      environment: {
        BRONZE_BUCKET: bronze.bucketName,
        SILVER_BUCKET: silver.bucketName,
        QUARANTINE_BUCKET: quarantine.bucketName,
        CONTROL_BUCKET: control.bucketName,
        KEY_SECRET_ARN: keys.keySecret.secretArn,
        ...fhirOf(config),
      },
      statements: [
        ...ingestStatements(),
        // Looks among what was quarantined for records that ended the process.
        listObjects(quarantine),
        listObjects(bronze),
        readObjects(bronze),
        ...restoring(config, () => restoreObjects(bronze)),
      ],
    }).fn;
  }
}

/** Nothing lies in an archive unless the configuration sends it there. */
const restoring = (config: CarelakeConfig, statement: () => iam.PolicyStatement): iam.PolicyStatement[] =>
  config.lake.archive ? [statement()] : [];
