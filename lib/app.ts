import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type AppProps } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { CarelakeConfig } from '../config';
import { bundleLambdas } from './constructs/bundle';
import type { CodeOf } from './constructs/function';
import { KeysStack } from './stacks/keys';
import { LakeStack } from './stacks/lake';
import { NetworkStack } from './stacks/network';
import { PipelineStack } from './stacks/pipeline';
import { StreamStack } from './stacks/stream';
import { WarehouseStack } from './stacks/warehouse';

/** An app with the feature flags of cdk.json, also when it is run without the command line tool. */
export function newApp(props: AppProps = {}): App {
  const { context } = JSON.parse(readFileSync(join(__dirname, '..', 'cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  return new App({ ...props, context: { ...context, ...props.context } });
}

/** Code from one esbuild run over all functions, made when the first function asks. */
export function bundledCode(): CodeOf {
  let folders: ReturnType<typeof bundleLambdas> | undefined;
  return (name) => lambda.Code.fromAsset((folders ??= bundleLambdas())[name]);
}

/** All stacks of one environment. */
export interface CarelakeStacks {
  readonly keys: KeysStack;
  readonly network: NetworkStack;
  readonly lake: LakeStack;
  readonly stream: StreamStack;
  readonly warehouse: WarehouseStack;
  readonly pipeline: PipelineStack;
}

/**
 * Builds every stack of one environment: those that keep data, then the one that moves it. References run from the second kind to the first
 * only, and are exports: CloudFormation refuses to remove what another stack still uses.
 * @param options.code where functions come from; tests pass inline code to spare the bundling.
 */
export function buildApp(app: App, config: CarelakeConfig, options: { code?: CodeOf } = {}): CarelakeStacks {
  const keys = new KeysStack(app, 'Keys', { config });
  const network = new NetworkStack(app, 'Network', { config, keys });
  const lake = new LakeStack(app, 'Lake', { config, keys });
  const stream = new StreamStack(app, 'Stream', { config, keys });
  const warehouse = new WarehouseStack(app, 'Warehouse', { config, keys, lake, network });
  const code = options.code ?? bundledCode();
  const pipeline = new PipelineStack(app, 'Pipeline', { config, keys, lake, stream, warehouse, code });
  return { keys, network, lake, stream, warehouse, pipeline };
}
