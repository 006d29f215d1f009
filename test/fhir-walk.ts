import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Resource = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- plain JSON, as a walk sees it

interface Kind {
  readonly fact: string;
  readonly date: (r: Resource) => unknown;
  readonly status: (r: Resource) => string;
  /** States that keep it out of every measure, by the wording of FHIR and nothing that the platform says. */
  readonly uncounted: readonly string[];
  /** Whether it may stand in measures by what it says besides. */
  readonly isMeant?: (r: Resource) => boolean;
}
const status = (r: Resource): string => r.status;

/** Types that are one fact each, with what a fact needs to have its place in time. */
export const FACTS: Readonly<Record<string, Kind>> = {
  Encounter: {
    fact: 'encounter',
    date: (r) => r.period?.start,
    status,
    uncounted: ['planned', 'cancelled', 'unknown'],
  },
  Condition: {
    fact: 'diagnosis',
    date: (r) => r.recordedDate ?? r.onsetDateTime ?? r.onsetPeriod?.start,
    status: (r) => r.verificationStatus?.coding?.[0]?.code ?? 'confirmed',
    uncounted: ['refuted', 'differential'],
  },
  Procedure: {
    fact: 'procedure',
    date: (r) => r.performedDateTime ?? r.performedPeriod?.start,
    status,
    uncounted: ['preparation', 'not-done', 'on-hold', 'unknown'],
  },
  Observation: {
    fact: 'observation',
    date: (r) => r.effectiveDateTime ?? r.effectiveInstant ?? r.effectivePeriod?.start ?? r.issued,
    status,
    uncounted: ['registered', 'preliminary', 'cancelled', 'unknown'],
  },
  MedicationRequest: {
    fact: 'medication_order',
    date: (r) => r.authoredOn,
    status,
    uncounted: ['cancelled', 'draft', 'unknown'],
    isMeant: (r) => String(r.intent).endsWith('order'),
  },
  MedicationDispense: {
    fact: 'prescription_fill',
    date: (r) => r.whenHandedOver ?? r.whenPrepared,
    status,
    uncounted: ['preparation', 'in-progress', 'cancelled', 'on-hold', 'stopped', 'declined', 'unknown'],
  },
  AdverseEvent: {
    fact: 'adverse_event',
    date: (r) => r.date ?? r.detected ?? r.recordedDate,
    status: (r) => r.actuality,
    uncounted: ['potential'],
  },
  DiagnosticReport: {
    fact: 'diagnostic_report',
    date: (r) => r.effectiveDateTime ?? r.effectivePeriod?.start ?? r.issued,
    status,
    uncounted: ['registered', 'partial', 'preliminary', 'cancelled', 'unknown'],
  },
  Appointment: {
    fact: 'appointment',
    date: (r) => JSON.stringify(r.participant).includes('"Location/') && r.start,
    status,
    uncounted: [],
  },
};
/** Types that are a member each. */
export const MEMBERS: Readonly<Record<string, string>> = {
  Patient: 'patient',
  Practitioner: 'provider',
  Organization: 'organization',
  Location: 'location',
  PractitionerRole: 'provider_role',
  Medication: 'source_medication',
};

/** Every resource of a folder, by nothing but JSON.parse. */
export function walkFhir(folder: string): { bodies: Buffer[]; resources: Resource[] } {
  const names = readdirSync(folder).filter((name) => name !== 'log.ndjson');
  const bodies = names.map((name) => readFileSync(join(folder, name)));
  const resources = names.flatMap((name, i): Resource[] => {
    const text = bodies[i]!.toString('utf8');
    if (name.endsWith('.ndjson')) return text.trim().split('\n').map((line) => JSON.parse(line) as Resource); // prettier-ignore
    const one = JSON.parse(text) as Resource;
    return one.resourceType === 'Bundle'
      ? (one.entry as { resource: Resource }[]).map(({ resource }) => resource)
      : [one];
  });
  return { bodies, resources };
}

const isMistake = (r: Resource): boolean =>
  r.resourceType !== 'Appointment' && FACTS[r.resourceType]?.status(r) === 'entered-in-error';
const isAccepted = (r: Resource): boolean =>
  MEMBERS[r.resourceType] !== undefined || isMistake(r) || Boolean(FACTS[r.resourceType]?.date(r));

/** How many rows of its own a resource lists, and how many of them have a time. */
function partsOf(r: Resource): { all: number; dated: number } {
  if (r.resourceType === 'Encounter') {
    const stays = (r.location ?? []) as Resource[];
    return { all: stays.length, dated: stays.filter((stay) => stay.period?.start ?? r.period?.start).length };
  }
  const lists: Readonly<Record<string, (() => number) | undefined>> = {
    Observation: () => (r.component ?? []).length,
    DiagnosticReport: () => (r.result ?? []).length,
    Patient: () => (r.link ?? []).filter((link: Resource) => /Patient\//.test(link.other?.reference)).length,
  };
  const all = lists[r.resourceType]?.() ?? 0;
  return { all, dated: isAccepted(r) ? all : 0 };
}

/** What each of some resources adds to one of the counts, by key. */
function tally(of: Iterable<readonly [key: string, by: number]>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [key, by] of of) counts[key] = (counts[key] ?? 0) + by;
  return counts;
}
const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);

