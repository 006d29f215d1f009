/** Days of an average month. */
const DAYS = 365.25 / 12;

/**
 * How often a schedule expression fires in an average month.
 * @throws Error for an expression that it cannot count, since a wrong price is worse than none.
 */
export function runsPerMonth(expression: string): number {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (rate) {
    const minutes = Number(rate[1]) * { minute: 1, hour: 60, day: 1440 }[rate[2] as 'minute' | 'hour' | 'day'];
    return (DAYS * 1440) / minutes;
  }
  const cron = /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)$/.exec(expression);
  if (!cron) throw new Error(`cannot count the runs of schedule "${expression}"`);
  const [, minute, hour, day, month, weekday] = cron as unknown as string[];
  const perDay = values(minute!, 0, 59, expression) * values(hour!, 0, 23, expression);
  const months = values(month!, 1, 12, expression) / 12;
  const byDay = open(day!) ? 1 : values(day!, 1, 31, expression) / DAYS;
  const byWeekday = open(weekday!) ? 1 : values(weekday!, 1, 7, expression) / 7;
  return DAYS * perDay * months * byDay * byWeekday;
}

const open = (field: string): boolean => field === '*' || field === '?';

const NAMES = 'SUN MON TUE WED THU FRI SAT JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');

/** How many values a cron field names. */
function values(field: string, from: number, to: number, expression: string): number {
  const bad = (): never => {
    throw new Error(`cannot count the runs of schedule "${expression}": field "${field}"`);
  };
  const numberOf = (text: string): number => {
    const name = NAMES.indexOf(text.toUpperCase());
    const value = name < 0 ? Number(text) : name < 7 ? name + 1 : name - 6;
    return Number.isInteger(value) && value >= from && value <= to ? value : bad();
  };
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step] = part.split('/');
    const [first, last] = range === '*' ? [from, to] : range.split('-').map(numberOf);
    const end = last ?? (step ? to : first!);
    const stride = step === undefined ? 1 : Number(step);
    if (!Number.isInteger(stride) || stride < 1) return bad();
    for (let v = first!; v <= end; v += stride) found.add(v);
  }
  return found.size;
}
