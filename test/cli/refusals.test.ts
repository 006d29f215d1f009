import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli, newFolder } from '../e2e/laptop';

const folder = mkdtempSync(join(tmpdir(), 'carelake-refusals-'));
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const KAGGLE =
  'PatientId,AppointmentID,Gender,ScheduledDay,AppointmentDay,Age,Neighbourhood,Scholarship,Hipertension,Diabetes,Alcoholism,Handcap,SMS_received,No-show';
const good = file('good.csv', `${KAGGLE}\n`);

/** Every way of asking wrongly is told what, where, by which rule where there is one, and what to do; stdout stays empty. */
const cases: [what: string, args: string[], says: string[]][] = [
  [
    'a file without --phi-ok',
    ['start', '--profile', 'kaggle-no-show', '--input', good],
    ['real patients', '--phi-ok', good],
  ],
  ['a file without a profile', ['start', '--phi-ok', '--input', good], ['--profile', 'docs/profiles.md']],
  ['a profile without a file', ['start', '--phi-ok', '--profile', 'kaggle-no-show'], ['--input']],
  [
    'a missing file',
    ['start', '--phi-ok', '--profile', 'kaggle-no-show', '--input', join(folder, 'none.csv')],
    ['no such file', 'none.csv'],
  ],
  [
    'an unknown profile',
    ['start', '--phi-ok', '--profile', 'nobody', '--input', good],
    ['kaggle-no-show', '--profile ./mine.json'],
  ],
  [
    'a profile that is no JSON',
    ['start', '--phi-ok', '--profile', file('broken.json', '{\n "profile": \n'), '--input', good],
    ['broken.json:', 'nothing was loaded'],
  ],
  [
    'a profile with a wrong field',
    [
      'start',
      '--phi-ok',
      '--profile',
      file('wrong.json', '{\n  "profile": "mine",\n  "modus": "delta"\n}'),
      '--input',
      good,
    ],
    ['wrong.json:', 'nothing was loaded'],
  ],
  [
    'a semicolon file',
    [
      'start',
      '--phi-ok',
      '--profile',
      'kaggle-no-show',
      '--input',
      file('semicolon.csv', `${KAGGLE.replaceAll(',', ';')}\n`),
    ],
    ['FIL-HDR-02', 'semicolon'],
  ],
  [
    'a missing column',
    [
      'start',
      '--phi-ok',
      '--profile',
      'kaggle-no-show',
      '--input',
      file('missing.csv', `${KAGGLE.replace(',Age', '')}\n`),
    ],
    ['FIL-HDR-02', 'Age'],
  ],
  [
    'a column too many',
    ['start', '--phi-ok', '--profile', 'kaggle-no-show', '--input', file('more.csv', `${KAGGLE},Mood\n`)],
    ['FIL-HDR-03', 'Mood'],
  ],
  [
    'a file that is no CSV',
    [
      'start',
      '--phi-ok',
      '--profile',
      'kaggle-no-show',
      '--input',
      file('sheet.csv', Buffer.from('504b030414000600', 'hex')),
    ],
    ['FIL-ENC-01', '.xlsx'],
  ],
  [
    'an empty file',
    ['start', '--phi-ok', '--profile', 'kaggle-no-show', '--input', file('empty.csv', '')],
    ['FIL-HDR-01', 'empty'],
  ],
  ['a network too small for its patients', ['start', '--patients', '1000', '--events', '10'], ['--events']],
  ['an option that is no number', ['start', '--port', 'abc'], ['whole number']],
  ['an unknown command', ['explode'], ['unknown command']],
  ['an unknown environment', ['start', '--env', 'nowhere', '--data', newFolder('env')], ['nowhere', 'local, dev']],
  [
    'a query where no data is',
    ['sql', 'select 1', '--data', join(folder, 'nothing')],
    ['no data here', 'carelake start'],
  ],
  ['a replay by nobody', ['replay-failed', '--data', join(folder, 'nothing')], ['no data here']],
  ['a push to nobody', ['push', good, '--data', join(folder, 'nothing')], ['no data here']],
  ['exports of nobody', ['env', '--data', join(folder, 'nothing')], ['no data here']],
  ['a wipe of a folder that is not ours', ['wipe', '--yes', '--data', folder], ['nothing was removed', folder]],
];

describe('what is asked wrongly', () => {
  it.each(cases)('is refused: %s', async (_what, args, says) => {
    const data = args[0] === 'start' && !args.includes('--data') ? ['--data', newFolder('refusal')] : [];
    const { code, stdout, stderr } = await cli([...args, ...data]);
    expect([code, stdout]).toEqual([2, '']);
    for (const text of says) expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/\n\s+at .*\(/);
  });
});
