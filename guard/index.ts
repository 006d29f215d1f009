import { CloudFormationValidatePlugin, Validations, type App } from 'aws-cdk-lib';
import { StatefulInventory } from './inventory';
import { CataloguedNag } from './nag';
import { guardRules } from './rules';

let validation: CloudFormationValidatePlugin | undefined;

/** CloudFormation's own rules and the platform's. Making their engine takes seconds, so that a process has one for all its syntheses. */
export const templateRules = (): CloudFormationValidatePlugin =>
  (validation ??= new CloudFormationValidatePlugin({ guardRules: guardRules(), includeDefaultRules: true }));

/**
 * Runs the external checks at every synthesis: CloudFormation's own rules, the platform's, both packs of cdk-nag, and the inventory of what
 * must not be replaced.
 */
export function addExternalChecks(app: App, env: string): void {
  Validations.of(app).addPlugins(templateRules(), new CataloguedNag(env), new StatefulInventory(env));
}
