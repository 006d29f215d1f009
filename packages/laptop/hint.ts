let written = (text: string): string => text;

/** Has the commands in this package's messages written as the caller's own are: only the command line knows how it is called. */
export function writeHintsBy(write: (text: string) => string): void {
  written = write;
}

/** A text that suggests commands, for somebody to copy. */
export const hint = (text: string): string => written(text);

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w./:@=,+%-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * Where a client that may not come in finds its way. The folder is not named to it: its path may name somebody.
 * @param what it prints
 */
export const envHint = (what: string): string => hint(`\`carelake env --data DIR\` prints ${what}`);
