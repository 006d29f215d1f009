/** One measured figure beside what it is measured against. */
export interface Line {
  what: string;
  measured: string;
  against: string;
  ratio?: number;
  goal: string;
  reached: boolean;
}

/** What one section found. */
export interface Found {
  lines: Line[];
  details: unknown;
}

export const n = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: digits });
