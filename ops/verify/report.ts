import type { Observation, Probe } from './probes';

export interface Report {
  format: 1;
  environment: string;
  /** Probe id → what each place saw. */
  probes: { id: string; title: string; kind: string; note?: string; laptop?: Observation; account?: Observation }[];
  differences: string[];
}

/** Puts the two places side by side. A difference is a probe on which they disagree, or that came out otherwise than expected in either. */
export function compare(
  environment: string,
  probes: readonly Probe[],
  laptop?: Record<string, Observation>,
  account?: Record<string, Observation>,
): Report {
  const rows = probes.map(({ id, title, kind, note }) => ({
    id,
    title,
    kind,
    ...(note ? { note } : {}),
    laptop: laptop?.[id],
    account: account?.[id],
  }));
  const differs = (row: (typeof rows)[number]): boolean => {
    const both = [row.laptop, row.account].filter((seen): seen is Observation => seen !== undefined);
    return both.some((seen) => seen.outcome !== 'as expected') || new Set(both.map((seen) => seen.seen)).size > 1;
  };
  return { format: 1, environment, probes: rows, differences: rows.filter(differs).map((row) => row.id) };
}

/** The sentence that the report begins with. One place alone is no comparison, and says so. */
function summary({ environment, probes, differences }: Report): string {
  const asked = (place: 'laptop' | 'account'): boolean => probes.some((row) => row[place] !== undefined);
  if (asked('laptop') && asked('account'))
    return `${differences.length} of ${probes.length} probes differ between the laptop and the account.`;
  const [alone, other] = asked('account')
    ? ['the account', 'start the laptop (npm start) and verify again']
    : ['the laptop', 'name a deployed environment: carelake verify --env dev'];
  return (
    `Nothing was compared: only ${alone} was asked${asked('account') ? ` (environment ${environment})` : ''}. ` +
    `${probes.length - differences.length} of ${probes.length} probes came out there as Redshift is documented. To compare: ${other}.`
  );
}

/** The report as text for people; the same content as the JSON. */
export function markdown(report: Report): string {
  const cell = (seen: Observation | undefined): string =>
    (seen ? `${seen.outcome}${seen.outcome === 'as expected' ? '' : `: ${seen.seen}`}` : 'not run').replaceAll(
      '|',
      '\\|',
    );
  const lines = report.probes.map((row) => `| ${row.id} | ${row.title} | ${cell(row.laptop)} | ${cell(row.account)} |`);
  const notes = report.probes
    .filter((row) => row.note && report.differences.includes(row.id))
    .map((row) => `- ${row.id}: ${row.note}`);
  return [
    `# Carelake verify, environment ${report.environment}`,
    '',
    `${summary(report)} The report holds no data, names or identifiers of the account.`,
    '',
    '| probe | what it checks | laptop | account |',
    '|---|---|---|---|',
    ...lines,
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
  ].join('\n');
}
