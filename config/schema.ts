import * as z from 'zod';

/** USD per RPU-hour, us-east-1 list price; used here only to refuse cadences whose price nobody accepted. */
export const RPU_HOUR_USD = 0.375;
/** Hours of an average month, as AWS bills. */
const HOURS_PER_MONTH = 730;

/** Part of the stream's retention that is left for what waits behind a batch when that is given up. */
const RETENTION_MARGIN = 1 / 8;

const positive = z.int().positive();

const Trigger = z.discriminatedUnion('kind', [
  /** Every new silver object starts a load after a pause in which further objects gather. */
  z.strictObject({ kind: z.literal('onArrival'), debounceSeconds: z.int().min(1).max(3600) }),
  /** EventBridge Scheduler rate in minutes. */
  z.strictObject({ kind: z.literal('rate'), minutes: z.int().min(1).max(1440) }),
  /** EventBridge Scheduler cron: the six fields between the parentheses, and the zone they are read in. */
  z.strictObject({
    kind: z.literal('cron'),
    expression: z.string().regex(/^\S+( \S+){5}$/),
    timezone: z.string().min(1),
  }),
]);
/** What starts a warehouse load. */
export type LoadTrigger = z.infer<typeof Trigger>;

const Shape = z.strictObject({
  /** Name of the environment; part of stack names and of the warehouse's names. */
  env: z.string().regex(/^[a-z][a-z0-9-]{1,15}$/),
  /** Where this environment runs. Only configuration may know; the stacks are the same. */
  place: z.enum(['laptop', 'cloud']),
  production: z.boolean(),
  /** Lets `cdk destroy` remove data stores and their keys, and switches termination protection off. */
  allowRemoval: z.boolean(),
  /** Name of a managed policy that bounds every role, where the account's bootstrap asks for one (docs/bootstrap). */
  permissionsBoundary: z.string().min(1).optional(),
  /** Further tags of every resource, such as owner and cost center. They are shown on bills and in lists: no patient's name. */
  tags: z.record(z.string().regex(/^(?!aws:|carelake:)[\w .:/=+@-]{1,128}$/), z.string().max(256)).optional(),
  /**
   * Roles of other systems or accounts that may put records into the stream, by ARN. They exist before they are named here: a policy
   * that names a role that does not exist is refused.
   */
  producers: z
    .array(z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'is not the ARN of one role'))
    .min(1)
    .optional(),
  keys: z.strictObject({
    /** `one` customer managed key, or one for each of lake, stream, warehouse and platform (logs, secrets, topics). */
    scheme: z.enum(['one', 'perClass']),
    rotationDays: z.int().min(90).max(2560),
  }),
  network: z.strictObject({
    azs: z.union([z.literal(2), z.literal(3)]),
    /**
     * Ids of the availability zones, one for each of `azs`. Absent: the first ones of the Region by position, which are other zones in
     * each account; Redshift Serverless does not take every zone, so preflight looks which these are.
     */
    zones: z.array(z.string().regex(/^[a-z]{2,5}\d-az\d$/, 'is not the id of a zone, like use1-az1')).optional(),
    enhancedVpcRouting: z.boolean(),
    flowLogs: z.boolean(),
  }),
  stream: z.discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('provisioned'), shards: positive, retentionHours: z.int().min(24).max(8760) }),
    z.strictObject({ mode: z.literal('onDemand'), retentionHours: z.int().min(24).max(8760) }),
  ]),
  ingest: z.strictObject({
    batchSize: z.int().min(1).max(10_000),
    windowSeconds: z.int().min(0).max(300),
    parallelization: z.int().min(1).max(10),
    /** A batch that a store does not take is held and tried again until its records are so old; tries are not counted. */
    maxRecordAgeSeconds: z.int().min(60).max(604_800),
    memoryMb: z.int().min(256).max(10_240),
    timeoutSeconds: z.int().min(30).max(900),
    /** Concurrency of the stream's function that files and other functions of the account cannot use up; 100 must be left to them. */
    reservedConcurrency: z.int().min(1).max(1000).optional(),
    /** How records of the stream are read that are FHIR and no envelopes: by which built-in profile, and whose they are where they do not say so. */
    fhir: z.strictObject({
      profile: z.enum(['fhir-r4']),
      sourceSystem: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
    }),
  }),
  files: z.strictObject({
    /** Landed files that are read at the same time; further ones wait. */
    concurrency: z.int().min(1).max(200),
    /** Age in minutes after which a landed object that nobody has read is started again by the sweep. */
    unreadAfterMinutes: z.int().min(60).max(10_080),
    /** Daily sweep over landing for what was never read. */
    sweep: z.strictObject({ expression: z.string().regex(/^\S+( \S+){5}$/), timezone: z.string().min(1) }),
  }),
  load: z.strictObject({
    trigger: Trigger,
    /** The monthly price an owner has accepted for a warehouse that never sleeps (on-arrival loads in the cloud). */
    acceptedMonthlyUsd: z.number().positive().optional(),
    pollSeconds: z.int().min(1).max(300),
    busySeconds: z.int().min(1).max(3600),
    /** After this an execution ends as timed out; the next one takes up what it left. */
    timeoutMinutes: z.int().min(5).max(1440),
    openWindowHours: z.int().min(1).max(720),
    maxObjects: z.int().min(1).max(10_000),
    /** Daily sweep over the whole of silver for what the open window missed. */
    sweep: z.strictObject({ expression: z.string().regex(/^\S+( \S+){5}$/), timezone: z.string().min(1) }),
    /** Daily check whether warehouse, silver and receipts agree; after the sweep, and soon after a load, where the warehouse sleeps. */
    check: z.strictObject({ expression: z.string().regex(/^\S+( \S+){5}$/), timezone: z.string().min(1) }),
  }),
  warehouse: z.strictObject({
    database: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
    baseRpu: z.union([z.literal(4), z.literal(8), z.int().min(16).max(512).multipleOf(8)]),
    maxRpu: z.int().min(4).max(5632),
    maxQuerySeconds: z.int().min(60).max(86_399),
    usageLimit: z
      .strictObject({ rpuHoursPerMonth: positive, breachAction: z.enum(['log', 'emit-metric', 'deactivate']) })
      .optional(),
  }),
  lake: z.strictObject({
    /** Days after which an overwritten or deleted version is gone for good. */
    noncurrentDays: positive,
    /** Days after which raw zones move to infrequent access; absent: never. */
    coldAfterDays: z.int().min(30).optional(),
    /** Where raw zones move for good; from GLACIER and DEEP_ARCHIVE a backfill first has to wait for hours. Absent: nowhere. */
    archive: z
      .strictObject({ afterDays: z.int().min(90), storageClass: z.enum(['GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE']) })
      .optional(),
  }),
  logs: z.strictObject({ retentionDays: positive, level: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']) }),
  alarms: z.strictObject({
    /** An alarm for each kind of fault, or one for all of them, which costs less. */
    scheme: z.enum(['each', 'folded']),
    emails: z.array(z.email()),
    /** Data that came in is to be loaded within this time; raised after half of it at the earliest. */
    loadOverdueHours: z.int().min(1).max(48),
    /** Share of an hour's records that may be quarantined before somebody looks at their source. */
    quarantineShare: z.number().gt(0).max(1),
    warehouseRpuHoursPerDay: positive.optional(),
  }),
  budget: z.strictObject({ monthlyUsd: positive }).optional(),
});

