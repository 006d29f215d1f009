import type { Account } from './account';
import { eligibility, type EligibilityTable } from './eligibility';
import { errorName, finding, type Finding } from './finding';
import type { Check, Needs } from './needs';
import { secondLife } from './retained';
import { subscribers } from './subscribers';
import { trail } from './trail';
import { baseCapacity, zones } from './zones';

const credentials: Check = async (account) => {
  const answer = await account.ask<{ Account?: string; Arn?: string }>('sts', 'GetCallerIdentity', {});
  const root = answer.Arn?.endsWith(':root') ?? false;
  return [
    finding(
      'credentials',
      'Credentials',
      root ? 'warn' : 'ok',
      `account ${answer.Account}${root ? ', as root' : ''}`,
      'aws sso login   # deploy with a role, never as root',
    ),
  ];
};

const bootstrap: Check = async (account, needs) => {
  const title = 'CDK bootstrap';
  const mend = `npx cdk bootstrap aws://ACCOUNT/${account.region}   # least privilege: docs/deploy.md, "Bootstrap"`;
  try {
    const answer = await account.ask<{ Parameter?: { Value?: string } }>('ssm', 'GetParameter', {
      Name: '/cdk-bootstrap/hnb659fds/version',
    });
    const version = Number(answer.Parameter?.Value);
    const enough = version >= needs.bootstrapVersion;
    return [
      finding(
        'bootstrap',
        title,
        enough ? 'ok' : 'missing',
        `version ${version}, ${needs.bootstrapVersion} needed`,
        mend,
      ),
    ];
  } catch (error) {
    if (errorName(error) !== 'ParameterNotFound') throw error;
    return [finding('bootstrap', title, 'missing', 'not bootstrapped in this region', mend)];
  }
};

/** Quota codes: Service Quotas, stable identifiers of the account's limits. */
const quotaList = [
  {
    id: 'lambda-concurrency',
    title: 'Lambda concurrent executions',
    service: 'lambda',
    code: 'L-B99A9384',
    need: (n: Needs) => Math.max(100, n.functions * 10) + n.reservedConcurrency,
  },
  { id: 'vpcs', title: 'VPCs per region', service: 'vpc', code: 'L-F678F1CE', need: (n: Needs) => n.vpcs },
  { id: 'buckets', title: 'S3 buckets', service: 's3', code: 'L-DC2B2D3D', need: (n: Needs) => n.buckets },
];

const quotas: Check = async (account, needs) =>
  Promise.all(
    quotaList.map(async ({ id, title, service, code, need }) => {
      const answer = await account.ask<{ Quota?: { Value?: number } }>('service-quotas', 'GetServiceQuota', {
        ServiceCode: service,
        QuotaCode: code,
      });
      const value = answer.Quota?.Value ?? 0;
      const wanted = need(needs);
      const mend = `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${Math.max(wanted, 1) * 2}`;
      return finding(
        `quota-${id}`,
        `Quota: ${title}`,
        value >= wanted ? 'ok' : 'missing',
        `${value}, ${wanted} needed`,
        mend,
      );
    }),
  );

const linkedRoles: Check = async (account, needs) => {
  const wanted = needs.services.includes('RedshiftServerless')
    ? [{ role: 'AWSServiceRoleForRedshift', service: 'redshift.amazonaws.com' }]
    : [];
  return Promise.all(
    wanted.map(async ({ role, service }) => {
      try {
        await account.ask('iam', 'GetRole', { RoleName: role });
        return finding(`role-${role}`, `Service-linked role ${role}`, 'ok', 'exists');
      } catch (error) {
        if (!/NoSuchEntity/.test(errorName(error))) throw error;
        return finding(
          `role-${role}`,
          `Service-linked role ${role}`,
          'missing',
          'does not exist',
          `aws iam create-service-linked-role --aws-service-name ${service}`,
        );
      }
    }),
  );
};

const lakeAdministrators: Check = async (account) => {
  const answer = await account.ask<{
    DataLakeSettings?: { DataLakeAdmins?: { DataLakePrincipalIdentifier?: string }[] };
  }>('lakeformation', 'GetDataLakeSettings', {});
  const admins = answer.DataLakeSettings?.DataLakeAdmins ?? [];
  return [
    finding(
      'lake-formation',
      'Lake Formation administrators',
      admins.length > 0 ? 'ok' : 'warn',
      admins.length > 0
        ? `${admins.length} set; the stacks leave this account-wide setting alone`
        : 'none set; the stacks leave this account-wide setting alone',
      'aws lakeformation put-data-lake-settings --data-lake-settings \'{"DataLakeAdmins":[{"DataLakePrincipalIdentifier":"arn:aws:iam::ACCOUNT:role/ROLE"}]}\'   # put-… replaces the list: read the present one first',
    ),
  ];
};

