import { finding } from './finding';
import type { Check } from './needs';

/**
 * Zones that managed services with interfaces in a network leave out. Redshift's guide asks for three supported zone ids and lists none;
 * use1-az3, the oldest of its Region, is the one that AWS documents as left out for other such services (MSK, RDS Proxy).
 */
const UNSUPPORTED_ZONES: readonly string[] = ['use1-az3'];
const ZONES_NEEDED = 3;

interface Zone {
  ZoneName?: string;
  ZoneId?: string;
  State?: string;
}

/** Whether the subnets will be in three zones that Redshift Serverless takes, and which line of configuration makes it so. */
export const zones: Check = async (account, needs) => {
  const answer = await account.ask<{ AvailabilityZones?: Zone[] }>('ec2', 'DescribeAvailabilityZones', {
    Filters: [{ Name: 'zone-type', Values: ['availability-zone'] }],
  });
  const available = (answer.AvailabilityZones ?? [])
    .filter((zone) => zone.State === 'available')
    .sort((a, b) => (a.ZoneName! < b.ZoneName! ? -1 : 1));
  const ids = available.map((zone) => zone.ZoneId!);
  const usable = ids.filter((id) => !UNSUPPORTED_ZONES.includes(id));
  const used = [...needs.zones.ids, ...needs.zones.positions.map((i) => ids[i] ?? `position ${i + 1}`)];
  const problems = used.flatMap((id) => {
    if (UNSUPPORTED_ZONES.includes(id)) return [`${id} is not taken by Redshift Serverless`];
    return ids.includes(id) ? [] : [`${id} is not available in ${account.region}`];
  });
  if (new Set(used).size < ZONES_NEEDED) problems.push(`${new Set(used).size} zones, ${ZONES_NEEDED} needed`);
  const line = `network: { azs: 3, zones: [${usable
    .slice(0, ZONES_NEEDED)
    .map((id) => `'${id}'`)
    .join(', ')}], … }`;
  const mend =
    usable.length < ZONES_NEEDED
      ? `choose another region: ${account.region} has ${usable.length} zones that Redshift Serverless takes`
      : `${line}   # environment ${needs.environment} in config/environments.ts`;
  const how = needs.zones.ids.length ? 'by id' : 'by position';
  const found = `${used.join(', ')} (${how})`;
  return [
    finding('zones', 'Availability zones', problems.length ? 'missing' : 'ok', [found, ...problems].join('; '), mend),
  ];
};

/** The smallest capacity is offered in some Regions only, and no API tells in which. */
export const baseCapacity: Check = async (_account, needs) =>
  needs.baseRpus
    .filter((rpu) => rpu < 8)
    .map((rpu) =>
      finding(
        'base-capacity',
        'Base capacity of the warehouse',
        'confirm',
        `${rpu} RPU, which Redshift Serverless does not offer in every region`,
        `if the deployment refuses the workgroup, set warehouse.baseRpu to 8   # environment ${needs.environment} in config/environments.ts`,
      ),
    );
