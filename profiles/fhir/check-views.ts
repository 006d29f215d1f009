import './websocket';
import type { Report } from '../check-values';
import { escapePointer } from '../json-lines';
import type { Profile } from '../schema';
import { columnUses } from '../walk';
import { KNOWN_COLUMNS } from './known-columns';
import { parseFhirPath } from './library';
import { RESOURCE_TYPES } from './resource-types';
import { columnsOfSelect, columnsOfView, type Select, type View } from './view';

/**
 * Functions of FHIRPath that the library evaluates. It answers some others (repeat, trim, split, children …) with nothing instead of an
 * error. Those that read the clock or write to the console (now, today, trace) are left out on purpose.
 */
const FUNCTIONS = new Set(
  `abs all allFalse allTrue anyFalse anyTrue as ceiling combine contains convertsToBoolean convertsToDate convertsToDateTime
  convertsToDecimal convertsToInteger convertsToQuantity convertsToString convertsToTime count distinct empty endsWith exclude exists
  exp extension first floor getReferenceKey getResourceKey hasValue iif indexOf intersect is isDistinct join last length ln log lower
  matches not ofType power replace replaceMatches resolve round select single skip sqrt startsWith subsetOf substring supersetOf tail
  take toBoolean toChars toDate toDateTime toDecimal toInteger toQuantity toString toTime truncate type union upper where`.split(
    /\s+/,
  ),
);

const SELECT_MEMBERS = new Set([
  'column',
  'select',
  'unionAll',
  'forEach',
  'forEachOrNull',
  'description',
  'extension',
  'id',
]);
const COLUMN_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/** Holds the views of a profile against the standard and what the library evaluates, and the entities against their views. */
export function checkViews(profile: Profile, report: Report): void {
  const { views = {}, file } = profile;
  if (file.format !== 'fhir') {
    if (profile.views) report('PRF-VIEW', '/views', 'only resources of FHIR are read by views: "format": "fhir"');
    profile.entities.forEach(({ view }, i) => {
      if (view !== undefined) report('PRF-VIEW', `/entities/${i}/view`, 'goes with "format": "fhir"');
    });
    return;
  }
  checkFormat(profile, report);
  for (const [name, view] of Object.entries(views))
    checkView(view as unknown as View, `/views/${escapePointer(name)}`, report);
  profile.entities.forEach((entity, i) => {
    const view = entity.view === undefined ? undefined : (views[entity.view] as unknown as View | undefined);
    if (!view)
      report(
        'PRF-VIEW',
        entity.view === undefined ? `/entities/${i}` : `/entities/${i}/view`,
        entity.view === undefined
          ? 'name the view that the entity is fed from'
          : 'the profile has no view of this name',
      );
    if (entity.each) report('PRF-VIEW', `/entities/${i}/each`, 'a list in a resource is read by forEach in a view');
    if (view) checkColumnsOf(profile, i, view, report);
  });
}

/** What other formats have and FHIR has not. */
function checkFormat({ file, mode, ignored, optional, file_time }: Profile, report: Report): void {
  if (file.encoding !== 'utf-8') report('PRF-VALUE', '/file/encoding', 'JSON of FHIR is always UTF-8');
  if (file.preamble_lines !== undefined)
    report('PRF-VALUE', '/file/preamble_lines', 'FHIR has no lines above its resources');
  if (file.header) report('PRF-COLUMN', '/file/header', 'FHIR has no header');
  if (ignored.length + optional.length > 0)
    report(
      'PRF-COLUMN',
      ignored.length > 0 ? '/ignored' : '/optional',
      'the columns of a FHIR profile are those of its views',
    );
  if (mode === 'snapshot') report('PRF-MODE', '/mode', 'a file of resources does not say which are absent');
  const time = typeof file_time === 'object' ? file_time : undefined;
  if (typeof file_time === 'string' || time?.column !== undefined || time?.columns || time?.first)
    report('PRF-VIEW', '/file_time', 'one time for all resources: use object_key or a constant');
}

