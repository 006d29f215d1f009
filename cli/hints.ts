/** How this command line is called here: by its name where it is installed, by npm in a clone. */
const NAME = /carelake(\.js)?$/.test(process.argv[1] ?? '') ? 'carelake' : 'npm run --silent carelake --';

const COMMANDS =
  'start|sql|push|load|env|tables|describe|check|rebuild|replay-failed|backfill|verify|wipe|ingest|withdraw|quarantine(?: (?:list|show|replay|discard))?';
const SUGGESTED = new RegExp(`\\b(?:npm start(?: --(?= ))?|carelake (?:${COMMANDS}))(?![\\w-])`, 'g');

/** What was typed: a hint keeps every option of it, since without its folder a command would go to another one. */
const typed: { words: readonly string[]; data?: string } = { words: [] };

/** Remembers the command line that is being worked on. */
export function typedAs(words: readonly string[], data: string | undefined): void {
  typed.words = words;
  typed.data = data;
}

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w./:@=,+%-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** The command that was typed, with further words, to be typed again. */
export function again(...more: string[]): string {
  const [command = 'start', ...rest] = [...typed.words, ...more];
  return [command === 'start' ? 'npm start --' : `carelake ${command}`, ...rest.map(quoted)].join(' ');
}

/** An option that names a data folder, for a hint. */
export const ofFolder = (dataDir: string): string => `--data ${quoted(dataDir)}`;

/** Writes commands so that they can be copied: `carelake sql` is `npm run --silent carelake -- sql` in a clone, and goes to the folder of the command that suggests it. */
export function runnable(text: string): string {
  const data = typed.data === undefined ? '' : ` ${ofFolder(typed.data)}`;
  return text.replace(SUGGESTED, (command, at: number) => {
    // An option of the next suggestion is none of this one: `wipe` would remove another folder.
    const rest = text.slice(at + command.length).split(/[;\n]|, /, 1)[0]!;
    const folder = rest.includes('--data') ? '' : data;
    if (command.startsWith('npm start')) return `npm start${folder || command.endsWith('--') ? ' --' : ''}${folder}`;
    return `${NAME} ${command.slice('carelake '.length)}${folder}`;
  });
}
