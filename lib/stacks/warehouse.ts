import { CfnOutput } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as redshift from 'aws-cdk-lib/aws-redshiftserverless';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { listObjects, readObjects, roleWith, useKey } from '../constructs/grants';
import { encryptedLogGroup } from '../constructs/log-group';
import { dataRemoval } from '../constructs/retention';
import { BaseStack, type BaseProps } from './base';
import type { KeysStack } from './keys';
import type { LakeStack } from './lake';
import type { NetworkStack } from './network';

/** What the warehouse reports, into log groups whose names Redshift dictates. */
const LOG_EXPORTS = ['connectionlog', 'userlog', 'useractivitylog'];

/** Redshift Serverless: a namespace that keeps the data and a workgroup that sleeps until asked. */
export class WarehouseStack extends BaseStack {
  readonly adminSecret: secrets.Secret;
  readonly workgroup: redshift.CfnWorkgroup;
  readonly database: string;

  constructor(
    scope: Construct,
    id: string,
    { config, keys, lake, network }: BaseProps & { keys: KeysStack; lake: LakeStack; network: NetworkStack },
  ) {
    super(scope, id, 'the Redshift Serverless warehouse', config, true);
    const name = `carelake-${config.env}`;
    this.database = config.warehouse.database;
    this.adminSecret = new secrets.Secret(this, 'AdminSecret', {
      description: 'Administrator of the warehouse; read only by the migrations',
      encryptionKey: keys.use(this, 'platform'),
      // Editing anything below makes CloudFormation generate another value; the stateful inventory refuses it.
      generateSecretString: {
        secretStringTemplate: '{"username":"carelake_admin"}',
        generateStringKey: 'password',
        passwordLength: 48,
        excludePunctuation: true,
        requireEachIncludedType: true,
        includeSpace: false,
      },
      removalPolicy: dataRemoval(config),
    });
    const logGroups = LOG_EXPORTS.map((log) =>
      encryptedLogGroup(this, `${log[0]!.toUpperCase()}${log.slice(1)}`, {
        config,
        key: keys.use(this, 'platform'),
        logGroupName: `/aws/redshift/${name}/${log}`,
      }),
    );
    const copyRole = this.makeCopyRole(keys, lake);
    const namespace = new redshift.CfnNamespace(this, 'Namespace', {
      namespaceName: name,
      dbName: this.database,
      adminUsername: this.adminSecret.secretValueFromJson('username').unsafeUnwrap(),
      adminUserPassword: this.adminSecret.secretValueFromJson('password').unsafeUnwrap(),
      iamRoles: [copyRole.roleArn],
      defaultIamRoleArn: copyRole.roleArn,
      kmsKeyId: keys.use(this, 'warehouse').keyArn,
      logExports: LOG_EXPORTS,
    });
    // Redshift would create the groups itself, without key and retention, if they were not there first.
    for (const group of logGroups) namespace.node.addDependency(group);
    namespace.applyRemovalPolicy(dataRemoval(config));
    this.workgroup = new redshift.CfnWorkgroup(this, 'Workgroup', {
      workgroupName: name,
      namespaceName: namespace.ref,
      baseCapacity: config.warehouse.baseRpu,
      maxCapacity: config.warehouse.maxRpu,
      publiclyAccessible: false,
      enhancedVpcRouting: config.network.enhancedVpcRouting,
      subnetIds: network.vpc.isolatedSubnets.map((s) => s.subnetId),
      securityGroupIds: [network.warehouseGroup.securityGroupId],
      configParameters: [
        { parameterKey: 'require_ssl', parameterValue: 'true' },
        { parameterKey: 'enable_user_activity_logging', parameterValue: 'true' },
        { parameterKey: 'max_query_execution_time', parameterValue: String(config.warehouse.maxQuerySeconds) },
      ],
    });
    this.workgroup.applyRemovalPolicy(dataRemoval(config));
    new CfnOutput(this, 'WorkgroupName', { value: this.workgroup.ref, description: 'Redshift Serverless workgroup' });
    new CfnOutput(this, 'DatabaseName', { value: this.database, description: 'Database of the warehouse' });
  }

  /** The default role of the namespace: COPY reads silver and the lists of the loads, nothing else. */
  private makeCopyRole(keys: KeysStack, lake: LakeStack): iam.Role {
    return roleWith(this, 'CopyRole', {
      assumedBy: new iam.CompositePrincipal(
        new iam.ServicePrincipal('redshift-serverless.amazonaws.com'),
        new iam.ServicePrincipal('redshift.amazonaws.com'),
      ),
      description: 'COPY into the warehouse: reads silver and the object lists of the loads',
      statements: [
        readObjects(lake.buckets.silver),
        listObjects(lake.buckets.silver),
        readObjects(lake.buckets.control, 'loads/'),
        listObjects(lake.buckets.control),
        useKey(keys.use(this, 'lake'), 's3', 'read'),
      ],
    });
  }
}
