import { skipAbsent } from './absent';
import { evalSqlOnFhir, parseFhirPath } from './library';

/** A part of a view: columns, and rows of lists. */
export interface Select {
  column?: readonly { name: string; path: string; collection?: boolean }[] | undefined;
  select?: readonly Select[] | undefined;
  unionAll?: readonly Select[] | undefined;
  forEach?: string | undefined;
  forEachOrNull?: string | undefined;
}

/** An HL7 ViewDefinition (SQL on FHIR) as far as it is evaluated. */
export interface View {
  resource: string;
  constant?: readonly { name: string }[] | undefined;
  where?: readonly { path: string }[] | undefined;
  select: readonly Select[];
}

/** A row of a view: its columns and what is known of the resource besides. */
export type ViewRow = Record<string, unknown>;

type Resource = Record<string, unknown>;
type Evaluated = Parameters<typeof evalSqlOnFhir>;

/** A view whose FHIRPath is parsed. */
export interface CompiledView {
  readonly resource: string;
  /** Whether its rows are elements of a list in the resource, each to be judged by itself. */
  readonly isList: boolean;
  /** @throws Error where a path has several values, or a condition none that is true or false; the message may quote the resource */
  rows(resource: Resource): ViewRow[];
  /** Rows without the conditions of the view. */
  rowsOfDeleted(resource: Resource): ViewRow[];
}

/** Columns that a part of a view gives. */
export const columnsOfSelect = (part: Select): { name: string; collection?: boolean }[] => [
  ...(part.column ?? []),
  ...(part.select ?? []).flatMap(columnsOfSelect),
  // Each branch of a union has the same columns.
  ...(part.unionAll ?? []).slice(0, 1).flatMap(columnsOfSelect),
];

export const columnsOfView = (view: View): { name: string; collection?: boolean }[] =>
  view.select.flatMap(columnsOfSelect);

/** A path that gives one element at most. */
const isSingle = (path: string | undefined): boolean =>
  path === undefined || /(\.(first|last|single)\(\)|\[\d+\])$/.test(path.trim());

const repeats = (part: Select): boolean =>
  !isSingle(part.forEach) ||
  !isSingle(part.forEachOrNull) ||
  part.unionAll !== undefined ||
  (part.select ?? []).some(repeats);

/**
 * Parses the paths of a view once. The library takes a parsed path wherever it takes a text, and would parse each text again for every resource.
 */
export function compileView(view: View): CompiledView {
  const parsed = (path: string | undefined): { path: string } | undefined =>
    path === undefined ? undefined : { path: skipAbsent(parseFhirPath(path)) as unknown as string };
  const part = (one: Select): Select => ({
    column: one.column?.map((column) => ({ ...column, ...parsed(column.path) })),
    select: one.select?.map(part),
    unionAll: one.unionAll?.map(part),
    forEach: parsed(one.forEach)?.path,
    forEachOrNull: parsed(one.forEachOrNull)?.path,
  });
  const compiled = {
    ...view,
    where: view.where?.map(({ path }) => parsed(path)!),
    select: view.select.map(part),
  } as unknown as Evaluated[0];
  const rows =
    (of: Evaluated[0]) =>
    (resource: Resource): ViewRow[] =>
      evalSqlOnFhir(of, [resource] as unknown as Evaluated[1]) as ViewRow[];
  return {
    resource: view.resource,
    isList: view.select.some(repeats),
    rows: rows(compiled),
    rowsOfDeleted: rows({ ...compiled, where: undefined } as Evaluated[0]),
  };
}
