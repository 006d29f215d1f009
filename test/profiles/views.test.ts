import { checkProfile } from '../../profiles';
import { fhirProfile } from '../ingest-file/fhir';

type Json = Record<string, unknown>;
interface Profile extends Json {
  file: Json;
  views: Record<string, Json & { select: Json[] }>;
  entities: Json[];
}

/** Rules, places and messages of what is wrong with the profile of the tests, once it is changed. */
function wrong(change: (profile: Profile) => void): string[] {
  const profile = JSON.parse(fhirProfile()) as Profile;
  change(profile);
  const check = checkProfile(JSON.stringify(profile));
  return check.ok ? [] : check.errors.map(({ rule, pointer, message }) => `${rule} ${pointer} ${message}`);
}

const path = (text: string) => (p: Profile) => void p.views.place!.select.push({ column: [{ name: 'x', path: text }] });

test('the profile of the tests is right', () => {
  expect(wrong(() => undefined)).toEqual([]);
});

test.each([
  ['address.repeat(part)', 'repeat() is not evaluated here'],
  ['%rowIndex', '%rowIndex is not evaluated here'],
  ['$index', '$index is not evaluated here'],
  ['position.latitude.getLowBoundary()', 'getLowBoundary() is not evaluated here'],
  ['name.trim()', 'trim() is not evaluated here'],
  ['now()', 'now() is not evaluated here'],
  ["name.trace('x')", 'trace() is not evaluated here'],
  ['name.', 'not a path of FHIRPath'],
  ['name alias', 'not a path of FHIRPath'],
])('a path that is not evaluated is refused by name: %s', (text, message) => {
  expect(wrong(path(text))).toEqual([`PRF-VIEW /views/place/select/1/column/0/path ${message}`]);
});

test('a constant of the view is known', () => {
  expect(
    wrong((p) => {
      p.views.place!.constant = [{ name: 'north', valueString: 'North' }];
      path('name = %north')(p);
    }),
  ).toEqual([]);
});

test.each<[string, (profile: Profile) => void, string[]]>([
  [
    'repeat of a select',
    (p) => void p.views.place!.select.push({ repeat: ['part'], column: [{ name: 'x', path: 'id' }] }),
    ['PRF-VIEW /views/place/select/1/repeat repeat of a select is not evaluated here'],
  ],
  [
    'forEachOrNull beside unionAll',
    (p) =>
      void p.views.place!.select.push({ forEachOrNull: 'alias', unionAll: [{ column: [{ name: 'x', path: 'id' }] }] }),
    ['PRF-VIEW /views/place/select/1/forEachOrNull forEachOrNull beside unionAll is not evaluated here'],
  ],
  [
    'a union of unequal columns',
    (p) =>
      void p.views.place!.select.push({
        unionAll: [{ column: [{ name: 'x', path: 'id' }] }, { column: [{ name: 'y', path: 'id' }] }],
      }),
    ['PRF-VIEW /views/place/select/1/unionAll the branches of a union have the same columns in the same order'],
  ],
  [
    'two columns of one name',
    (p) => void p.views.place!.select.push({ column: [{ name: 'id', path: 'id' }] }),
    ['PRF-VIEW /views/place the view has two columns id'],
  ],
  [
    'a type that R4 lacks',
    (p) => void (p.views.place!.resource = 'Place'),
    ['PRF-VIEW /views/place/resource not a type of resource of FHIR R4'],
  ],
  [
    'an entity without a view',
    (p) => delete p.entities[1]!.view,
    ['PRF-VIEW /entities/1 name the view that the entity is fed from'],
  ],
  [
    'a view that is not there',
    (p) => void (p.entities[1]!.view = 'nowhere'),
    ['PRF-VIEW /entities/1/view the profile has no view of this name'],
  ],
  [
    'a column that the view lacks',
    (p) => void ((p.entities[1]!.fields as Json).clinic_name = 'title'),
    ['PRF-COLUMN /entities/1/fields/clinic_name the view of the entity has no such column'],
  ],
  [
    'a collection as the value of a field',
    (p) => {
      p.views.place!.select.push({ column: [{ name: 'alias', path: 'alias', collection: true }] });
      (p.entities[1]!.fields as Json).clinic_name = 'alias';
    },
    ['PRF-COLUMN /entities/1/fields/clinic_name the column is a collection: a field takes one value'],
  ],
  [
    'each',
    (p) => Object.assign(p.entities[1]!, { each: { column: 'name' }, fields: { clinic_id: { element: true } } }),
    ['PRF-VIEW /entities/1/each a list in a resource is read by forEach in a view'],
  ],
  [
    'another encoding',
    (p) => void (p.file.encoding = 'iso-8859-1'),
    ['PRF-VALUE /file/encoding JSON of FHIR is always UTF-8'],
  ],
  [
    'a time of the file by row',
    (p) => void (p.file_time = { column: '_last_updated', datetime: 'fhir' }),
    ['PRF-VIEW /file_time one time for all resources: use object_key or a constant'],
  ],
  [
    'views of another format',
    (p) => void (p.file.format = 'ndjson'),
    ['PRF-VIEW /views only resources of FHIR are read by views: "format": "fhir"'],
  ],
])('%s is refused by its place', (_, change, messages) => {
  expect(wrong(change)).toEqual(expect.arrayContaining(messages));
});
