import { RE2JS } from 're2js';

/** Thrown for an expression that RE2 does not have; the message says what of it. */
export class RegexError extends Error {}

/** A regular expression of a profile. RE2 takes time that grows with the text alone, whatever expression somebody brings. */
export interface Regex {
  /** Groups that it captures. */
  readonly groups: number;
  test(text: string): boolean;
  /** Text of the first group where the expression is first found. */
  first(text: string): string | undefined;
}

/** @throws RegexError */
export function compileRegex(source: string): Regex {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch (error) {
    throw new RegexError((error as Error).message.replace('error parsing regexp: ', ''));
  }
  return {
    groups: compiled.groupCount(),
    test: (text) => compiled.test(text),
    first: (text) => {
      const matcher = compiled.matcher(text);
      return matcher.find() ? (matcher.group(1) ?? undefined) : undefined;
    },
  };
}
