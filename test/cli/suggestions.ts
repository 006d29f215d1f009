import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '..', '..');

/** Rooms that print to people: by themselves, or by an error that somebody shows. */
const ROOMS = ['cli', 'core', 'guard', 'lambdas', 'ops', 'packages/laptop', 'profiles'];
/** Makes hints of what others say, and suggests nothing itself. */
const MAKER = 'cli/hints.ts';

/** A command that a source file suggests. */
export interface Suggestion {
  /** File and declaration that suggest it, and the command up to the first mark that ends it; what is put in is `…`. */
  readonly id: string;
  /** Whether it is printed by the way on which it becomes one that can be copied. */
  readonly isRunnable: boolean;
}

/** How a command begins; in other words, carelake is the name of the project. */
const BEGINS =
  /(?<![\w.@/-])(?:npm start|npm run(?: --silent)? [a-z]|npx cdk [a-z]|aws [a-z]\w+ [a-z]|carelake (?:start|sql|push|load|env|tables|describe|check|rebuild|replay-failed|backfill|verify|wipe|ingest|withdraw|reference|quarantine)(?![\w-]))/g;
/** Functions that make a command of the one that was typed. */
const MAKES = ['again', 'withInstead'];
/** What makes commands of a text runnable: `next` of an error becomes so later on. */
const RUNNABLE = ['runnable', 'hint', 'envHint'];

/** Commands of a text: each ends with the sentence, or where an aside begins. */
export const commandsOf = (text: string): string[] =>
  [...text.matchAll(BEGINS)].map(({ index }) => {
    const rest = text.slice(index);
    let [end, quote] = [0, ''];
    for (; end < rest.length; end++) {
      const sign = rest[end]!;
      if (quote) quote = sign === quote ? '' : quote;
      else if (sign === '\\') end++;
      else if (sign === '"' || sign === "'") quote = sign;
      else if (/^([;:,.]?\s*$|\.\s|[;:,]\s|[`)<\n]|\s\(| {2,}|, or )/.test(rest.slice(end))) break;
    }
    return rest.slice(0, end);
  });

/** The nearest declaration of a file, or member with a name of its own, in which something stands. */
function ownerOf(node: ts.Node): string {
  for (let at: ts.Node = node; at.parent; at = at.parent) {
    if (ts.isPropertyAssignment(at) && ts.isStringLiteral(at.name)) return at.name.text;
    if ((ts.isFunctionDeclaration(at) || ts.isMethodDeclaration(at)) && at.name) return at.name.getText();
    if (ts.isClassDeclaration(at)) return at.name!.text;
    if (ts.isVariableDeclaration(at) && at.parent.parent.parent.kind === ts.SyntaxKind.SourceFile)
      return at.name.getText();
  }
  return '';
}

const calls = (node: ts.Node, names: readonly string[]): node is ts.CallExpression =>
  ts.isCallExpression(node) && names.includes(node.expression.getText());

/** A text with `…` for what is put into it; a command that is put in is found by itself. */
const textOf = (node: ts.Node): string | undefined => {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
};

/** Commands that a source file suggests. */
export function suggestionsIn(name: string, source: string): Suggestion[] {
  const found: Suggestion[] = [];
  const visit = (node: ts.Node, inside: boolean): void => {
    const isRunnable =
      inside || calls(node, RUNNABLE) || (ts.isPropertyAssignment(node) && /^(next|mend)$/.test(node.name.getText()));
    const note = (command: string): unknown => found.push({ id: `${name} ${ownerOf(node)}: ${command}`, isRunnable });
    if (calls(node, MAKES) && !ts.isArrowFunction(node.arguments[0] ?? node)) note(node.getText().replace(/\s+/g, ' '));
    for (const command of commandsOf(textOf(node) ?? '')) note(command);
    ts.forEachChild(node, (child) => visit(child, isRunnable));
  };
  visit(ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true), false);
  return found;
}

/** All of them; a declaration that suggests the same twice has a second one. */
export function suggestions(): Suggestion[] {
  const seen = new Map<string, number>();
  return everySuggestion().map(({ id, isRunnable }) => {
    const n = (seen.get(id) ?? 0) + 1;
    seen.set(id, n);
    return { id: n === 1 ? id : `${id} (${n})`, isRunnable };
  });
}

const everySuggestion = (): Suggestion[] =>
  ROOMS.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .map((name) => relative(ROOT, join(ROOT, room, name)))
      .filter((name) => name.endsWith('.ts') && !name.includes('node_modules') && name !== MAKER)
      .sort()
      .flatMap((name) => suggestionsIn(name, readFileSync(join(ROOT, name), 'utf8'))),
  );
