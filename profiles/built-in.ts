import benchW from './bench-w.json';
import exampleClinicCsv from './example-clinic-csv.json';
import fhirR4 from './fhir-r4.json';
import kaggleNoShow from './kaggle-no-show.json';
import { type CheckedProfile, checkProfile } from './check';

const BUILT_IN: Record<string, object> = {
  'bench-w': benchW,
  'example-clinic-csv': exampleClinicCsv,
  'fhir-r4': fhirR4,
  'kaggle-no-show': kaggleNoShow,
};

/** Names of the profiles that come with the platform; nobody else's profile may take one. */
export const BUILT_IN_PROFILES: readonly string[] = Object.keys(BUILT_IN);

const checkedBuiltIns = new Map<string, CheckedProfile>();

/** A profile that comes with the platform, or undefined for any other name. */
export function builtInProfile(name: string): CheckedProfile | undefined {
  if (!Object.hasOwn(BUILT_IN, name)) return undefined;
  let checked = checkedBuiltIns.get(name);
  if (!checked) {
    const check = checkProfile(JSON.stringify(BUILT_IN[name]));
    if (!check.ok)
      throw new Error(
        `the built-in profile ${name} is wrong: ${check.errors.map((e) => `${e.pointer} ${e.message}`).join('; ')}`,
      );
    checkedBuiltIns.set(name, (checked = check.checked));
  }
  return checked;
}
