/** Handler actions that the templates do not need. */
export interface Unused {
  /** Types whose handlers declare it; absent: all. */
  readonly type?: string;
  readonly actions: readonly string[];
  /** Properties that would make the handler call it. No resource of the templates has one, or the policy is refused by its test. */
  readonly properties: readonly string[];
}

/**
 * A handler declares what any template could make it do. What only a property that the platform never sets needs stays out of the
 * execution policy: much of it reaches data.
 */
export const UNUSED: readonly Unused[] = [
  {
    type: 'AWS::EC2::FlowLog',
    actions: ['s3:*', 'iam:CreateServiceLinkedRole'],
    properties: ['LogDestination'],
  },
  {
    type: 'AWS::EC2::VPCEndpoint',
    actions: ['vpc-lattice:Create*', 'vpce:*'],
    properties: ['ServiceNetworkArn', 'ServiceRegion'],
  },
  { type: 'AWS::IAM::ManagedPolicy', actions: ['iam:*GroupPolicy'], properties: ['Groups'] },
  { type: 'AWS::IAM::ManagedPolicy', actions: ['iam:*UserPolicy'], properties: ['Users'] },
  // Called when an update takes a role's boundary off, which is what the policy is there to prevent.
  { type: 'AWS::IAM::Role', actions: ['iam:DeleteRolePermissionsBoundary'], properties: [] },
  { type: 'AWS::Lambda::Function', actions: ['kms:*'], properties: ['KmsKeyArn'] },
  {
    type: 'AWS::Lambda::Function',
    actions: [
      'lambda:GetCodeSigningConfig',
      'lambda:PutFunctionCodeSigningConfig',
      'lambda:DeleteFunctionCodeSigningConfig',
    ],
    properties: ['CodeSigningConfigArn'],
  },
  { type: 'AWS::Lambda::Function', actions: ['lambda:GetLayerVersion'], properties: ['Layers'] },
  { type: 'AWS::Lambda::Function', actions: ['lambda:PassCapacityProvider'], properties: ['CapacityProviderConfig'] },
  {
    type: 'AWS::Lambda::Function',
    actions: ['elasticfilesystem:*', 's3files:*'],
    properties: ['FileSystemConfigs'],
  },
  { type: 'AWS::Lambda::EventSourceMapping', actions: ['kms:*'], properties: ['KmsKeyArn'] },
  { type: 'AWS::Logs::LogGroup', actions: ['s3:*', 'firehose:*'], properties: ['DataProtectionPolicy'] },
  {
    type: 'AWS::RedshiftServerless::Namespace',
    actions: ['secretsmanager:*'],
    properties: ['ManageAdminPassword'],
  },
  {
    type: 'AWS::RedshiftServerless::Namespace',
    actions: ['redshift:PutResourcePolicy', 'redshift:DeleteResourcePolicy'],
    properties: ['NamespaceResourcePolicy'],
  },
  // Redshift uses a key that it is given; it neither tags nor deletes it.
  {
    type: 'AWS::RedshiftServerless::Namespace',
    actions: ['kms:TagResource', 'kms:UntagResource', 'kms:ScheduleKeyDeletion', 'kms:CancelKeyDeletion'],
    properties: [],
  },
  {
    type: 'AWS::S3::Bucket',
    actions: [
      's3tables:*',
      's3:*MetadataTable*',
      's3:*MetadataJournal*',
      's3:*MetadataInventory*',
      's3:*MetadataAnnotation*',
    ],
    properties: ['MetadataTableConfiguration', 'MetadataConfiguration'],
  },
  { type: 'AWS::S3::Bucket', actions: ['iam:PassRole'], properties: ['ReplicationConfiguration'] },
  // No property of a bucket is an object: CloudFormation has no business with what the lake holds.
  { type: 'AWS::S3::Bucket', actions: ['s3:DeleteObject', 's3:PutObjectAcl'], properties: [] },
  {
    type: 'AWS::SecretsManager::Secret',
    actions: ['secretsmanager:ReplicateSecretToRegions', 'secretsmanager:RemoveRegionsFromReplication'],
    properties: ['ReplicaRegions'],
  },
  { type: 'AWS::SNS::Subscription', actions: ['iam:*'], properties: ['SubscriptionRoleArn'] },
  { type: 'AWS::SNS::Topic', actions: ['iam:*'], properties: ['DeliveryStatusLogging'] },
  {
    type: 'AWS::StepFunctions::StateMachine',
    actions: ['s3:*'],
    properties: ['DefinitionS3Location'],
  },
];

/** Whether an action is matched by a pattern with `*`, as IAM reads it: without regard to case. */
const matches = (pattern: string, action: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(action);

/** The entry that keeps an action of a type's handler out of the policy. */
export const unusedEntry = (type: string, action: string): Unused | undefined =>
  UNUSED.find((u) => (u.type ?? type) === type && u.actions.some((pattern) => matches(pattern, action)));