/** One environment, validated. Its rules across fields stand in `crossFieldRules`. */
export type CarelakeConfig = z.infer<typeof Shape>;

/** CloudWatch Logs accepts these retentions only. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** The monthly price of a workgroup that is awake all the time at its base capacity. */
export const alwaysAwakeUsd = (baseRpu: number): number => Math.ceil(baseRpu * RPU_HOUR_USD * HOURS_PER_MONTH);

/**
 * Events of an execution's history that one round adds, of waits (2), calls (5), choices (2) and passes (2). A poll of the warehouse is a wait,
 * a call and a choice; a round in which it is busy waits, selects and begins again: a wait, two calls, three choices, a pass.
 */
const EVENTS_PER_ROUND = { pollSeconds: 9, busySeconds: 20 } as const;
/** Step Functions ends an execution as failed at 25,000; the rest is left to retries, starts and selections. */
const MAX_ROUND_EVENTS = 20_000;

type Rule = (c: CarelakeConfig) => [path: string, message: string] | undefined;

/** Minutes between two loads that the clock starts; a cron is taken for a daily one. */
const loadIntervalMinutes = ({ load: { trigger } }: CarelakeConfig): number =>
  trigger.kind === 'onArrival' ? 0 : trigger.kind === 'rate' ? trigger.minutes : 1440;

/** A load that spends all its time in rounds of one kind stays below the history that an execution may have. */
const historyHolds =
  (field: keyof typeof EVENTS_PER_ROUND): Rule =>
  ({ load }) => {
    const perRound = EVENTS_PER_ROUND[field];
    const seconds = load.timeoutMinutes * 60;
    const events = Math.ceil(seconds / load[field]) * perRound;
    if (events < MAX_ROUND_EVENTS) return undefined;
    const does = field === 'pollSeconds' ? 'polling' : 'waiting for a busy warehouse';
    return [
      `load.${field}`,
      `a load of ${load.timeoutMinutes} minutes would write ${events} events by ${does}, of the 25,000 that an execution may have: ` +
        `${field === 'pollSeconds' ? 'poll every' : 'wait for'} ${Math.floor((seconds * perRound) / MAX_ROUND_EVENTS) + 1} seconds or more`,
    ];
  };

