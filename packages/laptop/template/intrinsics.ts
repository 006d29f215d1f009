import type { Assembly, ResourceTemplate, Stack } from './assembly';

/** What other resources may learn of one resource. */
export interface Identity {
  /** Answer to `Ref`. */
  readonly ref: string;
  /** Answers to `Fn::GetAtt`; a name that is absent is an error. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A resource with its properties resolved. */
export interface Resource extends Identity {
  readonly stack: string;
  readonly stackName: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly dependsOn: readonly string[];
}

/** Where templates are resolved: the laptop's account. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** Gives a resource its names. Must depend on its arguments alone, so that every boot gives the same ones. */
export type Identify = (resource: {
  stackName: string;
  logicalId: string;
  type: string;
  properties: Readonly<Record<string, unknown>>;
}) => Identity;

/** Version that the laptop answers for the bootstrap stack's parameter. */
const BOOTSTRAP_VERSION = '30';
const AZ_LETTERS = ['a', 'b', 'c', 'd', 'e', 'f'];
/** Stands for a value that `AWS::NoValue` removes. */
const NO_VALUE = Symbol('AWS::NoValue');

type Args = unknown[];
const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

/**
 * Resolves the templates of an assembly. Resources are resolved when something asks for them, across stacks, and once.
 */
export class Resolver {
  private readonly byId = new Map<string, Resource>();
  private readonly resolving = new Set<string>();
  private readonly exports = new Map<string, { stack: Stack; value: unknown }>();
  private readonly conditions = new Map<string, boolean>();

  constructor(
    private readonly assembly: Assembly,
    private readonly place: Place,
    private readonly identify: Identify,
  ) {
    for (const stack of assembly.stacks)
      for (const [id, output] of Object.entries(stack.template.Outputs ?? {}))
        if (output.Export)
          this.exports.set(String(this.value(stack, output.Export.Name, `output ${id}`)), {
            stack,
            value: output.Value,
          });
  }

  /** Every resource whose condition holds, stacks in dependency order. */
  resources(): Resource[] {
    return this.assembly.stacks.flatMap((stack) =>
      Object.entries(stack.template.Resources ?? {})
        .filter(([, r]) => !r.Condition || this.condition(stack, r.Condition, 'Condition'))
        .map(([logicalId]) => this.resource(stack, logicalId, 'template')),
    );
  }

  /** Resolved outputs of each stack, by stack id and output name. */
  outputs(): Record<string, Record<string, unknown>> {
    const of = (stack: Stack): Record<string, unknown> =>
      Object.fromEntries(
        Object.entries(stack.template.Outputs ?? {})
          .filter(([, o]) => !o.Condition || this.condition(stack, o.Condition, 'Outputs'))
          .map(([name, o]) => [name, this.value(stack, o.Value, `output ${name}`)]),
      );
    return Object.fromEntries(this.assembly.stacks.map((stack) => [stack.id, of(stack)]));
  }

  private resource(stack: Stack, logicalId: string, where: string): Resource {
    const id = `${stack.id}/${logicalId}`;
    const known = this.byId.get(id);
    if (known) return known;
    const raw = stack.template.Resources?.[logicalId];
    if (!raw) throw fault(stack, where, `refers to ${logicalId}, which is not in the template`);
    if (this.resolving.has(id)) throw fault(stack, logicalId, 'refers to itself through its properties');
    this.resolving.add(id);
    const made = this.make(stack, logicalId, raw);
    this.resolving.delete(id);
    this.byId.set(id, made);
    return made;
  }

  private make(stack: Stack, logicalId: string, raw: ResourceTemplate): Resource {
    const properties = (this.value(stack, raw.Properties ?? {}, logicalId) ?? {}) as Record<string, unknown>;
    const identity = this.identify({ stackName: stack.name, logicalId, type: raw.Type, properties });
    const dependsOn = typeof raw.DependsOn === 'string' ? [raw.DependsOn] : (raw.DependsOn ?? []);
    return { ...identity, stack: stack.id, stackName: stack.name, logicalId, type: raw.Type, properties, dependsOn };
  }

  /** A value with every intrinsic replaced; `undefined` where the template says `AWS::NoValue`. */
  private value(stack: Stack, raw: unknown, where: string): unknown {
    const resolved = this.walk(stack, raw, where);
    return resolved === NO_VALUE ? undefined : resolved;
  }

  private walk(stack: Stack, raw: unknown, where: string): unknown {
    if (Array.isArray(raw)) return raw.map((v) => this.walk(stack, v, where)).filter((v) => v !== NO_VALUE);
    if (!isObject(raw)) return raw;
    const keys = Object.keys(raw);
    const name = keys[0];
    if (keys.length === 1 && name && (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))) {
      // A policy statement may carry a lone block "Condition", which is an object; the intrinsic's argument is a name.
      if (name !== 'Condition') return this.intrinsic(stack, name, raw[name], where);
      if (typeof raw[name] === 'string') return this.condition(stack, raw[name], where);
    }
    return Object.fromEntries(
      Object.entries(raw)
        .map(([k, v]) => [k, this.walk(stack, v, where)] as const)
        .filter(([, v]) => v !== NO_VALUE),
    );
  }

