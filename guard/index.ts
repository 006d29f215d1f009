import { CloudFormationValidatePlugin, Validations, type App } from 'aws-cdk-lib';
import { CataloguedNag } from './nag';
import { guardRules } from './rules';

/** Lets the judges look at every synthesis: CloudFormation's own rules, the platform's, and both packs of cdk-nag. */
export function addJudges(app: App, env: string): void {
  Validations.of(app).addPlugins(
    new CloudFormationValidatePlugin({ guardRules: guardRules(), includeDefaultRules: true }),
    new CataloguedNag(env),
  );
}
