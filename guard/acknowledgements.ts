/** Who answers for an acknowledgement. */
export type Owner = 'platform' | 'security' | 'cost';

/** A finding that stands, where it stands, why, and who answers for it. */
export interface Acknowledgement {
  /** Finding id as the check prints it, without the pack's prefix before `::`. */
  readonly id: string;
  /** Construct paths. Each must still produce the finding, or the synthesis fails. */
  readonly paths: readonly string[];
  readonly reason: string;
  readonly owner: Owner;
  /** Environments it holds in; absent: in all of them. */
  readonly envs?: readonly string[];
  /** The check itself failed on this construct. Such a finding is never covered by an ordinary acknowledgement. */
  readonly threw?: boolean;
}

const ZONES = ['Landing', 'Bronze', 'Silver', 'Gold', 'Quarantine', 'Control', 'Failed'].map(
  (z) => `Lake/${z}/Resource`,
);
const FUNCTIONS = [
  'Migrate',
  'IngestStream',
  'IngestFile',
  'ReplayFailed',
  'Landing/SweepLanding',
  'Landing/RebuildSilver',
  'SelectLoad',
  'Load',
  'KeyWatch/WatchKeys',
  'DailyCheck/CheckTables',
].map((f) => `Pipeline/${f}/Function/Resource`);
const SECRETS = ['Keys/DurableKeySecret/Resource', 'Warehouse/AdminSecret/Resource'];
const policy = (...names: string[]): string[] => names.map((n) => `Pipeline/${n}/RolePolicy/Resource`);
const CLOUD = ['dev', 'prod'];
const PREFIX =
  'Objects have no other names than these: a prefix of one bucket, read or written, never listed or deleted by it';

