/** Sum that Luhn's rule gives the prefix 80840, which every NPI carries unwritten in front of its ten digits. */
const PREFIX_SUM = 24;

/**
 * Whether the text is a National Provider Identifier: ten digits, the first 1 or 2, the last the check digit by Luhn
 * over 80840 + NPI (45 CFR 162.406).
 */
export function isNpi(text: string): boolean {
  if (text.length !== 10) return false;
  const first = text.charCodeAt(0);
  if (first !== 49 && first !== 50) return false;
  let sum = PREFIX_SUM;
  for (let i = 9; i >= 0; i--) {
    let digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return false;
    if ((9 - i) % 2 === 1) {
      digit *= 2;
      if (digit > 9) digit -= 9;
    }
    sum += digit;
  }
  return sum % 10 === 0;
}

const DIGITS = '0123456789';

/** Every text at edit distance one from `text` that has ten digits. */
function* neighbours(text: string): Iterable<string> {
  if (text.length === 11) {
    for (let i = 0; i < 11; i++) yield text.slice(0, i) + text.slice(i + 1);
  } else if (text.length === 10) {
    for (let i = 0; i < 10; i++) for (const d of DIGITS) yield text.slice(0, i) + d + text.slice(i + 1);
  } else if (text.length === 9) {
    for (let i = 0; i <= 9; i++) for (const d of DIGITS) yield text.slice(0, i) + d + text.slice(i);
  }
}

/**
 * Valid NPIs at edit distance one (one digit replaced, missing or too many) from a wrong one, sorted.
 * @param known if given, only NPIs of this set are suggested; without it a single slip of a digit still has several
 * valid neighbours, so a suggestion is for a person to decide and never applied by itself
 */
export function suggestNpi(wrong: string, known?: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  for (const candidate of neighbours(wrong.trim())) {
    if (candidate !== wrong && isNpi(candidate) && (!known || known.has(candidate))) found.add(candidate);
  }
  return [...found].sort();
}
