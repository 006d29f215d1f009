import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';
import type { LakeStack } from '../stacks/lake';
import { callDaily } from './daily';
import { CarelakeFunction, type CodeOf } from './function';
import { allow, listObjects, redshiftQuestions, useKey } from './grants';

/** Objects that the function reads (core/load/settled.ts, core/load/control-state.ts). */
const MARKS = ['loads/_settled.json', 'loads/_reopened.json', 'loads/_state.json'];

/** Looks every day whether the warehouse holds what silver says, by its own checks, and whether silver is loaded. */
export class DailyCheck extends Construct {
  readonly fn: lambda.Function;

  constructor(
    scope: Construct,
    id: string,
    props: {
      config: CarelakeConfig;
      code: CodeOf;
      key: kms.IKey;
      lakeKey: kms.IKey;
      lake: LakeStack;
      workgroupArn: string;
      warehouseEnvironment: Record<string, string>;
      undelivered: sqs.Queue;
    },
  ) {
    super(scope, id);
    const { config, key, lakeKey, lake, workgroupArn, undelivered } = props;
    const { silver, control } = lake.buckets;
    this.fn = new CarelakeFunction(this, 'CheckTables', {
      name: 'check',
      config,
      code: props.code,
      logKey: key,
      description: 'Counts violations of the checks of the warehouse, and silver objects that no load has loaded',
      memoryMb: 512,
      timeoutSeconds: 900,
      environment: {
        SILVER_BUCKET: silver.bucketName,
        CONTROL_BUCKET: control.bucketName,
        ...props.warehouseEnvironment,
      },
      databaseRoles: ['checker'],
      statements: [
        listObjects(silver),
        listObjects(control),
        allow(
          ['s3:GetObject'],
          MARKS.map((mark) => control.arnForObjects(mark)),
        ),
        useKey(lakeKey, 's3', 'read'),
        ...redshiftQuestions(workgroupArn),
        allow(['redshift-serverless:GetCredentials'], [workgroupArn]),
      ],
    }).fn;
    callDaily(this, {
      fn: this.fn,
      at: config.load.check,
      key,
      undelivered,
      roleDescription: 'Starts the daily check',
      description: 'Checks whether warehouse, silver and receipts agree',
    });
  }
}
