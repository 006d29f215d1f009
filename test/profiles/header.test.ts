import { checkHeader, checkProfile, spelled } from '../../profiles';

/** A profile that reads a patient's id from one of two columns. */
function profile(changes: { optional?: string[]; ignore_case?: true } = {}) {
  const { ignore_case, ...rest } = changes;
  const check = checkProfile(
    JSON.stringify({
      profile: 'mine',
      source_system: 'ehr',
      mode: 'delta',
      file: { format: 'csv', ...(ignore_case && { ignore_case }) },
      ignored: ['Remark'],
      ...rest,
      entities: [{ entity: 'patient', fields: { patient_id: { first: ['Id', 'Number'] }, birth_date: 'Born' } }],
    }),
  );
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  return check.checked;
}

const told = (checked: ReturnType<typeof profile>, ...header: string[]): string[] =>
  checkHeader(checked, header).errors.map((e) => `${e.rule} ${e.pointer}: ${e.message}`);

test('one of the columns that a value is chosen from must be there, unless all are optional', () => {
  expect([told(profile(), 'Number', 'Born'), told(profile(), 'Born', 'Id')]).toEqual([[], []]);
  const none = ['FIL-HDR-02 /entities/0/fields/patient_id: the header has none of the columns "Id", "Number"'];
  expect(told(profile(), 'Born')).toEqual(none);
  expect(told(profile({ optional: ['Id'] }), 'Born')).toEqual(none);
  expect(told(profile({ optional: ['Id', 'Number'] }), 'Born')).toEqual([]);
});

test('where case is ignored a header is read in the spelling of the profile; two columns of one name are told', () => {
  const any = profile({ ignore_case: true });
  expect(spelled(any.profile, ['REMARK', 'born', 'ID', 'Other'])).toEqual(['Remark', 'Born', 'Id', 'Other']);
  expect(spelled(profile().profile, ['REMARK', 'born'])).toEqual(['REMARK', 'born']);
  expect(told(any, ...spelled(any.profile, ['ID', 'Born', 'id']))).toEqual([
    'FIL-HDR-04 : column 3 ("Id") of the header has the same name as an earlier one',
  ]);
});
