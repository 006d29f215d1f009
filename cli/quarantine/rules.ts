import { RULES } from '../../contracts/rules';
import { FILE_RULES } from '../../profiles/rules';
import { CliError } from '../errors';

const SENTENCES = new Map<string, string>(
  Object.entries({ ...RULES, ...FILE_RULES }).map(([id, { doc }]) => [id, sentence(doc)]),
);

/** What a rule asks, as a sentence. */
export const sentenceOf = (rule: string): string => SENTENCES.get(rule) ?? 'A rule of another release.';

function sentence(doc: string): string {
  // The name of a member stays as it is written.
  const text = /^\w*_/.test(doc) ? doc : doc.charAt(0).toUpperCase() + doc.slice(1);
  return text.endsWith('.') ? text : `${text}.`;
}

/** @throws CliError for an id that no rule has: nothing would be found, which looks like all being well */
export function knownRule(rule: string): string {
  const id = rule.toUpperCase();
  if (SENTENCES.has(id)) return id;
  const family = id.split('-').slice(0, 2).join('-');
  const near = [...SENTENCES.keys()].filter((one) => one.startsWith(family) || one.startsWith(id.split('-')[0]!));
  throw new CliError('no rule has this id', {
    where: `--rule ${rule}`,
    lines: near.slice(0, 12).map((one) => `${one}: ${sentenceOf(one)}`),
    next: 'carelake quarantine list: it shows the rules that were broken (all of them: docs/generated/dictionary.md, docs/generated/file-rules.md)',
  });
}
