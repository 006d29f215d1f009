import { report } from '../../cli/commands/backfill';

const landing = { started: 2, archived: 0, restoring: 0, restore_hours: 0 };
const options = { from: '2026-03-01', to: '2026-03-02' };

function told(bronze: Parameters<typeof report>[0]['bronze'], json = false): { code: number; printed: string } {
  let printed = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true));
  const code = report({ landing, bronze }, { ...options, json });
  write.mockRestore();
  return { code, printed };
}

test('a backfill says what it left as it is, and what to do about it', () => {
  const { code, printed } = told({ objects: 4, records: 40, written: 1, kept: 3, killed: 2 });
  expect(code).toBe(0);
  expect(printed).toContain('3 objects were left as they are: another release read the same records differently');
  expect(printed).toContain('docs/runbooks/files.md, "Objects that a backfill leaves as they are"');
  expect(printed).toContain('2 records were left in quarantine');
  expect(printed).toContain('Once that is fixed: npm run --silent carelake -- quarantine replay --rule SYS-KILLED\n');
  expect(JSON.parse(told({ kept: 3, killed: 2 }, true).printed)).toMatchObject({ kept: 3, killed: 2 });
});

test('and of nothing where there is nothing', () => {
  const { printed } = told({ objects: 4, records: 40, written: 1 });
  expect(printed).not.toMatch(/left as they are|left in quarantine/);
  expect(JSON.parse(told({}, true).printed)).toMatchObject({ kept: 0, killed: 0 });
});
