import { escapePointer } from './json-lines';
import type { EntityProfile, Expression, Profile, Test, Value } from './schema';

/** A place of the profile that reads a column. */
export interface ColumnUse {
  column: string;
  /** JSON pointer of the place in the profile. */
  pointer: string;
}

/** A value of the profile with its place; a bare column name is read as an expression. */
export interface Placed {
  expression: Expression;
  pointer: string;
  /** The field of the contract or member of the envelope that it fills. */
  target: string;
}

/** A field's value: a text names a column. */
const asExpression = (value: Value): Expression => (typeof value === 'string' ? { column: value } : value);

/** A source system: a text is the name itself. */
const asConstant = (value: string | Expression): Expression =>
  typeof value === 'string' ? { constant: value } : value;

/** The envelope members and fields of one entity of a profile, with what the profile says for all. */
export function placedValues(profile: Profile, entity: EntityProfile, index: number): Placed[] {
  const base = `/entities/${index}`;
  const placed: Placed[] = [
    entity.source_system === undefined
      ? { expression: asConstant(profile.source_system), pointer: '/source_system', target: 'source_system' }
      : { expression: asConstant(entity.source_system), pointer: `${base}/source_system`, target: 'source_system' },
  ];
  for (const member of ['op', 'event_id', 'effective_at', 'recorded_at', 'source_sequence'] as const) {
    const value = entity[member];
    if (value !== undefined)
      placed.push({ expression: asExpression(value), pointer: `${base}/${member}`, target: member });
  }
  for (const [name, value] of Object.entries(entity.fields)) {
    placed.push({
      expression: asExpression(value),
      pointer: `${base}/fields/${escapePointer(name)}`,
      target: `payload/${name}`,
    });
  }
  return placed;
}

/** Columns that an expression reads. */
export function columnsOf(e: Expression): string[] {
  const parts = [...(e.columns ?? []).filter((part) => typeof part === 'string'), ...(e.first ?? [])];
  const added = [e.minutes_of_day, e.plus?.column].filter((name) => name !== undefined);
  const other = e.next_day_when_before ? columnsOf(e.next_day_when_before) : [];
  return [...new Set([...(e.column === undefined ? parts : [e.column]), ...added, ...other])];
}

/** The tests of an entity's condition, each with its place. */
export function placedTests(entity: EntityProfile, index: number): { test: Test; pointer: string }[] {
  return (entity.when ?? []).flatMap((condition, i) => {
    const pointer = `/entities/${index}/when/${i}`;
    return 'any' in condition
      ? condition.any.map((test, k) => ({ test, pointer: `${pointer}/any/${k}` }))
      : [{ test: condition, pointer }];
  });
}

/** Where the time of the file comes from, if the profile says so: a snapshot is of the time at which it was taken. */
export function placedFileTime({ file_time, snapshot }: Profile): Placed | undefined {
  const [value, pointer] =
    file_time === undefined ? [snapshot?.taken_at, '/snapshot/taken_at'] : [file_time, '/file_time'];
  return value === undefined ? undefined : { expression: asExpression(value), pointer, target: 'file_time' };
}

/** Every use of a column, in the order of the profile. */
export function columnUses(profile: Profile): ColumnUse[] {
  const time = placedFileTime(profile);
  const ofTime = time ? columnsOf(time.expression).map((column) => ({ column, pointer: time.pointer })) : [];
  const uses = profile.entities.flatMap((entity, index) => [
    ...placedValues(profile, entity, index).flatMap(({ expression, pointer }) =>
      columnsOf(expression).map((column) => ({ column, pointer })),
    ),
    ...placedTests(entity, index).map(({ test, pointer }) => ({ column: test.column, pointer })),
    ...(entity.each ? [{ column: entity.each.column, pointer: `/entities/${index}/each/column` }] : []),
  ]);
  return [...ofTime, ...uses];
}
