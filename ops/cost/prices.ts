/**
 * List prices that the calculator multiplies with. They change: the date says when they were written down, and the region where they hold.
 * Check them against the price list before promising a figure to anybody.
 */
export const PRICES = {
  date: '2026-11-20',
  region: 'us-east-1',
  currency: 'USD',
  hoursPerMonth: 730,
  kinesis: {
    shardHour: 0.015,
    /** Per shard and hour, from hour 25 to day 7. */
    extendedShardHour: 0.02,
    /** Per GB and month beyond day 7 (provisioned), and beyond 24 hours (on demand). */
    longTermGbMonth: 0.023,
    onDemandExtendedGbMonth: 0.1,
    /** Per million units of 25 KB. */
    putUnitsMillion: 0.014,
    onDemandStreamHour: 0.04,
    onDemandGbIn: 0.08,
    onDemandGbOut: 0.04,
  },
  kms: {
    keyMonth: 1,
    /** Each of the first two rotations adds this much a month; later ones are free. */
    rotationMonth: 1,
    billedRotations: 2,
  },
  secretsManager: { secretMonth: 0.4 },
  cloudWatch: { alarmMetricMonth: 0.1, compositeAlarmMonth: 0.5, logsGbIn: 0.5, metricMonth: 0.3 },
  s3: {
    gbMonth: 0.023,
    /** PUT and LIST are of one price. */
    putThousand: 0.005,
    getThousand: 0.0004,
    /** By storage class: per GB and month, a thousand moves into it, and a GB that is read (a standard restore). */
    classes: {
      STANDARD_IA: { gbMonth: 0.0125, moveThousand: 0.01, gbRead: 0.01 },
      GLACIER_IR: { gbMonth: 0.004, moveThousand: 0.02, gbRead: 0.03 },
      GLACIER: { gbMonth: 0.0036, moveThousand: 0.03, gbRead: 0.01 },
      DEEP_ARCHIVE: { gbMonth: 0.00099, moveThousand: 0.05, gbRead: 0.02 },
    },
  },
  lambda: { armGbSecond: 0.0000133334, requestsMillion: 0.2 },
  stepFunctions: { transitionsThousand: 0.025 },
  eventBridge: { eventsMillion: 1 },
  redshift: { rpuHour: 0.375, minimumSeconds: 60, gbMonth: 0.024 },
  network: { interfaceEndpointAzHour: 0.01, natGatewayHour: 0.045 },
} as const;

/**
 * What the calculator supposes about traffic. Each figure is printed in the report, so that readers can compare it with their own.
 */
export const ASSUMPTIONS = {
  recordBytes: 500,
  /** Share of the 6 MB request of Lambda that base64 leaves for records. */
  batchBytes: 4_500_000,
  /** Measured time of the ingest function per record, in milliseconds at 1,769 MB. */
  msPerRecord: 0.12,
  measuredAtMb: 1769,
  /** Objects that one batch writes: bronze, silver of four entities, quarantine. */
  objectsPerBatch: 6,
  /** Of these, objects that are announced to rules. */
  announcedPerBatch: 5,
  /** Stored bytes of one event in bronze, silver and warehouse together. */
  storedBytesPerEvent: 400,
  /** Seconds that the warehouse is awake for one load; the billed minimum. */
  secondsPerLoad: PRICES.redshift.minimumSeconds,
  /** Transitions of an execution that finds nothing, and of one that loads. */
  transitionsIdle: 4,
  transitionsPerLoad: 40,
  /** Entity versions whose objects a selection lists, and selections of one run of the load: one that finds work, one that finds no more. */
  entityVersions: 4,
  selectionsPerRun: 2,
  /** LIST calls of a sweep besides: what lies beside the hours of the entity versions. */
  listsForStrays: 13,
  /** Shards of a stream on demand, as it begins. */
  onDemandShards: 4,
  logBytesPerInvocation: 1000,
  /** Metrics that ingest and load write while they run. */
  customMetrics: 12,
} as const;
