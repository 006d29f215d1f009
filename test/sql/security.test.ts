import { ENTITY_NAMES } from '../../contracts';
import { countOf, readCheckSql } from '../../core/check/checks';
import { laptop, type Engine } from './engines';
import { Objects } from './objects';
import { SQL, TABLES, empty, migrate, sqlFile, sqlNames, event, statementsOf, type Event } from './warehouse';

const at = { effective: '2024-01-01 00:00:00', recorded: '2024-01-01 00:00:00' };
const visit = (id: string, clinicId: string, recorded: string): Event =>
  event('appointment', id, { effective: recorded, recorded }, {
    patient_id: 'P1', clinic_id: clinicId, provider_npi: '1000000004', status_code: 'booked', scheduled_start_at: '2024-05-02 14:00:00',
  }); // prettier-ignore
const OBJECTS: Record<string, Event[]> = {
  clinics: [event('clinic', '10', at, { clinic_name: 'North' })],
  patients: [event('patient', 'P1', at, { birth_date: '1980-01-01' })],
  providers: [event('provider', '1000000004', at, { specialty: 'oncology' })],
  visits: [visit('A1', '10', '2024-04-01 00:00:00')],
  moved: [visit('A1', '11', '2024-04-02 00:00:00')],
};
const FIRST = ['clinics', 'patients', 'providers', 'visits'];

const statements = [...sqlNames('security').map((name) => `security/${name}`), 'generated/grants.sql'].flatMap((path) =>
  statementsOf(sqlFile(path)),
);
/** Entities that the loads below do not bring have grants of the same template. */
const others = ENTITY_NAMES.filter((e) => !['appointment', 'clinic', 'patient', 'provider'].includes(e));
const isOfOther = (sql: string) =>
  others.some((e) => new RegExp(`core\\.(dim_)?${e}(_superseded|_history|_log)? `).test(sql));
const loaderGrants = statements.filter(
  (sql) => /^GRANT (SELECT|INSERT)/.test(sql) && /\bROLE loader$/.test(sql) && !isOfOther(sql),
);

describe('database roles', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await laptop();
    await migrate(engine);
    for (const sql of statements) await engine.batch([sql]);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));

  const loadAs = async (role: string): Promise<Objects> => {
    const objects = new Objects(engine, OBJECTS);
    await objects.load('l1', FIRST, { role });
    await objects.load('l2', ['moved'], { role });
    return objects;
  };
  /** All that the loader does: it loads, and takes objects back. */
  const workAs = async (role: string): Promise<void> => {
    const objects = await loadAs(role);
    await objects.change('w1', Object.fromEntries(FIRST.map((name) => [name, true])), Infinity, 0, role);
  };

  it('the loader loads', async () => {
    await workAs('loader');
    expect(await engine.batch(['SELECT clinic_id FROM gold_phi.obt_appointment'])).toEqual([['11']]);
  });

  it.each(loaderGrants)('without "%s" it does not', async (grant) => {
    await engine.batch([grant.replace(/^GRANT/, 'REVOKE').replace(/ TO ROLE /, ' FROM ROLE ')]);
    try {
      await expect(workAs('loader')).rejects.toThrow(/permission denied/);
    } finally {
      await engine.batch([grant]);
    }
  });

  it.each(['reader', 'exporter', 'nobody'])('%s does not load', async (role) => {
    await expect(workAs(role)).rejects.toThrow(/permission denied/);
  });

  describe('the checker', () => {
    const { holder, checks } = readCheckSql(SQL);
    const questions = [holder, ...checks.map(({ sql }) => sql)].map(countOf);
    const grants = statements.filter((sql) => / TO ROLE checker$/.test(sql) && !isOfOther(sql));
    beforeEach(async () => {
      await loadAs('loader');
    });

    it('asks every check, in one transaction, and counts nothing', async () => {
      for (const sql of questions) expect(await engine.batch([sql], {}, 'checker')).toEqual([['0']]);
      await expect(engine.batch(questions, {}, 'checker')).resolves.toEqual([['0']]);
    });

    it.each(grants)('without "%s" it cannot', async (grant) => {
      await engine.batch([grant.replace(/^GRANT/, 'REVOKE').replace(/ TO ROLE /, ' FROM ROLE ')]);
      try {
        await expect(engine.batch(questions, {}, 'checker')).rejects.toThrow(/permission denied/);
      } finally {
        await engine.batch([grant]);
      }
    });

    it('writes nothing', async () => {
      for (const sql of ['DELETE FROM core.appointment', 'UPDATE ops.load_lease SET load_id = NULL'])
        await expect(engine.batch([sql], {}, 'checker')).rejects.toThrow(/permission denied/);
    });
  });

  it('the reader reads the counts, and neither persons nor the records of the load', async () => {
    await expect(engine.batch(['SELECT count(*) FROM ops.conservation'], {}, 'reader')).resolves.toBeDefined();
    for (const table of [...TABLES, 'ops.load_ledger', 'ops.key_fingerprint'])
      await expect(engine.batch([`SELECT count(*) FROM ${table}`], {}, 'reader')).rejects.toThrow(/permission denied/);
  });

  it('the exporter reads gold_phi only', async () => {
    await expect(
      engine.batch(['SELECT count(*) FROM gold_phi.obt_appointment'], {}, 'exporter'),
    ).resolves.toBeDefined();
    await expect(engine.batch(['SELECT count(*) FROM gold_phi.no_show_rate'], {}, 'exporter')).resolves.toBeDefined();
    for (const table of TABLES.filter((t) => t.startsWith('core.')))
      await expect(engine.batch([`SELECT count(*) FROM ${table}`], {}, 'exporter')).rejects.toThrow(
        /permission denied/,
      );
  });
});
