import { ENTITIES } from '../../contracts';
import { allFollowUps, doneBy, leftBy, phasesOf, type Entities } from '../../core/load/phases';

/** Two facts, one of which names a dimension of its own. */
const encounter = {
  ...ENTITIES.appointment,
  name: 'encounter' as never,
  references: [
    { column: 'patient_key', field: 'patient_id', entity: 'patient' as const, rule: 'DQ-ID-05' as const },
    { column: 'payer_key', field: 'payer_id', entity: 'payer' as never, rule: 'DQ-ID-05' as const },
  ],
};
const { clinic, patient, provider, appointment } = ENTITIES;
const two: Entities = {
  clinic,
  patient,
  payer: { ...clinic, name: 'payer' as never },
  provider,
  appointment,
  encounter,
};
const phases = (withRows: string[], left: string[] = [], absent: string[] = []) =>
  phasesOf(new Set(withRows as never[]), left as never[], two, false, new Set(absent as never[]));

describe('phases of a load', () => {
  it('restate facts without rows whose members this load brings, and no other', () => {
    expect(phases(['payer'])).toEqual(['dimension:payer', 'restate:encounter', 'close']);
    expect(phases(['clinic'])).toEqual(['dimension:clinic', 'restate:appointment', 'close']);
    expect(phases(['patient', 'encounter'])).toEqual([
      'dimension:patient',
      'restate:appointment',
      'fact:encounter',
      'relate:appointment',
      'relate:encounter',
      'prune:patient',
      'prune:payer',
      'identity:patient',
      'close',
    ]);
  });

  it('leave alone the facts of which the lake holds nothing, unless an earlier load asks for them', () => {
    expect(phases(['patient', 'appointment'], [], ['encounter'])).toEqual([
      'dimension:patient',
      'fact:appointment',
      'relate:appointment',
      'prune:clinic',
      'prune:patient',
      'prune:provider',
      'identity:patient',
      'identity:provider',
      'close',
    ]);
    expect(phases(['appointment'], ['relate:encounter'], ['encounter'])).toContain('relate:encounter');
  });

  it('do what a load that was given up has left, once', () => {
    expect(phases(['clinic'], ['restate:encounter', 'restate:appointment', 'prune:payer'])).toEqual([
      'dimension:clinic',
      'restate:appointment',
      'restate:encounter',
      'prune:payer',
      'close',
    ]);
    expect(phases(['encounter'], ['restate:encounter', 'prune:patient'])).toEqual([
      'fact:encounter',
      'relate:appointment',
      'relate:encounter',
      'prune:patient',
      'prune:payer',
      'identity:patient',
      'close',
    ]);
  });
});

describe('follow-ups', () => {
  it('of a dimension are the facts that name it, of a fact the members that it may have named last', () => {
    expect(leftBy(['dimension:patient'] as never[], two)).toEqual([
      'restate:appointment',
      'restate:encounter',
      'identity:patient',
    ]);
    // A fact may name somebody by a number that another source states.
    expect(leftBy(['fact:encounter'] as never[], two)).toEqual([
      'identity:patient',
      'prune:patient',
      'prune:payer',
      'relate:appointment',
      'relate:encounter',
    ]);
    expect(leftBy(['restate:encounter', 'prune:payer', 'close'] as never[], two)).toEqual([]);
  });

  it('are done by a load that has their phases; a fact with rows restates itself', () => {
    expect(
      doneBy(['dimension:patient', 'fact:encounter', 'restate:appointment', 'prune:payer', 'close'] as never[]),
    ).toEqual(['restate:encounter', 'restate:appointment', 'prune:payer']);
  });

  it('of a control state that is lost are all that there are', () => {
    expect(allFollowUps(two)).toEqual([
      'restate:appointment',
      'restate:encounter',
      'relate:appointment',
      'relate:encounter',
      'prune:clinic',
      'prune:patient',
      'prune:payer',
      'prune:provider',
      'identity:patient',
      'identity:provider',
    ]);
    expect(phases(['clinic'], allFollowUps(two)).slice(1)).toEqual([...allFollowUps(two), 'close']);
  });
});
