/** For each own Guard rule, resources that break it. The rule's name is the key; the test sees each of them fail. */

const ROLE = 'arn:aws:iam::111122223333:role/r';
const KINESIS = 'arn:aws:kinesis:us-east-1:111122223333:stream/s';
const LOGGED = { IncludeExecutionData: false, Level: 'ALL' };
const asl = (resource: string): string =>
  JSON.stringify({ StartAt: 'A', States: { A: { Type: 'Task', Resource: resource, End: true } } });
const policy = (...statements: unknown[]): unknown => ({ Version: '2012-10-17', Statement: statements });
const schedule = (ScheduleExpression: string): Raw => ({
  Type: 'AWS::Scheduler::Schedule',
  Properties: { FlexibleTimeWindow: { Mode: 'OFF' }, ScheduleExpression, Target: { Arn: KINESIS, RoleArn: ROLE } },
});
const mapping = (more: Record<string, unknown>): Raw => ({
  Type: 'AWS::Lambda::EventSourceMapping',
  Properties: {
    FunctionName: 'f',
    EventSourceArn: KINESIS,
    StartingPosition: 'LATEST',
    MaximumRecordAgeInSeconds: 3600,
    DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::b' } },
    ...more,
  },
});

const OF_ACCOUNT = { StringEquals: { 'aws:SourceAccount': '111122223333' } };
const keyFor = (Service: unknown): Raw => ({
  Type: 'AWS::KMS::Key',
  Properties: {
    KeyPolicy: policy({
      Effect: 'Allow',
      Principal: { Service },
      Action: 'kms:Decrypt',
      Resource: '*',
      Condition: OF_ACCOUNT,
    }),
  },
});
const topicFor = (Service: unknown): Raw => ({
  Type: 'AWS::SNS::TopicPolicy',
  Properties: {
    Topics: ['arn:aws:sns:us-east-1:111122223333:t'],
    PolicyDocument: policy({
      Effect: 'Allow',
      Principal: { Service },
      Action: 'sns:Publish',
      Resource: 'arn:aws:sns:us-east-1:111122223333:t',
      Condition: OF_ACCOUNT,
    }),
  },
});

/** A resource as the template writes it. */
export interface Raw {
  Type: string;
  Properties: Record<string, unknown>;
}

