import type { CostReport } from './model';

const usd = (value: number): string => value.toFixed(value !== 0 && Math.abs(value) < 0.1 ? 4 : 2);

/** Columns of equal width; the last but `right` first ones are text. */
function table(rows: string[][], right: number[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((r) => r[i]!.length)));
  return rows
    .map((r) =>
      `  ${r.map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join('  ')}`.trimEnd(),
    )
    .join('\n');
}

/** The report as people read it. */
export function render(env: string, report: CostReport): string {
  const { configured, usageLimit } = report;
  const priced = report.lines.filter((l) => l.idle > 0).sort((a, b) => b.idle - a.idle);
  const freeTypes = [...new Set(report.lines.filter((l) => l.idle === 0).map((l) => l.type))].sort();
  return [
    `Carelake ${env}: USD a month, list prices of ${report.priceDate} in ${report.region}`,
    '',
    table(
      [
        ['stack', 'resource', 'type', 'idle', 'why'],
        ...priced.map((l) => [l.stack, l.resource, l.type, usd(l.idle), l.note]),
      ],
      [3],
    ),
    `  nothing while idle: ${freeTypes.join(', ')}`,
    '',
    `idle                ${usd(report.idle)}`,
    `one load a day      at least ${usd(report.oneLoadADay)}`,
    `as configured       at least ${usd(report.idle + configured.usd)}   (${configured.cadence}: ${Math.round(configured.wakesPerMonth)} wakes, each finding work)`,
    '',
    `loads by cadence, the warehouse at least ${report.assumptions.secondsPerLoad} s awake for each (the shortest that is billed):`,
    table(
      [
        ['cadence', 'wakes', 'USD'],
        ...report.cadences.map((c) => [c.cadence, String(Math.round(c.wakesPerMonth)), usd(c.usd)]),
      ],
      [1, 2],
    ),
    usageLimit
      ? `  usage limit ${usageLimit.rpuHours} RPU-hours a month (${usageLimit.breachAction}): ${usd(usageLimit.usd)}`
      : '  no usage limit',
    '',
    `looking for work    ${usd(report.listing.usd)}   (${Math.round(report.listing.callsPerMonth)} LIST calls at full traffic; they follow the hours looked through, not history)`,
    'landing and bronze, each 100 GB:',
    table(
      [
        ['class', 'after days', 'USD a month', 'USD to read it again'],
        ...report.storage.map((s) => [
          s.storageClass,
          String(s.afterDays),
          usd(s.usdPer100GbMonth),
          usd(s.usdToRead100Gb),
        ]),
      ],
      [1, 2, 3],
    ),
    '',
    `a million events of ${report.assumptions.recordBytes} bytes in full batches: ${usd(report.perMillionEvents.usd)}`,
    table(
      Object.entries(report.perMillionEvents.parts).map(([part, value]) => [part, usd(value)]),
      [1],
    ),
  ].join('\n');
}
