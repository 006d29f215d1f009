import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

type Node = Record<string, unknown>;

/** Counts the test cases of JUnit documents: a case with `<failure>` or `<error>` failed, one with `<skipped>` was skipped. */
export function countReports(documents: string[]): Counts {
  const parser = new XMLParser({
    ignoreAttributes: true,
    isArray: (name) => name === 'testcase' || name === 'testsuite',
  });
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const visit = (node: Node): void => {
    for (const suite of (node.testsuite as Node[] | undefined) ?? []) if (typeof suite === 'object') visit(suite);
    for (const testcase of (node.testcase as (Node | string)[] | undefined) ?? []) {
      const kind = typeof testcase === 'object' ? testcase : {};
      if ('failure' in kind || 'error' in kind) counts.failed += 1;
      else if ('skipped' in kind) counts.skipped += 1;
      else counts.passed += 1;
    }
  };
  for (const document of documents) {
    const root = parser.parse(document) as Node;
    visit(root);
    if (root.testsuites && typeof root.testsuites === 'object') visit(root.testsuites as Node);
  }
  return counts;
}

if (require.main === module) {
  const folder = process.argv[2] ?? 'reports';
  const files = readdirSync(folder).filter((file) => file.endsWith('.xml'));
  const { passed, failed, skipped } = countReports(files.map((file) => readFileSync(join(folder, file), 'utf8')));
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
