import { quoted } from '@carelake/laptop/hint';

export { quoted };

/** Whether this command line is installed, and called by its name; in a clone npm calls it. */
const IS_INSTALLED = /carelake(\.js)?$/.test(process.argv[1] ?? '');
const NAME = IS_INSTALLED ? 'carelake' : 'npm run --silent carelake --';
const START = IS_INSTALLED ? 'carelake start' : 'npm start';

const COMMANDS =
  'start|sql|push|load|env|tables|describe|check|rebuild|replay-failed|backfill|verify|wipe|ingest|withdraw|reference (?:add|list)|quarantine(?: (?:list|show|replay|discard))?';
const SUGGESTED = new RegExp(`\\b(?:npm start(?: --(?= ))?|carelake (?:${COMMANDS}))(?![\\w-])`, 'g');

/** Options of a command that hints to another one keep. */
interface Kept {
  data?: string;
  port?: number;
  durable?: boolean;
}

/** What was typed: a hint keeps every option of it, since without its folder a command would go to another one. */
const typed: { words: readonly string[]; kept: Kept } = { words: [], kept: {} };

const splitOption = (word: string): string[] => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)];

/** Remembers the command line that is being worked on. */
export function typedAs(words: readonly string[], kept: Kept): void {
  typed.words = words.flatMap((word) => (/^--[a-z-]+=/.test(word) ? splitOption(word) : [word]));
  typed.kept = kept;
}

/** An option that may stand several times, each for something else. */
const REPEATED = /^--(profile|source|input)$/;
const isOption = (word: string): boolean => /^--?[a-z]/.test(word);

/** The command that was typed, to be typed again: with further options, each in place of what was typed of it. */
export function again(...more: string[]): string {
  const replaced = more.filter((word) => isOption(word) && !REPEATED.test(word));
  const takesValue = (option: string): boolean => {
    const next = more[more.indexOf(option) + 1];
    return next !== undefined && !isOption(next);
  };
  const kept: string[] = [];
  for (let at = 0; at < typed.words.length; at++) {
    const word = typed.words[at]!;
    if (!replaced.includes(word)) kept.push(word);
    else if (takesValue(word)) at++;
  }
  return written([...kept, ...more]);
}

/** The command that was typed, with other words in place of one of its words, and more at the end. */
export function withInstead(word: string, other: readonly string[], ...more: string[]): string {
  const at = typed.words.indexOf(word, 1);
  return written([...(at < 0 ? typed.words : typed.words.toSpliced(at, 1, ...other)), ...more]);
}

function written([command = 'start', ...rest]: readonly string[]): string {
  const words = rest.map(quoted);
  if (command !== 'start') return ['carelake', command, ...words].join(' ');
  return words.length === 0 ? 'npm start' : ['npm start --', ...words].join(' ');
}

/** Whether a start is what is being worked on. */
export const isStart = (): boolean => typed.words[0] === 'start';

/** Whether an option was typed. */
export const isTyped = (option: string): boolean => typed.words.includes(option);

/** An option that names a data folder, for a hint. */
export const ofFolder = (dataDir: string): string => `--data ${quoted(dataDir)}`;

/** Options that are kept, of those that the hint does not name itself; a port and syncing are a start's alone. */
function keptOptions(ofStart: boolean, rest: string): string {
  const { data, port, durable } = typed.kept;
  return [
    ...(data === undefined || rest.includes('--data') ? [] : [` ${ofFolder(data)}`]),
    ...(!ofStart || port === undefined || rest.includes('--port') ? [] : [` --port ${port}`]),
    ...(!ofStart || !durable || rest.includes('--durable') ? [] : [' --durable']),
  ].join('');
}

/** Writes commands so that they can be copied: `carelake sql` is `npm run --silent carelake -- sql` in a clone, and goes to the folder of the command that suggests it. */
export function runnable(text: string): string {
  return text.replace(SUGGESTED, (command, at: number) => {
    // An option of the next suggestion is none of this one: `wipe` would remove another folder.
    const rest = text.slice(at + command.length).split(/[;\n]|, /, 1)[0]!;
    const kept = keptOptions(/\bstart\b/.test(command), rest);
    if (!command.startsWith('npm start')) return `${NAME} ${command.slice('carelake '.length)}${kept}`;
    return `${START}${!IS_INSTALLED && (kept || command.endsWith('--')) ? ' --' : ''}${kept}`;
  });
}
