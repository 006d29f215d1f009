import { escapePointer } from './json-lines';
import type { Condition, EntityProfile, Expression, Profile, Test, Value } from './schema';

/** A place of the profile that reads a column. */
export interface ColumnUse {
  column: string;
  /** JSON pointer of the place in the profile. */
  pointer: string;
  /** All columns of which the first with a value is taken there: one of them is enough. */
  oneOf?: readonly string[];
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

/** A source system or authority: a text is the name itself. */
const asConstant = (value: string | Expression): Expression =>
  typeof value === 'string' ? { constant: value } : value;

type Assigned = keyof NonNullable<Profile['authorities']>;

/** The envelope members and fields of one entity of a profile, with what the profile says for all. */
export function placedValues(profile: Profile, entity: EntityProfile, index: number): Placed[] {
  const base = `/entities/${index}`;
  const placed: Placed[] = [
    entity.source_system === undefined
      ? { expression: asConstant(profile.source_system), pointer: '/source_system', target: 'source_system' }
      : { expression: asConstant(entity.source_system), pointer: `${base}/source_system`, target: 'source_system' },
  ];
  for (const name of Object.keys({ ...profile.authorities, ...entity.authorities }) as Assigned[]) {
    const own = entity.authorities?.[name];
    const value = own ?? profile.authorities?.[name];
    if (value !== undefined)
      placed.push({
        expression: asConstant(value),
        pointer: `${own === undefined ? '' : base}/authorities/${name}`,
        target: `authorities/${name}`,
      });
  }
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

/** Lists of columns that an expression reads: of each list, the first that has a value. */
function alternativesOf(e: Expression): string[][] {
  const parts = (e.columns ?? []).flatMap((part) =>
    typeof part === 'string' ? [[part]] : 'first' in part ? [part.first] : [],
  );
  const choices = (e.first ?? []).flatMap((choice) => (typeof choice === 'string' ? choice : (choice.column ?? [])));
  const tested = (e.first ?? []).flatMap((choice) =>
    typeof choice === 'string' ? [] : placedTests(choice.when, '').map(({ test }) => [test.column]),
  );
  const added = [e.column, e.minutes_of_day, e.plus?.column].flatMap((name) => (name === undefined ? [] : [[name]]));
  const other = e.next_day_when_before ? alternativesOf(e.next_day_when_before) : [];
  return [...parts, ...(choices.length > 0 ? [choices] : []), ...tested, ...added, ...other];
}

/** Columns that an expression reads. */
export const columnsOf = (e: Expression): string[] => [...new Set(alternativesOf(e).flat())];

/** The tests of conditions, each with its place. */
export function placedTests(
  conditions: readonly Condition[] | undefined,
  at: string,
): { test: Test; pointer: string }[] {
  return (conditions ?? []).flatMap((condition, i) => {
    const pointer = `${at}/when/${i}`;
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

const usesOf = (e: Expression, pointer: string): ColumnUse[] =>
  alternativesOf(e).flatMap((oneOf) => oneOf.map((column) => ({ column, pointer, oneOf })));

/** Every use of a column, in the order of the profile. */
export function columnUses(profile: Profile): ColumnUse[] {
  const time = placedFileTime(profile);
  const ofTime = time ? usesOf(time.expression, time.pointer) : [];
  const uses = profile.entities.flatMap((entity, index) => [
    ...placedValues(profile, entity, index).flatMap(({ expression, pointer }) => usesOf(expression, pointer)),
    ...placedTests(entity.when, `/entities/${index}`).map(({ test, pointer }) => ({ column: test.column, pointer })),
    ...(entity.each ? [{ column: entity.each.column, pointer: `/entities/${index}/each/column` }] : []),
  ]);
  return [...ofTime, ...uses];
}
