// Derived from the files in this folder: npm run generate
import { adverse_event } from './adverse_event';
import { appointment } from './appointment';
import { capacity } from './capacity';
import { clinic } from './clinic';
import { diagnosis } from './diagnosis';
import { diagnosis_code } from './diagnosis_code';
import { diagnostic_report } from './diagnostic_report';
import { diagnostic_report_result } from './diagnostic_report_result';
import { encounter } from './encounter';
import { encounter_location } from './encounter_location';
import { location } from './location';
import { measurement_unit } from './measurement_unit';
import { medication } from './medication';
import { medication_order } from './medication_order';
import { observation } from './observation';
import { observation_code } from './observation_code';
import { organization } from './organization';
import { patient } from './patient';
import { patient_link } from './patient_link';
import { prescription_fill } from './prescription_fill';
import { procedure } from './procedure';
import { procedure_code } from './procedure_code';
import { provider } from './provider';
import { provider_link } from './provider_link';
import { provider_role } from './provider_role';
import { source_medication } from './source_medication';
import { value_set_member } from './value_set_member';

/** Newest contract of every entity. */
export const CONTRACTS = {
  adverse_event,
  appointment,
  capacity,
  clinic,
  diagnosis,
  diagnosis_code,
  diagnostic_report,
  diagnostic_report_result,
  encounter,
  encounter_location,
  location,
  measurement_unit,
  medication,
  medication_order,
  observation,
  observation_code,
  organization,
  patient,
  patient_link,
  prescription_fill,
  procedure,
  procedure_code,
  provider,
  provider_link,
  provider_role,
  source_medication,
  value_set_member,
} as const;
