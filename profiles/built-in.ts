import benchW from './bench-w.json';
import exampleClinicCsv from './example-clinic-csv.json';
import fhirR4 from './fhir-r4.json';
import kaggleNoShow from './kaggle-no-show.json';
import nppes from './nppes.json';
import referenceHcpcs from './reference/hcpcs.json';
import referenceIcd10Cm from './reference/icd-10-cm.json';
import referenceIcd10Pcs from './reference/icd-10-pcs.json';
import referenceLoinc from './reference/loinc.json';
import referenceRxnorm from './reference/rxnorm.json';
import referenceSnomedCt from './reference/snomed-ct.json';
import referenceUcum from './reference/ucum.json';
import referenceValueSet from './reference/value-set.json';
import syntheaConditions from './synthea/conditions.json';
import syntheaEncounters from './synthea/encounters.json';
import syntheaMedications from './synthea/medications.json';
import syntheaObservations from './synthea/observations.json';
import syntheaOrganizations from './synthea/organizations.json';
import syntheaPatients from './synthea/patients.json';
import syntheaProcedures from './synthea/procedures.json';
import syntheaProviders from './synthea/providers.json';
import { type CheckedProfile, checkProfile, profileDigest } from './check';

/** Sources that come with the platform: profiles that read the files of one folder. */
const SOURCES: Record<string, readonly { profile: string }[]> = {
  synthea: [
    syntheaConditions,
    syntheaEncounters,
    syntheaMedications,
    syntheaObservations,
    syntheaOrganizations,
    syntheaPatients,
    syntheaProcedures,
    syntheaProviders,
  ],
};

/** Profiles of reference files: each reads the versions of one code system, or those of value sets. */
const REFERENCES: readonly { profile: string }[] = [
  referenceHcpcs,
  referenceIcd10Cm,
  referenceIcd10Pcs,
  referenceLoinc,
  referenceRxnorm,
  referenceSnomedCt,
  referenceUcum,
  referenceValueSet,
];
const REFERENCE_PREFIX = 'reference-';

const BUILT_IN: Record<string, object> = {
  'bench-w': benchW,
  'example-clinic-csv': exampleClinicCsv,
  'fhir-r4': fhirR4,
  'kaggle-no-show': kaggleNoShow,
  nppes,
  ...Object.fromEntries([...Object.values(SOURCES).flat(), ...REFERENCES].map((profile) => [profile.profile, profile])),
};

/** Names of the profiles that come with the platform, those of its sources among them; nobody else's profile may take one. */
export const BUILT_IN_PROFILES: readonly string[] = Object.keys(BUILT_IN);

/** Names of the code systems that reference files describe, and of value sets. */
export const REFERENCE_NAMES: readonly string[] = REFERENCES.map(({ profile }) =>
  profile.slice(REFERENCE_PREFIX.length),
);

/** The profile that reads the reference files of a code system. */
export const referenceProfile = (name: string): string => REFERENCE_PREFIX + name;

/** Names of the sources that come with the platform. */
export const BUILT_IN_SOURCES: readonly string[] = Object.keys(SOURCES);

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

/** The profiles of a source that comes with the platform, with what names their readings as a whole; undefined for any other name. */
export function builtInSource(name: string): { name: string; profiles: CheckedProfile[]; digest: string } | undefined {
  if (!Object.hasOwn(SOURCES, name)) return undefined;
  const profiles = SOURCES[name]!.map(({ profile }) => builtInProfile(profile)!);
  return { name, profiles, digest: profileDigest(profiles.map(({ digest }) => digest).join()) };
}
