import { parseArgs } from 'node:util';

/** What a run of the benchmarks is asked for. */
export interface BenchOptions {
  full: boolean;
  json: boolean;
  /** Sections by name; none: all of them. */
  wanted: string[];
  folders: { fhir?: string; synthea?: string };
}

/** Reads the arguments of `npm run bench`. */
export function readOptions(
  args: string[],
  sections: readonly string[],
): BenchOptions | { help: true } | { wrong: string } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean' },
        full: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        fhir: { type: 'string' },
        synthea: { type: 'string' },
      },
    });
    if (values.help) return { help: true };
    const unknown = positionals.filter((name) => !sections.includes(name));
    if (unknown.length > 0) return { wrong: `no such section: ${unknown.join(', ')}` };
    const { full, json, fhir, synthea } = values;
    return {
      full,
      json,
      wanted: positionals,
      folders: { ...(fhir === undefined ? {} : { fhir }), ...(synthea === undefined ? {} : { synthea }) },
    };
  } catch (error) {
    return { wrong: (error as Error).message };
  }
}
