// Derived from the files in this folder: npm run generate
import { appointment } from './appointment';
import { clinic } from './clinic';
import { patient } from './patient';
import { provider } from './provider';

/** Newest contract of every entity. */
export const CONTRACTS = {
  appointment,
  clinic,
  patient,
  provider,
} as const;
