import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { AwsSolutionsChecks, HIPAASecurityChecks, type NagPack } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { ACKNOWLEDGEMENTS, type Acknowledgement } from './acknowledgements';

/** One finding of a pack at one construct. */
interface Finding {
  readonly id: string;
  readonly path: string;
  readonly threw: boolean;
  readonly description: string;
}

/**
 * HIPAA.Security and AwsSolutions over the whole app, with the catalogue as the only way to let a finding stand. What the catalogue does
 * not name is an error, warnings of the packs included; so is an entry that nothing needs any more, and a check that failed itself.
 */
export class CataloguedNag implements IPolicyValidationPlugin {
  readonly name = 'Carelake acknowledgements';

  constructor(
    private readonly env: string,
    private readonly catalogue: readonly Acknowledgement[] = ACKNOWLEDGEMENTS,
  ) {}

  /** Called by the framework at every synthesis. */
  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const root = (context as IPolicyValidationContext & { appConstruct?: IConstruct }).appConstruct;
    if (!root) throw new Error('the validation context carries no construct tree');
    const violations = this.check(root);
    return { success: violations.length === 0, violations };
  }

  /** @returns what stands against the tree, empty when all findings are acknowledged and all acknowledgements needed. */
  check(root: IConstruct): PolicyViolation[] {
    const wanted = new Map<string, Acknowledgement>();
    for (const ack of this.catalogue) {
      if (ack.envs && !ack.envs.includes(this.env)) continue;
      for (const path of ack.paths) wanted.set(keyOf(ack.id, path, ack.threw ?? false), ack);
    }
    const violations: PolicyViolation[] = [];
    const used = new Set<string>();
    for (const finding of findings(root)) {
      const key = keyOf(finding.id, finding.path, finding.threw);
      if (wanted.has(key)) used.add(key);
      else violations.push(violation(finding.id, finding.path, finding.description));
    }
    for (const [key, ack] of wanted) {
      if (used.has(key)) continue;
      const path = key.split('\n')[1]!;
      violations.push(
        violation(
          `unused:${ack.id}`,
          path,
          `Nothing finds ${ack.id} here any more: remove it from guard/acknowledgements.ts`,
        ),
      );
    }
    return violations;
  }
}

const keyOf = (id: string, path: string, threw: boolean): string => `${id}\n${path}\n${threw}`;

/** Every finding of both packs, one for each construct. */
function* findings(root: IConstruct): Generator<Finding> {
  const packs: NagPack[] = [new HIPAASecurityChecks(), new AwsSolutionsChecks()];
  for (const pack of packs) {
    for (const found of pack.validateScope(root).violations) {
      for (const { constructPath } of found.violatingResources) {
        yield {
          id: plain(found.ruleName),
          path: constructPath ?? '',
          // The pack reports a check that failed under the rule's own name; only the text tells.
          threw: found.description.startsWith('Rule threw an error'),
          description: found.description,
        };
      }
    }
  }
}

/** Once stacks are resolved, a reference across them is an export's name; written as within a stack it is the same in every environment. */
const plain = (id: string): string => id.replace(/[\w-]+:ExportsOutputFnGetAtt(\w+)Arn[0-9A-F]{8}/g, '<$1.Arn>');

const violation = (ruleName: string, constructPath: string, description: string): PolicyViolation => ({
  ruleName,
  description,
  severity: 'error',
  violatingResources: [{ constructPath, locations: ['Properties'] }] as PolicyViolation['violatingResources'],
});
