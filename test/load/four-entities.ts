import { appointment } from '../../contracts/entities/appointment';
import { clinic } from '../../contracts/entities/clinic';
import { patient } from '../../contracts/entities/patient';
import { provider } from '../../contracts/entities/provider';

/** What suites that spell out the plans of loads play with, whatever else the registry holds: no fact that belongs to another one. */
export const CONTRACTS = { appointment: { ...appointment, relations: [] }, clinic, patient, provider };
