import { heed } from './message';

const message = (lines: string): string => `- boot (1.0 s)\ncarelake: it is broken\n${lines}\n`;

test.each([
  ['where: /d\n  next:  npm run --silent carelake -- rebuild', 'rebuild'],
  ['where: /d/esm/a.json\n  next:  remove this file and start again: it is read once more', 'remove'],
  ['where: /d\n  next:  free some space on that disk, then npm run --silent carelake -- start again', 'start'],
  ['where: /d\n  next:  send them again (docs/producers.md): repeats are recognized', 'send again'],
  ['where: /d\n  next:  carelake backfill over the days on which they landed', 'backfill'],
])('the next step of a message is followed: %s', (lines, way) => {
  expect(heed(message(`  ${lines}`)).way).toBe(way);
});

test('what was told before of work in the background is not taken for the failure', () => {
  const background = 'carelake: an endpoint failed: Error\n';
  expect(heed(`${background}${message('  where: /d\n  next:  carelake start')}${background}`)).toEqual({ way: 'start', file: '/d' });
}); // prettier-ignore

test.each([
  ['nothing at all', '', /without a message/],
  ['no place', message('  next:  carelake start'), /no place/],
  ['no next step', message('  where: /d'), /no next step/],
  ['a stack', message('    at main (/a.ts:1:1)\n  where: /d\n  next:  carelake start'), /a stack/],
  ['a next step that nobody can take', message('  where: /d\n  next:  think'), /nobody can follow/],
])('a message with %s is none', (_, stderr, why) => {
  expect(() => heed(stderr)).toThrow(why);
});
