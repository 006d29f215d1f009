import { contractAt } from '../../contracts/check';
import { appointment } from '../../contracts/entities/appointment';
import { clinic } from '../../contracts/entities/clinic';
import { patient } from '../../contracts/entities/patient';
import { provider } from '../../contracts/entities/provider';

/**
 * What suites that spell out the plans of loads play with, whatever else the registry holds: no fact that belongs to another one, nobody
 * who may be known to several sources, and two versions of each.
 */
export const CONTRACTS = {
  appointment: { ...contractAt(appointment, 2), relations: [] },
  clinic: contractAt(clinic, 2),
  patient: { ...contractAt(patient, 2), identity: undefined },
  provider: { ...contractAt(provider, 2), identity: undefined },
};