const anomalyMonitor: Check = async (account) => {
  const answer = await account.ask<{ AnomalyMonitors?: { MonitorDimension?: string; MonitorType?: string }[] }>(
    'ce',
    'GetAnomalyMonitors',
    {},
  );
  const service = (answer.AnomalyMonitors ?? []).find((monitor) => monitor.MonitorDimension === 'SERVICE');
  return [
    finding(
      'cost-anomaly',
      'Cost anomaly monitor (one per account)',
      service ? 'ok' : 'warn',
      service ? 'a monitor by service exists already' : 'no monitor by service',
      'aws ce create-anomaly-monitor --anomaly-monitor \'{"MonitorName":"by-service","MonitorType":"DIMENSIONAL","MonitorDimension":"SERVICE"}\'',
    ),
  ];
};

/** AWS publishes which services a region has as public SSM parameters. */
const regionNames: Record<string, string> = {
  Athena: 'athena',
  Budgets: 'budgets',
  CloudWatch: 'cloudwatch',
  EC2: 'ec2',
  Events: 'events',
  Glue: 'glue',
  IAM: 'iam',
  KMS: 'kms',
  Kinesis: 'kinesis',
  Lambda: 'lambda',
  Logs: 'logs',
  RedshiftServerless: 'redshift',
  S3: 's3',
  SNS: 'sns',
  SQS: 'sqs',
  Scheduler: 'eventbridge',
  SecretsManager: 'secretsmanager',
  StepFunctions: 'stepfunctions',
};

const serviceInRegion: Check = async (account, needs) => {
  const available = new Set<string>();
  let token: string | undefined;
  do {
    const page: { Parameters?: { Value?: string }[]; NextToken?: string } = await account.ask(
      'ssm',
      'GetParametersByPath',
      {
        Path: `/aws/service/global-infrastructure/regions/${account.region}/services`,
        NextToken: token,
      },
    );
    for (const parameter of page.Parameters ?? []) if (parameter.Value) available.add(parameter.Value);
    token = page.NextToken;
  } while (token);
  const absent = needs.services.filter(
    (service) => regionNames[service] !== undefined && !available.has(regionNames[service]!),
  );
  const unknown = needs.services.filter((service) => regionNames[service] === undefined);
  return [
    finding(
      'services',
      'Services in this region',
      absent.length === 0 ? 'ok' : 'missing',
      absent.length === 0 ? `${needs.services.length - unknown.length} found` : `absent: ${absent.join(', ')}`,
      'choose another region: aws configure set region REGION',
    ),
    ...(unknown.length > 0
      ? [
          finding(
            'services-unknown',
            'Services this check has no name for',
            'confirm',
            unknown.join(', '),
            'look them up in the AWS list of regional services',
          ),
        ]
      : []),
  ];
};

const agreement: Check = async (_account, needs) => [
  finding(
    'baa',
    'Business Associate Addendum',
    needs.baaConfirmed ? 'ok' : 'confirm',
    needs.baaConfirmed
      ? 'confirmed by --baa-confirmed'
      : 'needed before patient data enters the account; this tool does not read it',
    'aws artifact list-customer-agreements   # look for the AWS Business Associate Addendum, then run again with --baa-confirmed',
  ),
];

const eligible =
  (table: EligibilityTable): Check =>
  async (_account, needs) =>
    eligibility(table, needs.services, needs.today);

const named = (table: EligibilityTable): [string, string, Check][] => [
  ['credentials', 'Credentials', credentials],
  ['bootstrap', 'CDK bootstrap', bootstrap],
  ['services', 'Services in this region', serviceInRegion],
  ['zones', 'Availability zones', zones],
  ['base-capacity', 'Base capacity of the warehouse', baseCapacity],
  ['quotas', 'Quotas', quotas],
  ['linked-roles', 'Service-linked roles', linkedRoles],
  ['lake-formation', 'Lake Formation administrators', lakeAdministrators],
  ['cost-anomaly', 'Cost anomaly monitor', anomalyMonitor],
  ['retained', 'Left by an earlier deployment', secondLife],
  ['subscribers', 'Somebody hears the alarms', subscribers],
  ['trail', 'Record of who reads objects', trail],
  ['baa', 'Business Associate Addendum', agreement],
  ['hipaa', 'HIPAA eligibility', eligible(table)],
];

/**
 * Runs every check. A check whose API call is refused becomes a finding of its own ("could not be asked"), never a pass:
 * an account that may not be read looks healthy otherwise. Without credentials only the checks that need none go on.
 */
export async function preflight(account: Account, needs: Needs, table: EligibilityTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  let reachable = true;
  for (const [id, title, check] of named(table)) {
    if (!reachable && id !== 'baa' && id !== 'hipaa') continue;
    try {
      findings.push(...(await check(account, needs)));
    } catch (error) {
      // Nobody may go to production on the guess that somebody hears the alarms.
      const isRequired = id === 'credentials' || (id === 'subscribers' && needs.production);
      const mend =
        id === 'credentials'
          ? 'aws sso login   # or set AWS_PROFILE; then run this again'
          : `allow the read in your role, or ask an administrator: ${errorName(error)}`;
      findings.push(
        finding(id, title, isRequired ? 'missing' : 'warn', `could not be asked: ${errorName(error)}`, mend),
      );
      if (id === 'credentials') reachable = false;
    }
  }
  return findings;
}