/** Everything that the packs find and that stays as it is. */
export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    id: 'HIPAA.Security-SecretsManagerRotationEnabled',
    paths: SECRETS,
    owner: 'security',
    reason:
      'Another value of the durable-key secret would rename every patient. The administrator is used by migrations alone, through the Data API, and no network path leads to its password.',
  },
  {
    id: 'AwsSolutions-SMG4',
    paths: SECRETS,
    owner: 'security',
    reason: 'As for HIPAA.Security-SecretsManagerRotationEnabled: these two secrets do not rotate by themselves.',
  },
  ...['HIPAA.Security-SecretsManagerRotationEnabled', 'AwsSolutions-SMG4'].map((id): Acknowledgement => ({
    id,
    paths: ['Keys/DurableKeyBackup'],
    envs: ['prod'],
    owner: 'security',
    reason: 'The copy of a secret that never rotates: it is worth nothing once it differs.',
  })),
  {
    id: 'HIPAA.Security-VPCDefaultSecurityGroupClosed',
    paths: ['Network/Vpc/Resource'],
    owner: 'security',
    reason: 'Nothing joins the default group, and no route leaves the network; closing it takes a custom resource.',
  },
  {
    id: 'HIPAA.Security-VPCFlowLogsEnabled',
    paths: ['Network/Vpc/Resource'],
    envs: ['local', 'dev'],
    owner: 'cost',
    reason:
      'Production has the flow log. Elsewhere the network carries the interfaces of a warehouse with synthetic data only.',
  },
  {
    id: 'AwsSolutions-VPC7',
    paths: ['Network/Vpc/Resource'],
    envs: ['local', 'dev'],
    owner: 'cost',
    reason: 'As for HIPAA.Security-VPCFlowLogsEnabled.',
  },
  {
    id: 'HIPAA.Security-S3BucketLoggingEnabled',
    paths: ZONES,
    owner: 'security',
    reason:
      'Server access logs cannot be written under a customer managed key. CloudTrail data events name who reads an object; a trail belongs to the account, so that the stacks make none and preflight warns where none covers these buckets.',
  },
  {
    id: 'AwsSolutions-S1',
    paths: ZONES,
    owner: 'security',
    reason: 'As for HIPAA.Security-S3BucketLoggingEnabled.',
  },
  {
    id: 'HIPAA.Security-S3DefaultEncryptionKMS',
    paths: ['Lake/Failed/Resource'],
    envs: ['local', 'dev'],
    owner: 'cost',
    reason:
      'A batch is given up when the lake cannot be written, and the one key of the environment may be why; a second key costs as much as all storage there. Production has one.',
  },
  {
    id: 'HIPAA.Security-S3BucketReplicationEnabled',
    paths: ZONES,
    owner: 'cost',
    reason:
      'A second region is a decision of recovery with its own price; buckets are versioned and everything after landing and bronze can be made again.',
  },
  {
    id: 'HIPAA.Security-LambdaConcurrency',
    paths: FUNCTIONS,
    owner: 'platform',
    reason:
      'A new account may have ten concurrent executions, and reserving any would refuse the deployment. Shards bound ingest, and the one writer bounds the load.',
  },
  {
    id: 'HIPAA.Security-LambdaConcurrency',
    paths: ['Pipeline/UsageLimit/Function/Resource'],
    envs: CLOUD,
    owner: 'platform',
    reason: 'Called by CloudFormation, once for each change.',
  },
  {
    id: 'HIPAA.Security-LambdaDLQ',
    paths: FUNCTIONS,
    owner: 'platform',
    reason:
      'Nobody calls these functions asynchronously but CloudFormation, which waits for the answer, and a daily schedule whose failures an alarm counts. The stream has its own on-failure destination, state machines retry and alarm.',
  },
  {
    id: 'HIPAA.Security-LambdaDLQ',
    paths: ['Pipeline/UsageLimit/Function/Resource'],
    envs: CLOUD,
    owner: 'platform',
    reason: 'Called by CloudFormation, which waits for the answer.',
  },
  {
    id: 'HIPAA.Security-LambdaInsideVPC',
    paths: FUNCTIONS,
    owner: 'cost',
    reason:
      'They speak to AWS services over TLS under their own roles and to nothing inside a network. Interface endpoints for the same calls cost more than the platform idle.',
  },
  {
    id: 'HIPAA.Security-LambdaInsideVPC',
    paths: ['Pipeline/UsageLimit/Function/Resource'],
    envs: CLOUD,
    owner: 'cost',
    reason: 'As for the other functions.',
  },
  {
    id: 'AwsSolutions-KDS3',
    paths: ['Stream/Events/Resource'],
    owner: 'security',
    reason: 'The rule asks for the key of AWS; the stream has a customer managed one, which is the stricter choice.',
  },
  {
    id: 'AwsSolutions-SF2',
    paths: ['IngestFileMachine', 'ReplayFailedMachine', 'RebuildMachine', 'Landing/SweepMachine', 'LoadMachine'].map(
      (m) => `Pipeline/${m}/Machine/Resource`,
    ),
    owner: 'security',
    reason:
      'Traces would be one more store that must stay free of patient data; the log of each execution tells its course.',
  },
  {
    id: 'AwsSolutions-SQS3',
    paths: ['Pipeline/Triggers/Undelivered/Resource'],
    owner: 'platform',
    reason: 'It is itself the dead-letter queue of the triggers, and an alarm watches it.',
  },
  {
    id: 'AwsSolutions-IAM5[Resource::*]',
    paths: policy('Migrate', 'Load', 'DailyCheck/CheckTables'),
    owner: 'security',
    reason:
      'Describing a Redshift Data statement and reading its result know no resource; a condition holds both to statements of the caller itself. Reading tags, by which Redshift finds the database roles of Load and the daily check, knows none either.',
  },
  {
    id: 'AwsSolutions-IAM5[Resource::*]',
    paths: policy('IngestFileMachine', 'ReplayFailedMachine', 'RebuildMachine', 'Landing/SweepMachine', 'LoadMachine'),
    owner: 'platform',
    reason: 'Delivery of a state machine log knows no resource; the actions are those that AWS documents for it.',
  },
  {
    id: 'AwsSolutions-IAM5[Resource::*]',
    paths: policy('UsageLimit'),
    envs: CLOUD,
    owner: 'cost',
    reason: 'Usage limits of Redshift Serverless are no resources in its authorization.',
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<FlowLogGroup3E25AA51.Arn>:*]',
    paths: ['Network/FlowLogRolePolicy/Resource'],
    envs: ['prod'],
    owner: 'security',
    reason: 'Streams of the one log group that the flow log writes.',
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<LandingF95672E9.Arn>/*]',
    paths: policy('IngestFile'),
    owner: 'security',
    reason: 'People choose the names of the files they land.',
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Bronze2BD6FD35.Arn>/*]',
    paths: policy('Landing/RebuildSilver', 'IngestStream', 'ReplayFailed'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Silver060FFE09.Arn>/*]',
    paths: [
      'Warehouse/CopyRolePolicy/Resource',
      ...policy('Landing/RebuildSilver', 'IngestStream', 'IngestFile', 'ReplayFailed', 'SelectLoad'),
    ],
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Quarantine23FF09FE.Arn>/*]',
    paths: policy('Landing/RebuildSilver', 'IngestStream', 'IngestFile', 'ReplayFailed'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Quarantine23FF09FE.Arn>/arrival=*]',
    paths: policy('Load'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/_key/*]',
    paths: policy('Landing/RebuildSilver', 'IngestStream', 'IngestFile', 'ReplayFailed', 'SelectLoad'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/attempts/replay/*]',
    paths: policy('ReplayFailed'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/attempts/*]',
    paths: policy('IngestStream'),
    owner: 'security',
    reason: 'Marks of attempts at a record, which ingest-stream alone writes and removes.',
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Failed178E83A2.Arn>/aws/lambda/*]',
    paths: policy('IngestStream', 'ReplayFailed'),
    owner: 'security',
    reason: 'The names below the prefix are given by Lambda.',
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/ingest/*]',
    paths: policy('IngestFile'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/files/slots/*]',
    paths: policy('IngestFile'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/files/read/*]',
    paths: policy('IngestFile'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/files/same/*]',
    paths: policy('IngestFile'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/withdrawals/*]',
    paths: policy('IngestFile', 'SelectLoad', 'Load'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/files/backfill/*]',
    paths: policy('Landing/SweepLanding'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/files/sweep/*]',
    paths: policy('Landing/SweepLanding'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/profiles/*]',
    paths: policy('IngestFile'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/loads/*]',
    paths: ['Warehouse/CopyRolePolicy/Resource', ...policy('SelectLoad', 'Load')],
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/_ledger/*]',
    paths: policy('SelectLoad', 'Load'),
    owner: 'security',
    reason: PREFIX,
  },
  {
    id: 'AwsSolutions-IAM5[Resource::<Control42E771B2.Arn>/_ledger/*]',
    paths: policy('Migrate'),
    owner: 'security',
    reason:
      'A rebuild removes the receipts of all that it empties; they can be made again from the ledger or by loading.',
  },
];
