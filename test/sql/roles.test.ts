import { permutations, said } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, empty, load, migrate, rows } from './warehouse';

const NPI = 'http://hl7.org/fhir/sid/us-npi';
/** Fails its check digit, as those of made-up exports do. */
const WRONG = '9999999699';
const NOBODY = { provider_id: undefined, organization_id: undefined, location_id: undefined };

describe.each(engines)('roles of providers on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  const roles = () =>
    rows(
      engine,
      `SELECT provider_role_id, provider_name, npi, specialty_code, organization_name, location_name
       FROM gold_phi.provider_role ORDER BY provider_role_id`,
    );

  it('name provider, organization and place by id or by another identifier, whichever comes first', async () => {
    const members = [
      said('provider', 1, { npi: WRONG, full_name: 'Dr Seven' }),
      said('organization', 1, { organization_name: 'Org', identifier_system: 'urn:org', identifier_value: 'O' }),
      said('location', 1, { location_name: 'Place', identifier_system: 'urn:loc', identifier_value: 'L' }),
    ];
    const byId = said('provider_role', 1, { provider_role_id: 'a' });
    const byIdentifier = said('provider_role', 1, {
      ...NOBODY,
      provider_role_id: 'b',
      provider_identifier: `${NPI}|${WRONG}`,
      organization_identifier: 'urn:org|O',
      location_identifier: 'urn:loc|L',
    });
    const expected = ['a', 'b'].map((id) => [id, 'Dr Seven', WRONG, '207R00000X', 'Org', 'Place']);
    for (const order of permutations([members, [byId], [byIdentifier]])) {
      await empty(engine);
      for (const [i, events] of order.entries()) await load(engine, `l${i}`, events);
      expect(await roles()).toEqual(expected);
    }
  });

  it('stand without names while nobody has described these, and go when they are deleted', async () => {
    await load(engine, 'one', [said('provider_role', 1, {}), said('provider_role', 1, { ...NOBODY, provider_role_id: 'S' })]); // prettier-ignore
    expect(await roles()).toEqual([
      ['R1', null, null, '207R00000X', null, null],
      ['S', null, null, '207R00000X', null, null],
    ]);
    await load(engine, 'two', [said('provider_role', 2, {}, 'delete')]);
    expect(await roles()).toEqual([['S', null, null, '207R00000X', null, null]]);
  });
});