/** What no single field can say. Each returns the offending path and a message with the way out. */
const crossFieldRules: Rule[] = [
  (c) =>
    c.alarms.loadOverdueHours * 30 < loadIntervalMinutes(c)
      ? [
          'alarms.loadOverdueHours',
          `half of it must be long enough for a load, which the trigger starts every ${loadIntervalMinutes(c)} minutes`,
        ]
      : undefined,
  (c) =>
    c.production && c.allowRemoval
      ? ['allowRemoval', 'a production environment keeps its data: set allowRemoval to false']
      : undefined,
  (c) =>
    c.place === 'cloud' && c.network.azs !== 3
      ? ['network.azs', 'Redshift Serverless requires subnets in three availability zones']
      : undefined,
  (c) =>
    c.network.zones && new Set(c.network.zones).size !== c.network.azs
      ? ['network.zones', `names ${c.network.azs} different zones, as network.azs says`]
      : undefined,
  (c) => (c.production && c.place === 'laptop' ? ['place', 'a laptop is not a production environment'] : undefined),
  (c) => {
    const price = alwaysAwakeUsd(c.warehouse.baseRpu);
    const accepted = c.load.acceptedMonthlyUsd ?? 0;
    return c.place === 'cloud' && c.load.trigger.kind === 'onArrival' && accepted < price
      ? [
          'load.acceptedMonthlyUsd',
          `on-arrival loads keep the warehouse awake: up to ${price} USD a month at ${c.warehouse.baseRpu} RPU; ` +
            `set load.acceptedMonthlyUsd to at least ${price}, or choose a rate or cron trigger`,
        ]
      : undefined;
  },
  (c) => {
    const greatest = Math.floor(c.stream.retentionHours * 3600 * (1 - RETENTION_MARGIN));
    return c.ingest.maxRecordAgeSeconds > greatest
      ? [
          'ingest.maxRecordAgeSeconds',
          `at most ${greatest}, seven eighths of the stream's retention: what waits behind a batch that is given up ` +
            'has to be read before the stream forgets it',
        ]
      : undefined;
  },
  (c) =>
    c.warehouse.maxRpu < c.warehouse.baseRpu ? ['warehouse.maxRpu', 'must not be below warehouse.baseRpu'] : undefined,
  (c) =>
    c.production && c.warehouse.usageLimit?.breachAction === 'deactivate'
      ? ['warehouse.usageLimit', 'production must not be switched off by a limit: use emit-metric']
      : undefined,
  (c) =>
    c.place === 'cloud' && !c.warehouse.usageLimit
      ? ['warehouse.usageLimit', 'a cloud environment must have a monthly limit of RPU-hours']
      : undefined,
  (c) => (c.place === 'cloud' && !c.budget ? ['budget', 'a cloud environment must have a monthly budget'] : undefined),
  (c) =>
    c.lake.archive && c.lake.archive.afterDays < (c.lake.coldAfterDays ?? 0) + 30
      ? [
          'lake.archive.afterDays',
          'must be 30 days or more after lake.coldAfterDays: S3 bills infrequent access for 30 days and refuses less',
        ]
      : undefined,
  (c) =>
    LOG_RETENTION_DAYS.includes(c.logs.retentionDays)
      ? undefined
      : ['logs.retentionDays', `CloudWatch Logs accepts only ${LOG_RETENTION_DAYS.join(', ')}`],
  historyHolds('pollSeconds'),
  historyHolds('busySeconds'),
  (c) =>
    c.load.timeoutMinutes * 60 <= c.load.busySeconds
      ? ['load.timeoutMinutes', 'must be longer than one wait for a busy warehouse']
      : undefined,
];

/**
 * Validates one environment's value.
 * @throws Error naming the environment and every offending field with its reason.
 */
export function parseConfig(value: unknown): CarelakeConfig {
  const parsed = Shape.safeParse(value);
  const name = (value as { env?: unknown })?.env;
  const fail = (lines: string[]): never => {
    throw new Error(
      `configuration of environment "${String(name)}" is not valid:\n${lines.map((l) => `  ${l}`).join('\n')}`,
    );
  };
  if (!parsed.success) return fail(parsed.error.issues.map((i) => `${i.path.join('.') || '(root)'}: ${i.message}`));
  const broken = crossFieldRules.map((rule) => rule(parsed.data)).filter((r) => r !== undefined);
  return broken.length ? fail(broken.map(([path, message]) => `${path}: ${message}`)) : parsed.data;
}