  private intrinsic(stack: Stack, name: string, arg: unknown, where: string): unknown {
    const list = (): Args => this.walk(stack, arg, where) as Args;
    switch (name) {
      case 'Ref':
        return this.ref(stack, String(arg), where);
      case 'Fn::GetAtt':
        return this.attribute(stack, arg, where);
      case 'Fn::Sub':
        return this.substitute(stack, arg, where);
      case 'Fn::Join': {
        const [glue, parts] = list() as [string, unknown[]];
        return parts.map(String).join(glue);
      }
      case 'Fn::Select': {
        const [index, from] = list() as [number | string, unknown[]];
        if (!(Number(index) in from)) throw fault(stack, where, `Fn::Select ${index} of ${from.length} values`);
        return from[Number(index)];
      }
      case 'Fn::Split': {
        const [glue, text] = list() as [string, string];
        return text.split(glue);
      }
      case 'Fn::ImportValue':
        return this.imported(stack, String(this.walk(stack, arg, where)), where);
      case 'Fn::GetStackOutput':
        return this.stackOutput(stack, this.walk(stack, arg, where) as Record<string, string>, where);
      case 'Fn::FindInMap':
        return this.mapped(stack, list().map(String), where);
      case 'Fn::GetAZs':
        return AZ_LETTERS.map((letter) => `${(this.walk(stack, arg, where) as string) || this.place.region}${letter}`);
      case 'Fn::If': {
        const [condition, yes, no] = arg as [string, unknown, unknown];
        return this.walk(stack, this.condition(stack, condition, where) ? yes : no, where);
      }
      case 'Fn::Equals': {
        const [a, b] = list();
        return String(a) === String(b);
      }
      case 'Fn::Not':
        return !list()[0];
      case 'Fn::And':
        return list().every(Boolean);
      case 'Fn::Or':
        return list().some(Boolean);
      default:
        throw fault(stack, where, `uses the intrinsic ${name}, which the laptop does not know`);
    }
  }

  private ref(stack: Stack, name: string, where: string): unknown {
    const parameter = stack.template.Parameters?.[name];
    if (parameter) return this.parameter(stack, name, parameter);
    if (!name.startsWith('AWS::')) return this.resource(stack, name, where).ref;
    const pseudo: Record<string, unknown> = {
      'AWS::AccountId': this.place.account,
      'AWS::Region': this.place.region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stack.name,
      'AWS::StackId': `arn:aws:cloudformation:${this.place.region}:${this.place.account}:stack/${stack.name}/laptop`,
      'AWS::NotificationARNs': [],
      'AWS::NoValue': NO_VALUE,
    };
    if (!(name in pseudo))
      throw fault(stack, where, `uses the pseudo parameter ${name}, which the laptop does not know`);
    return pseudo[name];
  }

  private parameter(stack: Stack, name: string, parameter: { Type: string; Default?: unknown }): unknown {
    if (!parameter.Type.startsWith('AWS::SSM::')) {
      if (parameter.Default === undefined) throw fault(stack, name, 'is a parameter without a default');
      return parameter.Default;
    }
    if (/^\/cdk-bootstrap\/[^/]+\/version$/.test(String(parameter.Default))) return BOOTSTRAP_VERSION;
    throw fault(stack, name, `reads the SSM parameter ${String(parameter.Default)}, which the laptop does not have`);
  }

  private attribute(stack: Stack, arg: unknown, where: string): unknown {
    const [logicalId, ...path] = typeof arg === 'string' ? arg.split('.') : (arg as string[]);
    const name = path.join('.');
    const resource = this.resource(stack, String(logicalId), where);
    if (name in resource.attributes) return resource.attributes[name];
    throw fault(stack, where, `asks ${logicalId} (${resource.type}) for ${name}, which the laptop does not provide`);
  }

  private substitute(stack: Stack, arg: unknown, where: string): string {
    const [text, own] = (Array.isArray(arg) ? arg : [arg, {}]) as [string, Record<string, unknown>];
    return text.replace(/\$\{(!?)([^}]+)\}/g, (_all, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (name in own) return String(this.walk(stack, own[name], where));
      const dotted = name.includes('.') && !stack.template.Parameters?.[name];
      return String(dotted ? this.attribute(stack, name, where) : this.ref(stack, name, where));
    });
  }

  private imported(stack: Stack, name: string, where: string): unknown {
    const from = this.exports.get(name);
    if (!from) throw fault(stack, where, `imports ${name}, which no stack exports`);
    return this.value(from.stack, from.value, `export ${name}`);
  }

  private stackOutput(stack: Stack, arg: Record<string, string>, where: string): unknown {
    const from = this.assembly.stacks.find((s) => s.name === arg.StackName);
    const output = from?.template.Outputs?.[arg.OutputName!];
    if (!from || !output)
      throw fault(stack, where, `reads output ${arg.OutputName} of ${arg.StackName}, which does not exist`);
    return this.value(from, output.Value, `output ${arg.OutputName}`);
  }

  private mapped(stack: Stack, [map, top, second]: string[], where: string): unknown {
    const found = stack.template.Mappings?.[map!]?.[top!]?.[second!];
    if (found === undefined) throw fault(stack, where, `finds nothing in the map ${map} at ${top}, ${second}`);
    return found;
  }

  private condition(stack: Stack, name: string, where: string): boolean {
    const id = `${stack.id}/${name}`;
    const known = this.conditions.get(id);
    if (known !== undefined) return known;
    const raw = stack.template.Conditions?.[name];
    if (raw === undefined) throw fault(stack, where, `names the condition ${name}, which is not in the template`);
    const holds = this.walk(stack, raw, `condition ${name}`) === true;
    this.conditions.set(id, holds);
    return holds;
  }
}

const fault = (stack: Stack, where: string, what: string): Error => new Error(`stack ${stack.id}, ${where}: ${what}`);
