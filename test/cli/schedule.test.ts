import { pushedText } from '../../cli/commands/push';
import { cadence, loadsText, waitText } from '../../cli/schedule';

const judged = { accepted: 2, rejected: 0, waiting: 0, byRule: {}, unmapped: {} };

describe('when rows reach the tables', () => {
  it.each([
    ['dev', 'Environment dev loads accepted records every day at 05:00 UTC; to load them now: '],
    ['prod', 'Environment prod loads accepted records every 15 minutes; to load them now: '],
    ['local', 'Accepted records are being loaded: '],
  ])('is what environment %s says', (env, sentence) => {
    expect(loadsText(env).slice(0, sentence.length)).toBe(sentence);
  });

  it('is the expression itself where it is not simply a time of day', () => {
    const cron = (expression: string) => cadence({ kind: 'cron', expression, timezone: 'Europe/Berlin' });
    expect(cron('7 6 * * ? *')).toBe('every day at 06:07 Europe/Berlin');
    expect(cron('0 6 ? * MON-FRI *')).toBe('by cron(0 6 ? * MON-FRI *) in Europe/Berlin');
    expect(cron('0/30 6 * * ? *')).toBe('by cron(0/30 6 * * ? *) in Europe/Berlin');
  });

  it('is said after a push that sent something to load, with the command that loads now', () => {
    const command = 'to load them now: npm run --silent carelake -- load';
    const schedule = `Environment dev loads accepted records every day at 05:00 UTC; ${command}`;
    expect(pushedText(2, judged, 'dev')).toBe(`2 records sent: 2 accepted, 0 rejected.\n${schedule}`);
    expect(pushedText(2, undefined, 'dev')).toBe(`2 records sent. ${schedule}`);
    expect(pushedText(1, { ...judged, accepted: 0, waiting: 1 }, 'dev')).toBe(
      '1 record sent: 0 accepted, 0 rejected, 1 not validated yet.',
    );
  });

  it('takes as long on the laptop as in the account, which start explains', () => {
    expect(waitText('dev')).toBe(
      '  environment dev waits on purpose, here as in the account: its stream collects records for 60 s before they are read, and a load asks the warehouse every 10 s whether it is done (--env local hardly waits)',
    );
  });
});