/** What the ingest of these resources has to say of itself. */
export function ingestOf(resources: readonly Resource[]) {
  const mapped = resources.filter((r) => MEMBERS[r.resourceType] ?? FACTS[r.resourceType]);
  const parts = mapped.map(partsOf);
  const accepted = mapped.filter(isAccepted).length + sum(parts.map((p) => p.dated));
  const received = resources.length + sum(parts.map((p) => p.all));
  const others = resources.filter((r) => !mapped.includes(r));
  return {
    counts: {
      received,
      accepted,
      quarantined: received - accepted - others.length,
      unmapped: others.length,
    },
    unmapped: tally(others.map((r) => [String(r.resourceType), 1])),
  };
}

/** How many resources of a type there are, versions aside. */
export const idsOf = (resources: readonly Resource[], type: string): number =>
  new Set(resources.filter((r) => r.resourceType === type).map((r) => String(r.id))).size;

/** Accepted resources of a type that were no mistake. */
export const standing = (resources: readonly Resource[], type: string): Resource[] =>
  resources.filter((r) => r.resourceType === type && isAccepted(r) && !isMistake(r));

/** Accepted resources of a type: how many, how many of them stand, and how many of those in measures. */
export function standingOf(resources: readonly Resource[], type: string) {
  const accepted = resources.filter((r) => r.resourceType === type && isAccepted(r));
  const kept = accepted.filter((r) => !isMistake(r));
  const { uncounted, status: of, isMeant = () => true } = FACTS[type] ?? { uncounted: [], status };
  const counted = kept.filter((r) => !uncounted.includes(of(r)) && isMeant(r));
  return { accepted: accepted.length, kept: kept.length, counted: counted.length };
}

/** Count and sum of numbers by unit, in the order of the units. */
export type Sums = [unit: string | null, count: number, sum: string][];
export function sumsOf(numbers: readonly (readonly [unit: string | null, value: number])[]): Sums {
  const units = [...new Set(numbers.map(([unit]) => unit))].sort((a, b) => (String(a) < String(b) ? -1 : 1));
  return units.map((unit) => {
    const values = numbers.filter(([of]) => of === unit).map(([, value]) => value);
    return [unit, values.length, sum(values).toFixed(4)];
  });
}
type Quantity = { value?: number; code?: string; unit?: string } | undefined;
const measured = (quantity: Quantity): [string | null, number][] =>
  quantity?.value === undefined ? [] : [[quantity.code ?? quantity.unit ?? null, quantity.value]];

/** Every number that was observed, those of components too, with its unit and its code of LOINC. */
export const numbersIn = (
  resources: readonly Resource[],
): { unit: string | null; value: number; loinc?: string; isBound: boolean }[] =>
  resources
    .filter((r) => r.resourceType === 'Observation' && isAccepted(r) && !isMistake(r))
    .flatMap((r) => [r, ...((r.component ?? []) as Resource[])])
    .flatMap((r) => {
      const numbers: [string | null, number][] =
        r.valueInteger === undefined ? measured(r.valueQuantity as Quantity) : [[null, r.valueInteger as number]];
      const coding = r.code?.coding?.[0] as { system?: string; code?: string } | undefined;
      const loinc = coding?.system === 'http://loinc.org' ? coding.code : undefined;
      const isBound = r.valueQuantity?.comparator !== undefined;
      return numbers.map(([unit, value]) => ({ unit, value, loinc, isBound }));
    });
/** Count and sum of what was observed, by unit. */
export const observedIn = (resources: readonly Resource[]): Sums =>
  sumsOf(numbersIn(resources).map(({ unit, value }) => [unit, value]));
/** Everything that was handed out, or is to be, by unit. */
export const dispensedIn = (resources: readonly Resource[]): Sums =>
  sumsOf(
    resources
      .filter((r) => r.resourceType === 'MedicationDispense' && isAccepted(r) && !isMistake(r))
      .flatMap((r) => measured(r.quantity as Quantity)),
  );
/** Which observation each report lists, by the ids of both; urn:uuid stands for the id that a Bundle gives it. */
export const listedIn = (resources: readonly Resource[]): [report: string, observation: string | null][] =>
  resources
    .filter((r) => r.resourceType === 'DiagnosticReport' && isAccepted(r) && !isMistake(r))
    .flatMap((r) =>
      ((r.result ?? []) as { reference?: string }[]).map(({ reference = '' }): [string, string | null] => [
        String(r.id),
        /^(?:urn:uuid:|Observation\/)(.+)$/.exec(reference)?.[1] ?? null,
      ]),
    );
