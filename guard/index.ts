import { CloudFormationValidatePlugin, Validations, type App } from 'aws-cdk-lib';
import { StatefulInventory } from './inventory';
import { CataloguedNag } from './nag';
import { guardRules } from './rules';

/**
 * Lets the judges look at every synthesis: CloudFormation's own rules, the platform's, both packs of cdk-nag, and the inventory of what
 * must not be replaced.
 */
export function addJudges(app: App, env: string): void {
  Validations.of(app).addPlugins(
    new CloudFormationValidatePlugin({ guardRules: guardRules(), includeDefaultRules: true }),
    new CataloguedNag(env),
    new StatefulInventory(env),
  );
}
