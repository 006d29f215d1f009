import { evalSqlOnFhir } from '../../profiles/fhir/library';
import { compileView, type View } from '../../profiles/fhir/view';

type Evaluated = Parameters<typeof evalSqlOnFhir>;

const RESOURCE = {
  resourceType: 'Patient',
  id: 'p',
  _birthDate: { extension: [{ url: 'u', valueString: 'about 1970' }] },
  deceasedBoolean: false,
  multipleBirthInteger: 0,
  gender: '',
  active: true,
  name: [{ family: 'A', given: ['B', 'C'] }, { text: 'D' }],
  contact: [{ name: { family: 'E' }, period: { start: '2020' } }, {}],
  extension: [
    { url: 'q', valueQuantity: { value: 1, unit: 'kg' } },
    { url: 'c', valueCodeableConcept: { coding: [{ code: 'x' }] } },
    { url: 'v', valueCode: 'y' },
  ],
};

/** Rows by the library as it comes, which parses the paths itself. */
const bare = (view: View): unknown[] =>
  evalSqlOnFhir(view as unknown as Evaluated[0], [RESOURCE] as unknown as Evaluated[1]);

const viewOf = (...paths: string[]): View => ({
  resource: 'Patient',
  select: [{ column: paths.map((path, i) => ({ name: `c${i}`, path, collection: true })) }],
});

describe('steps of a path that ask for an element', () => {
  test.each([
    'id',
    'Patient.id',
    'Patient.name.family',
    'Group.id',
    'birthDate',
    'birthDate.extension.value',
    '_birthDate.extension.url',
    'deceased',
    'deceased.exists()',
    'deceasedDateTime',
    'deceasedDateTime.empty()',
    'multipleBirth',
    'gender',
    'photo',
    'photo.exists()',
    'photo.url.empty()',
    'act',
    'name.given',
    'name.text',
    'name.exists(text)',
    'name.where(use.empty()).count()',
    'name.where(use = \'official\').exists() or active',
    'contact.name.family',
    'contact.period.end',
    'contact.where(period.exists().not()).count()',
    'extension.value',
    "extension.where(url = 'q').value.unit",
    'extension.valueCode',
    'extension.value.coding.code',
    'iif(photo.exists(), photo.url, name.first().family)',
    'toString',
    'constructor',
  ])('give for %s what the library gives', (path) => {
    expect(compileView(viewOf(path)).rows(RESOURCE)).toEqual(bare(viewOf(path)));
  }); // prettier-ignore

  test('find a choice, and nothing where there is nothing', () => {
    expect(compileView(viewOf('extension.value', 'photo', 'deceased')).rows(RESOURCE)).toEqual([
      { c0: [{ value: 1, unit: 'kg' }, { coding: [{ code: 'x' }] }, 'y'], c1: null, c2: [false] },
    ]);
  });

  test('do not make the library try the names of all types for an element that is absent', () => {
    const asked: PropertyKey[] = [];
    const spy = new Proxy(
      { resourceType: 'Patient', id: 'p' },
      { has: (target, key) => (asked.push(key), key in target) },
    );
    compileView(viewOf('photo')).rows(spy);
    expect(asked.filter((key) => String(key).startsWith('photo'))).toEqual(['photo']);
    asked.length = 0;
    evalSqlOnFhir(viewOf('photo') as unknown as Evaluated[0], [spy] as unknown as Evaluated[1]);
    expect(asked).toContain('photoQuantity');
  });
});
