import type { CellReader } from './making';
import { escapePointer } from '../../profiles/json-lines';
import type { Profile } from '../../profiles/schema';

/** Parts of a JSON pointer. */
export const splitPointer = (pointer: string): string[] =>
  pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

/** Reads cells of rows of a header. */
export function csvCell(header: readonly string[]): (column: string) => CellReader {
  return (column) => {
    const index = header.indexOf(column);
    return (row) => (row as readonly string[])[index]; // an optional column that the header lacks has index -1: no value
  };
}

/** Reads columns of the rows of a view. */
export const viewCell =
  (column: string): CellReader =>
  (row) =>
    own(row as Record<string, unknown>, column);

/** Reads members of objects by their JSON pointers. */
export function jsonCell(column: string): CellReader {
  const parts = splitPointer(column);
  const [first = '', second] = parts;
  if (parts.length === 1) return (row) => own(row as Record<string, unknown>, first);
  if (parts.length === 2) {
    return (row) => {
      const child = (row as Record<string, unknown>)[first];
      return typeof child === 'object' && child !== null
        ? own(child as Record<string, unknown>, second as string)
        : undefined;
    };
  }
  return (row) =>
    parts.reduce<unknown>(
      (node, part) =>
        typeof node === 'object' && node !== null ? own(node as Record<string, unknown>, part) : undefined,
      row,
    );
}

/** A member of the object itself: a column named `constructor` must not find what every object inherits. */
function own(object: Record<string, unknown>, name: string): unknown {
  const value = object[name];
  return value === undefined || Object.hasOwn(object, name) ? value : undefined;
}

/** Reads a member of an element of a list, which may be anything. */
export function memberReader(pointer: string): (element: unknown) => unknown {
  const read = jsonCell(pointer);
  return (element) =>
    typeof element === 'object' && element !== null ? read(element as Record<string, unknown>) : undefined;
}

/** A pointer to a column of the source; blanks are written %20, since a list of pointers is separated by blanks. */
export function columnPointer(column: string, format: Profile['file']['format']): string {
  const pointer = format === 'ndjson' ? column : `/${escapePointer(column)}`;
  return pointer.replace(/[\s%]/g, (c) => encodeURIComponent(c));
}
