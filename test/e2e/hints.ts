import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoted } from '../../cli/hints';
import { commandsOf } from '../cli/suggestions';
import { type Outcome, ROOT } from './laptop';

/** A place with a space in its name, with the command line installed by its name. */
export const place = mkdtempSync(join(tmpdir(), 'carelake hints '));
const bin = join(place, 'bin');
mkdirSync(bin);
writeFileSync(join(bin, 'carelake'), `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'cli/carelake.js')}" "$@"\n`);
chmodSync(join(bin, 'carelake'), 0o755);

/** Commands that were printed, as they were printed. */
export const printed = (text: string): string[] => text.split('\n').flatMap(commandsOf);

/** The words that a suggestion certainly prints. */
const wordsOf = (id: string): string[] => {
  const command = id.slice(id.indexOf(': ') + 2).replace(/ \(\d\)$/, '');
  const made = /^(again|withInstead)\((.*)\)$/.exec(command);
  if (made) return [...made[2]!.matchAll(/'(--[a-z-]+)'/g)].map(([, word]) => word!);
  return command.split(/\s+/).filter((word) => /^(--)?[a-z][a-z-]*$/.test(word) && !/^(npm|run|carelake)$/.test(word));
};

/** What may stand for a word that a suggestion leaves open. */
export type Fill = Readonly<Record<string, string>>;
const filled = (command: string, fill: Fill): string =>
  Object.entries(fill).reduce(
    // FILE stands in PROFILE, too.
    (text, [open, word]) => text.replace(/^[A-Z]+$/.test(open) ? new RegExp(`\\b${open}\\b`, 'g') : open, () => word),
    command,
  );

/**
 * The command that a text prints for a suggestion, by the words of that suggestion and the folder that it must name.
 * @throws Error where no printed command has them
 */
export function commandFor(id: string, text: string, dataDir?: string): string {
  const all = printed(text);
  const wanted = [...wordsOf(id), ...(dataDir === undefined ? [] : [quoted(dataDir)])];
  const found = all.find((command) => wanted.every((word) => command.includes(word)));
  if (found === undefined) throw new Error(`${id}: no printed command has ${wanted.join(' ')}:\n${text}`);
  return found;
}

const open = new Set<Shell>();
/** Stops what a test that failed left serving. */
export const stopAll = (): Promise<unknown> => Promise.all([...open].map((shell) => shell.interrupt()));

class Shell {
  stdout = '';
  stderr = '';
  readonly child;
  readonly ended: Promise<number | null>;

  constructor(command: string) {
    this.child = spawn('sh', ['-c', command], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, NO_COLOR: '1', NODE_OPTIONS: '' },
    });
    this.child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    open.add(this);
    this.ended = new Promise((done) =>
      this.child.on('close', (code) => {
        open.delete(this);
        done(code);
      }),
    );
  }

  async done(): Promise<Outcome> {
    return { code: await this.ended, stdout: this.stdout, stderr: this.stderr };
  }

  /** Ends the commands of this shell as Ctrl-C does. */
  async interrupt(): Promise<Outcome> {
    if (this.child.exitCode === null && this.child.signalCode === null) process.kill(-this.child.pid!, 'SIGINT');
    return this.done();
  }
}

/** Runs a command line through a shell. */
export const typed = (command: string): Promise<Outcome> => new Shell(command).done();

/** Runs the command that a text prints for a suggestion, as it is printed but for words that it leaves open. */
export async function follow(
  ids: string | string[],
  text: string,
  dataDir?: string,
  fill: Fill = {},
): Promise<Outcome> {
  const commands = [...new Set([ids].flat().map((id) => commandFor(id, text, dataDir)))];
  if (commands.length !== 1) throw new Error(`several commands: ${commands.join('; ')}`);
  return typed(filled(commands[0]!, fill));
}

/** The same of a command that serves until it is stopped; where the port is taken, it goes by the hint to that. */
export async function serveBy(command: string, until = 'Serving at'): Promise<Shell> {
  const shell = new Shell(command);
  for (let tries = 0; tries < 900; tries++) {
    if (`${shell.stdout}${shell.stderr}`.includes(until)) return shell;
    if (shell.child.exitCode !== null) break;
    await sleep(100);
  }
  const { stderr } = await (shell.child.exitCode === null ? shell.interrupt() : shell.done());
  if (!stderr.includes('the port is in use')) throw new Error(`${command}:\n${shell.stdout}${stderr}`);
  return serveBy(commandFor("cli/laptop.ts boot: again('--port', '0')", stderr), until);
}
