import { planBatch, type IngestPlan, type StreamBatch } from '../../core/ingest';
import type { FhirReader } from '../../core/files/fhir/stream';
import type { Keyring } from '../../core/records/keys';
import { environment, SafeError } from './errors';

let reader: { keys: Keyring; fhir: FhirReader } | undefined;

/**
 * Makes what a batch becomes. Views and their library are loaded with the first record of FHIR: a stream of envelopes pays nothing for them, neither at
 * a cold start nor per record.
 */
export async function planStream(batch: StreamBatch, keys: Keyring, bronze: string): Promise<IngestPlan> {
  const plan = planBatch(batch, keys, bronze, reader?.keys === keys ? reader.fhir : undefined);
  if (!plan.lacksReader) return plan;
  reader = { keys, fhir: await readerOf(keys) };
  return planBatch(batch, keys, bronze, reader.fhir);
}

async function readerOf(keys: Keyring): Promise<FhirReader> {
  const name = environment('FHIR_PROFILE');
  const { builtInProfile } = await import('../../profiles/built-in');
  const { fhirReader } = await import('../../core/files/fhir/stream');
  const checked = builtInProfile(name);
  if (checked?.profile.file.format !== 'fhir')
    throw new SafeError('FHIR-PROFILE', 'no built-in profile of FHIR has the name that the configuration gives');
  return fhirReader(checked, environment('FHIR_SOURCE_SYSTEM'), keys);
}
