/**
 * The environments, as plain values. Copy one, give it a name, and deploy it with `-c env=<name>`;
 * `parseConfig` says which field is wrong and why.
 */

const local = {
  env: 'local',
  place: 'laptop',
  production: false,
  allowRemoval: true,
  keys: { scheme: 'one', rotationDays: 730 },
  network: { azs: 2, enhancedVpcRouting: false, flowLogs: false },
  stream: { mode: 'provisioned', shards: 2, retentionHours: 24 },
  ingest: {
    batchSize: 10_000,
    windowSeconds: 1,
    parallelization: 1,
    maxRecordAgeSeconds: 72_000,
    memoryMb: 1024,
    timeoutSeconds: 300,
    fhir: { profile: 'fhir-r4', sourceSystem: 'fhir-r4' },
  },
  files: {
    concurrency: 4,
    unreadAfterMinutes: 60,
    sweep: { expression: '50 2 * * ? *', timezone: 'UTC' },
  },
  load: {
    trigger: { kind: 'onArrival', debounceSeconds: 1 },
    pollSeconds: 1,
    busySeconds: 2,
    timeoutMinutes: 30,
    openWindowHours: 48,
    maxObjects: 2000,
    sweep: { expression: '20 3 * * ? *', timezone: 'UTC' },
    check: { expression: '40 3 * * ? *', timezone: 'UTC' },
  },
  warehouse: { database: 'carelake', baseRpu: 4, maxRpu: 8, maxQuerySeconds: 3600 },
  lake: { noncurrentDays: 7 },
  logs: { retentionDays: 7, level: 'INFO' },
  /** All of production's, so that each can be raised before it is needed. */
  alarms: { scheme: 'each', emails: [], loadOverdueHours: 1, quarantineShare: 0.2 },
};

const dev = {
  env: 'dev',
  place: 'cloud',
  production: false,
  allowRemoval: true,
  /** Rotating every two years keeps the key at 2 USD in its third year; each old version is billed. */
  keys: { scheme: 'one', rotationDays: 730 },
  network: { azs: 3, enhancedVpcRouting: false, flowLogs: false },
  /** 24 hours: what is not ingested within a day is lost from the stream, and has to be sent again. */
  stream: { mode: 'provisioned', shards: 1, retentionHours: 24 },
  ingest: {
    batchSize: 10_000,
    windowSeconds: 60,
    parallelization: 1,
    maxRecordAgeSeconds: 72_000,
    memoryMb: 1024,
    timeoutSeconds: 300,
    fhir: { profile: 'fhir-r4', sourceSystem: 'fhir-r4' },
  },
  files: {
    concurrency: 4,
    unreadAfterMinutes: 360,
    sweep: { expression: '0 3 * * ? *', timezone: 'UTC' },
  },
  load: {
    trigger: { kind: 'cron', expression: '0 5 * * ? *', timezone: 'UTC' },
    pollSeconds: 10,
    busySeconds: 60,
    timeoutMinutes: 120,
    openWindowHours: 48,
    maxObjects: 2000,
    sweep: { expression: '20 5 * * ? *', timezone: 'UTC' },
    check: { expression: '40 5 * * ? *', timezone: 'UTC' },
  },
  warehouse: {
    database: 'carelake',
    baseRpu: 4,
    maxRpu: 8,
    maxQuerySeconds: 3600,
    usageLimit: { rpuHoursPerMonth: 40, breachAction: 'deactivate' },
  },
  lake: { noncurrentDays: 7 },
  logs: { retentionDays: 30, level: 'INFO' },
  alarms: { scheme: 'folded', emails: [], loadOverdueHours: 48, quarantineShare: 0.2 },
  budget: { monthlyUsd: 30 },
};

const prod = {
  env: 'prod',
  place: 'cloud',
  production: true,
  allowRemoval: false,
  keys: { scheme: 'perClass', rotationDays: 365 },
  network: { azs: 3, enhancedVpcRouting: false, flowLogs: true },
  stream: { mode: 'onDemand', retentionHours: 168 },
  ingest: {
    batchSize: 10_000,
    /** Five minutes of latency for a fifth of the objects, requests and files that COPY reads. */
    windowSeconds: 300,
    parallelization: 1,
    maxRecordAgeSeconds: 518_400,
    memoryMb: 1769,
    timeoutSeconds: 300,
    fhir: { profile: 'fhir-r4', sourceSystem: 'fhir-r4' },
  },
  files: {
    concurrency: 10,
    unreadAfterMinutes: 360,
    sweep: { expression: '50 1 * * ? *', timezone: 'UTC' },
  },
  load: {
    trigger: { kind: 'rate', minutes: 15 },
    pollSeconds: 10,
    busySeconds: 60,
    timeoutMinutes: 240,
    openWindowHours: 72,
    maxObjects: 2000,
    sweep: { expression: '20 3 * * ? *', timezone: 'UTC' },
    check: { expression: '40 3 * * ? *', timezone: 'UTC' },
  },
  warehouse: {
    database: 'carelake',
    baseRpu: 8,
    maxRpu: 64,
    maxQuerySeconds: 7200,
    usageLimit: { rpuHoursPerMonth: 1500, breachAction: 'emit-metric' },
  },
  lake: { noncurrentDays: 35, coldAfterDays: 90 },
  logs: { retentionDays: 731, level: 'INFO' },
  alarms: {
    scheme: 'each',
    emails: [],
    loadOverdueHours: 2,
    quarantineShare: 0.2,
    warehouseRpuHoursPerDay: 60,
  },
  budget: { monthlyUsd: 900 },
};

/** Every environment by name, not yet validated. */
export const ENVIRONMENTS: Record<string, unknown> = { local, dev, prod };
