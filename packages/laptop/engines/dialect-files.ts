import { DialectError, type Token } from './sql-tokens';

/** Words that end a list of tables at their depth. */
const ENDS = new Set([
  'SELECT',
  'WHERE',
  'GROUP',
  'HAVING',
  'QUALIFY',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'WINDOW',
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'SET',
  'VALUES',
  'WHEN',
]);
/** Functions whose arguments are parted by FROM. */
const WITH_FROM = new Set(['TRIM', 'EXTRACT', 'SUBSTRING', 'POSITION']);

/**
 * Refuses texts where tables are named: the local engine would open the file of that name. Walks the tokens with a stack of
 * parentheses, since a list of tables may stand in any of them.
 * @throws DialectError
 */
export function refuseFiles(tokens: readonly Token[]): void {
  const stack: { inTables: boolean; inCall: boolean }[] = [{ inTables: false, inCall: false }];
  tokens.forEach((token, i) => {
    const here = stack.at(-1) ?? { inTables: false, inCall: false };
    const before = tokens[i - 1];
    const named =
      before !== undefined &&
      (['FROM', 'JOIN', 'USING'].includes(before.upper) || before.text === ',' || before.text === '(');
    if (token.text === '(')
      return void stack.push({ inTables: here.inTables && named, inCall: WITH_FROM.has(before?.upper ?? '') });
    if (token.text === ')') return void stack.pop();
    if (token.kind === 'string' && here.inTables && named)
      throw new DialectError('a text stands where a table is named: files are read by COPY only');
    if (token.kind !== 'word') return;
    if (token.upper === 'FROM' && before?.text === '(' && !here.inCall)
      throw new DialectError('a query begins with SELECT');
    if (['FROM', 'JOIN', 'USING'].includes(token.upper) && !here.inCall) here.inTables = true;
    else if (ENDS.has(token.upper)) here.inTables = false;
  });
}