/** The columns that an entity reads are in its view, and have one value each. */
function checkColumnsOf(profile: Profile, index: number, view: View, report: Report): void {
  const columns = columnsOfView(view);
  const base = `/entities/${index}/`;
  const ofAll = (pointer: string): boolean => pointer === '/source_system' || pointer.startsWith('/authorities/');
  for (const { column, pointer } of columnUses({ ...profile, entities: profile.entities.slice(0, index + 1) })) {
    if (!pointer.startsWith(base) && !ofAll(pointer)) continue;
    const found = columns.find(({ name }) => name === column);
    if (!found && !(KNOWN_COLUMNS as readonly string[]).includes(column))
      report('PRF-COLUMN', pointer, 'the view of the entity has no such column');
    if (found?.collection) report('PRF-COLUMN', pointer, 'the column is a collection: a field takes one value');
  }
}

function checkView(view: View, pointer: string, report: Report): void {
  if (!RESOURCE_TYPES.has(view.resource))
    report('PRF-VIEW', `${pointer}/resource`, 'not a type of resource of FHIR R4');
  const constants = new Set((view.constant ?? []).map(({ name }) => `%${name}`));
  const path = (text: unknown, at: string): void => checkPath(text, at, constants, report);
  (view.where ?? []).forEach((one, i) => path(one.path, `${pointer}/where/${i}/path`));
  view.select.forEach((part, i) => checkSelect(part, `${pointer}/select/${i}`, path, report));
  const names = columnsOfView(view).map(({ name }) => name);
  const twin = names.find((name, i) => names.indexOf(name) !== i);
  if (twin !== undefined) report('PRF-VIEW', pointer, `the view has two columns ${twin}`);
}

function checkSelect(part: Select, pointer: string, path: (text: unknown, at: string) => void, report: Report): void {
  for (const member of Object.keys(part))
    if (!SELECT_MEMBERS.has(member))
      report('PRF-VIEW', `${pointer}/${escapePointer(member)}`, `${member} of a select is not evaluated here`);
  for (const member of ['forEach', 'forEachOrNull'] as const)
    if (part[member] !== undefined) path(part[member], `${pointer}/${member}`);
  if (part.forEachOrNull !== undefined && part.unionAll)
    report('PRF-VIEW', `${pointer}/forEachOrNull`, 'forEachOrNull beside unionAll is not evaluated here');
  (part.column ?? []).forEach((column, i) => {
    const at = `${pointer}/column/${i}`;
    if (typeof column.name !== 'string' || !COLUMN_NAME.test(column.name))
      report('PRF-VIEW', `${at}/name`, 'the name of a column is a letter, then letters, digits and underscores');
    path(column.path, `${at}/path`);
  });
  for (const list of ['select', 'unionAll'] as const)
    (part[list] ?? []).forEach((inner, i) => checkSelect(inner, `${pointer}/${list}/${i}`, path, report));
  const [first, ...others] = (part.unionAll ?? []).map((branch) =>
    columnsOfSelect(branch)
      .map(({ name }) => name)
      .join(' '),
  );
  if (others.some((other) => other !== first))
    report('PRF-VIEW', `${pointer}/unionAll`, 'the branches of a union have the same columns in the same order');
}

interface Atom {
  constructor: { name: string };
  name?: string;
  args?: unknown;
}

/** Parses a path, and looks for what would be evaluated to nothing, or to an error in every resource. */
function checkPath(text: unknown, pointer: string, constants: ReadonlySet<string>, report: Report): void {
  if (typeof text !== 'string') return report('PRF-VIEW', pointer, 'a path of FHIRPath is missing');
  let root: unknown;
  try {
    // In brackets: the library leaves off at what it does not expect, and takes the rest for nothing.
    parseFhirPath(`(${text})`);
    root = parseFhirPath(text);
  } catch {
    return report('PRF-VIEW', pointer, 'not a path of FHIRPath');
  }
  const lacks = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) return node.forEach(visit);
    const { name, args } = node as Atom;
    if (typeof name === 'string' && Array.isArray(args)) {
      if (!FUNCTIONS.has(name)) lacks.add(`${name}()`);
    } else if (typeof name === 'string' && /^[%$]/.test(name) && name !== '$this' && !constants.has(name))
      lacks.add(name);
    Object.values(node).forEach(visit);
  };
  visit(root);
  for (const name of lacks) report('PRF-VIEW', pointer, `${name} is not evaluated here`);
}
