import type { Finding } from './finding';

/** Which services AWS lists as HIPAA eligible, as somebody read it on `checked`; the live list decides. */
export interface EligibilityTable {
  checked: string;
  source: string;
  confidence: string;
  /** CloudFormation service name → eligible; `account` services hold no customer data and need no eligibility. */
  services: Record<string, 'eligible' | 'not-eligible' | 'account'>;
}

const MAX_AGE_DAYS = 180;

/** Findings for the services in use: a service outside the table, one that is not eligible, and a table that has grown old. */
export function eligibility(table: EligibilityTable, services: string[], today: string): Finding[] {
  const age = Math.floor((Date.parse(today) - Date.parse(table.checked)) / 86_400_000);
  const unknown = services.filter((service) => table.services[service] === undefined);
  const refused = services.filter((service) => table.services[service] === 'not-eligible');
  const base = { id: 'hipaa', title: 'HIPAA eligibility of the services in use' };
  if (refused.length > 0)
    return [
      {
        ...base,
        status: 'missing',
        found: `not eligible: ${refused.join(', ')}`,
        mend: `keep patient data out of them; list: ${table.source}`,
      },
    ];
  if (unknown.length > 0)
    return [
      {
        ...base,
        status: 'confirm',
        found: `not in the table: ${unknown.join(', ')}`,
        mend: `look them up: ${table.source}`,
      },
    ];
  if (age > MAX_AGE_DAYS)
    return [
      {
        ...base,
        status: 'confirm',
        found: `table of ${table.checked} is ${age} days old`,
        mend: `compare with ${table.source} and renew ops/preflight/hipaa-eligible.json`,
      },
    ];
  return [
    {
      ...base,
      status: 'confirm',
      found: `${services.length} services, table of ${table.checked} (${table.confidence})`,
      mend: `compare with the live list before patient data enters: ${table.source}`,
    },
  ];
}