export const VIOLATIONS: Record<string, Record<string, Raw>> = {
  carelake_mapping_starts_somewhere: { NoStart: mapping({ StartingPosition: undefined }) },
  carelake_mapping_gives_up_into_a_destination: {
    NoDestination: mapping({ DestinationConfig: undefined }),
    NoAge: mapping({ MaximumRecordAgeInSeconds: undefined }),
    Endless: mapping({ MaximumRecordAgeInSeconds: -1 }),
  },
  carelake_mapping_holds_by_age: { Counts: mapping({ MaximumRetryAttempts: 5 }) },
  carelake_schedule_is_readable: { Words: schedule('every day'), FiveFields: schedule('cron(0 5 * * ?)') },
  carelake_rule_schedule_is_readable: {
    Words: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'rate(every 5 minutes)' } },
  },
  carelake_bucket_has_customer_key: {
    Plain: { Type: 'AWS::S3::Bucket', Properties: {} },
    Aes: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
      },
    },
    NoKey: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }],
        },
      },
    },
  },
  carelake_stream_has_customer_key: { Plain: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } } },
  carelake_stream_borrows_no_key: {
    OfAws: {
      Type: 'AWS::Kinesis::Stream',
      Properties: { ShardCount: 1, StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' } },
    },
  },
  carelake_secret_has_customer_key: {
    Plain: { Type: 'AWS::SecretsManager::Secret', Properties: { GenerateSecretString: {} } },
  },
  carelake_warehouse_has_customer_key: {
    Plain: { Type: 'AWS::RedshiftServerless::Namespace', Properties: { NamespaceName: 'abc' } },
  },
  carelake_topic_has_customer_key: { Plain: { Type: 'AWS::SNS::Topic', Properties: {} } },
  carelake_queue_has_customer_key: { Plain: { Type: 'AWS::SQS::Queue', Properties: {} } },
  carelake_key_lets_events_and_alarms_send: {
    Several: keyFor(['events.amazonaws.com', 'budgets.amazonaws.com']),
    Events: keyFor('events.amazonaws.com'),
    Alarms: keyFor('cloudwatch.amazonaws.com'),
  },
  carelake_topic_lets_events_publish: {
    Several: topicFor(['cloudwatch.amazonaws.com', 'events.amazonaws.com']),
    Events: topicFor('events.amazonaws.com'),
  },
  carelake_alarm_has_an_action: {
    Silent: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        ComparisonOperator: 'GreaterThanThreshold',
        EvaluationPeriods: 1,
        MetricName: 'm',
        Namespace: 'n',
        Period: 60,
        Statistic: 'Sum',
        Threshold: 1,
        AlarmActions: [],
      },
    },
  },
  carelake_log_group_forgets_and_is_encrypted: {
    Forever: { Type: 'AWS::Logs::LogGroup', Properties: { KmsKeyId: 'arn:aws:kms:us-east-1:111122223333:key/k' } },
    Open: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 7 } },
  },
  carelake_state_machine_logs_no_data: {
    Talkative: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        RoleArn: ROLE,
        DefinitionString: asl('arn:aws:lambda:us-east-1:111122223333:function:f'),
        LoggingConfiguration: { IncludeExecutionData: true, Level: 'ALL' },
      },
    },
  },
  carelake_policy_names_each_action: {
    AmongOthers: {
      Type: 'AWS::IAM::ManagedPolicy',
      Properties: {
        PolicyDocument: policy({ Effect: 'Allow', Action: ['s3:GetObject', 's3:Put*'], Resource: 'arn:aws:s3:::b/*' }),
      },
    },
    Alone: {
      Type: 'AWS::IAM::ManagedPolicy',
      Properties: { PolicyDocument: policy({ Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::b/*' }) },
    },
    AllBut: {
      Type: 'AWS::IAM::ManagedPolicy',
      Properties: {
        PolicyDocument: policy({ Effect: 'Allow', NotAction: ['s3:GetObject'], Resource: 'arn:aws:s3:::b/*' }),
      },
    },
  },
  carelake_role_names_each_action: {
    Inline: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: policy({
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
          Action: 'sts:AssumeRole',
        }),
        Policies: [
          {
            PolicyName: 'p',
            PolicyDocument: policy({
              Effect: 'Allow',
              Action: ['kms:*'],
              Resource: 'arn:aws:kms:us-east-1:111122223333:key/k',
            }),
          },
        ],
      },
    },
  },
  carelake_state_machine_leaves_sql_to_functions: {
    Redshift: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        RoleArn: ROLE,
        LoggingConfiguration: LOGGED,
        DefinitionString: {
          'Fn::Join': [
            '',
            [
              '{"StartAt":"A","States":{"A":{"Type":"Task","End":true,"Resource":"arn:',
              { Ref: 'AWS::Partition' },
              ':states:::aws-sdk:redshiftdata:executeStatement"}}}',
            ],
          ],
        },
      },
    },
    Athena: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        RoleArn: ROLE,
        LoggingConfiguration: LOGGED,
        DefinitionString: asl('arn:aws:states:::athena:startQueryExecution.sync'),
      },
    },
  },
  carelake_no_account_singleton: {
    Monitor: {
      Type: 'AWS::CE::AnomalyMonitor',
      Properties: { MonitorName: 'm', MonitorType: 'DIMENSIONAL', MonitorDimension: 'SERVICE' },
    },
    Administrators: { Type: 'AWS::LakeFormation::DataLakeSettings', Properties: {} },
  },
};
